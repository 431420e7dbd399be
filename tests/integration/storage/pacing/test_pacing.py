"""Rates hold in the ledger, for every claim, by whomever; it takes its time from the test. Quotas: `test_quotas`."""

from datetime import timedelta

import sqlalchemy as sa

from ledger_world import add_mailing
from mailer.domain.gcra import SECOND, TOLERANCE
from mailer.domain.limits import Lane, Limits, Quota
from mailer.domain.mailing import MailingState
from mailer.domain.provider import Provider
from mailer.storage import buckets, quotas
from mailer.storage.ledger import Ledger
from mailer.storage.tables import bucket
from pacing_world import LONDON, NOON, PEOPLE, heaviest, into_groups, leased, relays, run, totals


def test_a_relay_gets_its_rate_and_no_more_and_uses_it(database, clock, ledger):
    [number] = relays(database, "north")
    letter = add_mailing(database, PEOPLE)
    lane = Lane(relay=number, limits=Limits(rate=5.0))
    taken = run(clock, 60, [lambda: ledger.claim(letter, 500, lease_seconds=600, lane=lane)])
    burst = 1 + 5 * TOLERANCE / SECOND
    assert 0.98 * 300 <= totals(taken)[0] <= 300 + burst
    for seconds in (0.2, 1, 10, 60):
        assert heaviest(taken, seconds) <= 5 * seconds + burst + 1e-6


def test_several_workers_share_it_and_a_restart_changes_nothing(database, clock):
    [number] = relays(database, "north")
    letter = add_mailing(database, PEOPLE)
    lane = Lane(relay=number, limits=Limits(rate=6.0))
    # Each claim is made by a ledger that knows nothing of those before: what holds is in the database.
    claims = [lambda: Ledger(database, clock).claim(letter, 500, lease_seconds=600, lane=lane)] * 3
    taken = run(clock, 30, claims)
    assert 0.98 * 180 <= sum(totals(taken)) <= 180 + 2.5
    assert heaviest(taken, 1) <= 6 + 2.5


def test_a_group_that_is_throttled_does_not_hold_up_the_others(database, clock, ledger):
    [number] = relays(database, "north")
    letter = add_mailing(database, PEOPLE)
    into_groups(database, letter, gmail=100, outlook=100)
    limits = Limits(rate=10.0, provider_rates={Provider.GMAIL: 1.0})
    lanes = [
        Lane(relay=number, provider=one, limits=limits) for one in (Provider.GMAIL, Provider.OUTLOOK, Provider.OTHER)
    ]
    claims = [lambda lane=lane: ledger.claim(letter, 4, lease_seconds=600, lane=lane) for lane in lanes]
    gmail, outlook, other = totals(run(clock, 20, claims))
    assert 19 <= gmail <= 21.25
    assert outlook + other >= 0.97 * (10 * 20 - gmail)
    assert min(outlook, other) > 50


def test_two_mailings_share_a_relay_and_each_keeps_its_own_rate(database, clock, ledger):
    [number] = relays(database, "north")
    letters = [add_mailing(database, PEOPLE, number=one) for one in (1, 2)]
    lane = Lane(relay=number, limits=Limits(rate=8.0))
    claims = [lambda letter=letter: ledger.claim(letter, 1, lease_seconds=600, lane=lane) for letter in letters]
    first, second = totals(run(clock, 20, claims))
    assert first + second >= 0.97 * 160
    assert abs(first - second) <= 0.15 * (first + second)
    slow = Lane(relay=number, limits=Limits(mailing_rate=2.0))
    claims = [lambda letter=letter: ledger.claim(letter, 9, lease_seconds=600, lane=slow) for letter in letters]
    assert all(20 <= number <= 21 for number in totals(run(clock, 10, claims)))


def test_a_paused_mailing_gets_nothing_and_spends_nothing(database, clock, ledger):
    [number] = relays(database, "north")
    letter = add_mailing(database, PEOPLE, state=MailingState.PAUSED)
    other = add_mailing(database, PEOPLE, number=2)
    lane = Lane(relay=number, limits=Limits(rate=8.0))
    assert ledger.claim(letter, 5, lease_seconds=60, lane=lane) is None
    assert leased(ledger, other, lane) == 3


def test_rows_that_end_at_the_claim_cost_nothing(database, clock, ledger):
    [number] = relays(database, "north")
    letter = add_mailing(database, PEOPLE, send_by=NOON - timedelta(seconds=1))
    lane = Lane(relay=number, limits=Limits(rate=4.0, quota=Quota(daily=100, zone=LONDON)))
    batch = ledger.claim(letter, 500, lease_seconds=60, lane=lane)
    assert batch.expired == 2
    assert batch.hold is None
    with database.reading() as connection:
        assert quotas.used_on(connection, "north", lane.limits.quota, NOON) == (0, None)


def test_without_limits_no_bucket_is_touched(database, clock, ledger):
    [number] = relays(database, "north")
    letter, statements = add_mailing(database, PEOPLE), []

    @sa.event.listens_for(database.engine, "checkout")
    def listen(connection, *_):
        connection.set_trace_callback(statements.append)

    assert leased(ledger, letter, Lane(relay=number)) == PEOPLE
    assert len([one for one in statements if not one.startswith(("BEGIN", "COMMIT"))]) == 2
    assert "bucket" not in "".join(statements)
    assert leased(ledger, letter, Lane(relay=number, limits=Limits(rate=5.0))) == 0
    with database.reading() as connection:
        assert connection.scalars(sa.select(bucket.c.tat)).all() == [0]  # nothing was due, nothing is paid


def test_a_clock_that_jumps_neither_floods_nor_stops_the_mail(database, clock, ledger):
    [number] = relays(database, "north")
    letter = add_mailing(database, PEOPLE)
    lane = Lane(relay=number, limits=Limits(rate=8.0))
    assert leased(ledger, letter, lane) == 3
    clock.advance(7200)
    assert leased(ledger, letter, lane) == 3
    clock.advance(-7200)
    assert leased(ledger, letter, lane) == 3
    assert leased(ledger, letter, lane) == 0


def test_a_relay_that_asks_for_less_gets_half_and_slowly_more_again(database, clock, ledger):
    [number] = relays(database, "north")
    letter = add_mailing(database, PEOPLE)
    limits = Limits(rate=8.0)
    assert buckets.slow_down(database, "north", Provider.OTHER, clock=clock) == 0.5
    with database.reading() as connection:
        assert buckets.slowed_groups(connection) == {f"g:{number}:0"}
    slowed = Lane(relay=number, limits=limits, slowed=True)
    assert totals(run(clock, 20, [lambda: ledger.claim(letter, 9, lease_seconds=600, lane=slowed)]))[0] in (80, 81, 82)
    clock.advance(100)  # two clean minutes
    assert totals(run(clock, 10, [lambda: ledger.claim(letter, 9, lease_seconds=600, lane=slowed)]))[0] in (56, 57, 58)
    clock.advance(300)
    assert leased(ledger, letter, slowed) == 3
    with database.reading() as connection:
        assert buckets.slowed_groups(connection) == frozenset()


def test_a_relay_without_limits_gets_one_when_it_asks_for_less(database, clock, ledger):
    [number] = relays(database, "north")
    letter = add_mailing(database, PEOPLE)
    buckets.slow_down(database, "north", Provider.OTHER, clock=clock)
    assert leased(ledger, letter, Lane(relay=number, slowed=True)) == 13  # 50 a second
    assert leased(ledger, letter, Lane(relay=number, slowed=True)) == 0
