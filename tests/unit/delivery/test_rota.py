"""Shares by weight, standby, and relays that cannot be used: the arithmetic, without threads."""

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from mailer.delivery.pace import Route
from mailer.delivery.rota import CHUNK, Rota


@dataclass(eq=False)
class Outlet:
    """As the rota sees one."""

    weight: int | None = None
    claim_size: int = 500
    held: int = 0
    resting: bool = False
    down: bool = False
    set_aside: bool = False
    carried: int = 0
    route: Route = field(init=False)

    def __post_init__(self):
        self.route = Route(name="relay", make_backend=None, weight=self.weight)

    @property
    def standby(self):
        return self.weight == 0

    @property
    def wants_more(self):
        return self.held <= self.claim_size // 2


def fill(rota, due=10**9):
    """One round of claims; returns how many rows each outlet got."""
    got = Counter()
    for outlet, most in rota.turns():
        rows = min(most, due)
        due -= rows
        outlet.held += rows
        got[outlet] += rows
        rota.took(rows)
    return got


def run(outlets, rounds=400, speeds=None):
    """Rounds of claiming and carrying; each outlet carries its speed in a round, or all that it holds."""
    rota = Rota(outlets)
    for _ in range(rounds):
        fill(rota)
        for outlet, speed in zip(outlets, speeds or [10**6] * len(outlets), strict=True):
            done = min(outlet.held, speed)
            outlet.held -= done
            outlet.carried += done
    return [outlet.carried for outlet in outlets]


@pytest.mark.parametrize(
    ("weights", "speeds"),
    [((3, 1), None), ((1, 1), (1000, 50)), ((80, 20), (100, 100)), ((5, None, 2), None), ((1, 1000), (300, 300))],
)
def test_weights_are_shares_however_fast_each_relay_is(weights, speeds):
    carried = run([Outlet(weight) for weight in weights], speeds=speeds, rounds=2000)
    parts = [weight or 1 for weight in weights]
    for number, part in zip(carried, parts, strict=True):
        assert abs(number - sum(carried) * part / sum(parts)) <= 500 + CHUNK


@pytest.mark.parametrize(("weights", "people"), [((3, 1), 40), ((3, 1), 120), ((1, 1), 200), ((5, 3, 2), 300)])
def test_shares_of_a_small_mailing_are_kept_too_whatever_was_sent_before(weights, people):
    outlets = [Outlet(weight) for weight in weights]
    rota = Rota(outlets)
    for rounds_before in (0, 40):
        for _ in range(rounds_before):
            fill(rota)
            for outlet in outlets:
                outlet.held = 0
        fill(rota, due=0)  # and then there was nothing for a while
        got = fill(rota, due=people)
        for outlet, weight in zip(outlets, weights, strict=True):
            assert abs(got[outlet] - people * weight / sum(weights)) <= 15, got
            outlet.held = 0


def test_a_relay_that_its_rate_holds_back_keeps_its_share_all_the_same():
    """Unlike one that there is no more mail for: its rate lets five rows go in a round, whatever it is asked for."""
    slow, fast = Outlet(weight=1, claim_size=5), Outlet(weight=1)
    rota, got = Rota([slow, fast]), Counter()
    for _ in range(400):
        allowed = 5
        for outlet, most in rota.turns():
            rows = min(most, allowed) if outlet is slow else most
            allowed -= rows if outlet is slow else 0
            got[outlet] += rows
            rota.took(rows, rate_holds=outlet is slow and not allowed)
    assert got[slow] == 2000
    assert abs(got[fast] - got[slow]) <= 2 * CHUNK


def test_without_weights_each_carries_what_it_can():
    assert run([Outlet(), Outlet()], speeds=(200, 10)) == pytest.approx([80_000, 4_000], rel=0.01)


def test_a_relay_on_standby_gets_nothing_while_another_can_be_used():
    main, spare = Outlet(), Outlet(weight=0)
    rota = Rota([main, spare])
    assert fill(rota)[spare] == 0
    main.resting = True  # for a moment: nothing is handed over yet
    assert rota.usable() == []
    main.down = True
    assert rota.usable() == [spare]
    assert fill(rota)[spare] == 500
    main.resting = main.down = False
    assert rota.usable() == [main]


def test_one_that_refuses_us_is_asked_again_when_there_is_no_other():
    main, spare = Outlet(set_aside=True), Outlet(weight=0)
    rota = Rota([main, spare])
    assert rota.usable() == [spare]
    spare.resting = spare.down = True  # it may come back: the one that refuses us is not asked meanwhile
    assert rota.usable() == []
    spare.resting = spare.down = False
    spare.set_aside = True
    assert rota.usable() == [main, spare]


def test_one_that_comes_back_gets_its_share_from_then_on_and_not_what_it_missed():
    one, other = Outlet(1), Outlet(1)
    rota = Rota([one, other])
    one.resting = True
    for _ in range(100):
        fill(rota)
        other.held = 0
    one.resting = False
    got = Counter()
    for _ in range(20):
        got += fill(rota)
        one.held = other.held = 0
    assert abs(got[one] - got[other]) <= CHUNK


def test_one_for_which_nothing_may_be_taken_holds_up_nobody():
    """Its quota is used up, say."""
    one, other = Outlet(1), Outlet(1)
    rota = Rota([one, other])
    for _ in range(50):
        for outlet, most in rota.turns():
            if outlet is other:
                other.held += most
                rota.took(most)
        other.carried += other.held
        other.held = 0
    assert other.carried > 50 * 250


def test_any_mixture_comes_to_an_end_and_takes_no_more_than_there_is():
    chance = random.Random(4)
    for _ in range(200):
        outlets = [
            Outlet(
                chance.choice([None, 0, 1, 7, 1000]),
                claim_size=chance.choice([10, 75, 500]),
                resting=chance.random() < 0.3,
                down=chance.random() < 0.2,
                set_aside=chance.random() < 0.2,
            )
            for _ in range(chance.randint(1, 4))
        ]
        due = chance.randint(0, 2000)
        assert sum(fill(Rota(outlets), due).values()) <= due
