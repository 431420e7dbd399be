"""A worker with more than one way out."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from ledger_world import states
from mailer.backend import Deferred
from mailer.delivery.intake import Intake
from mailer.domain.limits import Limits, Quota
from mailer.domain.mailing import MailingState, RowState
from mailer.errors import BackendMisconfigured, BackendUnavailable
from mailer.storage import mailings, reasons
from mailer.storage.status import Reason
from waiting import until
from wall_clock import zone_at_noon
from worker_world import InThread, Relay, attempts, let_come_due, prepared, worker_for

QUEUED, SENT = RowState.QUEUED, RowState.SENT


@pytest.fixture
def database(either):
    return either


def everybody(number):
    return list(range(1, number + 1))


@pytest.mark.parametrize("trouble", [BackendUnavailable("nobody answers"), BackendMisconfigured("535 5.7.8 no")])
def test_what_one_relay_cannot_carry_another_does_and_nobody_is_tried_twice(database, trouble):
    letter = prepared(database, 60)
    broken, sound = Relay(), Relay()
    broken.refuse_to_open = trouble
    summary = worker_for(database, broken, sound).run(drain=True)
    assert summary.counts == {SENT: 60}
    assert not summary.paused
    assert len(sound.people) == 60
    assert sound.got_nothing_twice()
    assert attempts(database, letter) == {1: 60}


def test_when_every_relay_refuses_us_the_mailing_pauses(database):
    letter = prepared(database, 20)
    relays = [Relay(), Relay()]
    for relay in relays:
        relay.refuse_to_open = BackendMisconfigured("535 5.7.8 authentication failed")
    assert worker_for(database, *relays).run(drain=True).paused == {letter: "535 5.7.8 authentication failed"}
    assert states(database, letter) == {QUEUED: list(range(1, 21))}


def test_both_carry_their_part(database):
    prepared(database, 1200)
    one, other = Relay(delay=0.0005), Relay(delay=0.0005)
    assert worker_for(database, one, other).run(drain=True).counts == {SENT: 1200}
    assert one.people
    assert other.people
    assert not set(one.people) & set(other.people)


def share_of(relay, *others):
    return len(relay.people) / sum(len(one.people) for one in (relay, *others))


def test_shares_are_kept_however_fast_each_is(database):
    prepared(database, 1000)
    fast, slow, middling = Relay(), Relay(delay=0.004), Relay(delay=0.001)
    summary = worker_for(database, fast, slow, middling, weights=(5, 3, 2)).run(drain=True)
    assert summary.counts == {SENT: 1000}
    # What each has more than its share is one claim at the most.
    assert share_of(fast, slow, middling) == pytest.approx(0.5, abs=0.1)
    assert share_of(slow, fast, middling) == pytest.approx(0.3, abs=0.06)
    assert share_of(middling, fast, slow) == pytest.approx(0.2, abs=0.04)


def test_shares_of_a_small_mailing_are_kept_too(database):
    prepared(database, 120)
    one, other = Relay(), Relay()
    worker_for(database, one, other, weights=(3, 1)).run(drain=True)
    assert 78 <= len(one.people) <= 102  # 90, and a claim more or less
    assert len(one.people) + len(other.people) == 120


def test_all_are_down_and_the_first_that_is_back_carries_the_mail(database):
    letter = prepared(database, 40)
    one, other = Relay(), Relay()
    one.refuse_to_open = other.refuse_to_open = BackendUnavailable("nobody answers")
    running = InThread(worker_for(database, one, other, connections=1))
    until(lambda: one.opened > 2 and other.opened > 2)
    assert attempts(database, letter) == {0: 40}
    other.refuse_to_open = None
    until(lambda: states(database, letter) == {SENT: everybody(40)})
    running.stop()
    assert running.error is None
    assert len(other.people) == 40
    assert other.got_nothing_twice()
    assert attempts(database, letter) == {1: 40}


def test_what_a_relay_put_off_that_is_there_no_more_goes_by_another(database):
    """Its table was taken out of mailer.toml, or it got another name."""
    letter = prepared(database, 20)
    gone = Relay(answer=lambda _message: Deferred(code=451, enhanced="4.3.0", text="not now"))
    worker_for(database, gone, names=["gone"], connections=1).run(drain=True)
    let_come_due(database, letter)
    assert states(database, letter) == {QUEUED: everybody(20)}
    new = Relay()
    assert worker_for(database, new, names=["new"]).run(drain=True).counts == {SENT: 20}
    assert len(new.people) == 20
    with database.reading() as connection:
        steps = reasons.steps(connection, mailings.get(connection, letter), 1)
    assert [step.relay for step in steps if step.relay] == ["gone", "new"]


def test_workers_share_one_quota_and_the_next_begins_where_they_ended(database):
    letter = prepared(database, 60)
    relay, limits = Relay(delay=0.001), Limits(quota=Quota(daily=25, zone=ZoneInfo(zone_at_noon())))
    workers = [InThread(worker_for(database, relay, limits=limits, connections=2), drain=True) for _ in range(3)]
    for each in workers:
        each.join(60)
        assert each.error is None
    assert len(relay.people) == 25
    after_a_restart = worker_for(database, relay, limits=limits).run(drain=True)
    assert after_a_restart.counts == {}
    (left,) = after_a_restart.left
    assert (left.rows, left.reason) == (35, Reason.QUOTA)
    assert left.next_at.astimezone(ZoneInfo(zone_at_noon())).time() == time()
    assert len(relay.people) == 25
    assert attempts(database, letter) == {1: 25, 0: 35}


def test_a_poke_wakes_an_idle_worker(database, monkeypatch):
    looks, look = [], Intake.look
    monkeypatch.setattr(Intake, "look", lambda intake: looks.append(look(intake)) or looks[-1])
    monkeypatch.setattr("mailer.delivery.worker.LOOK_EVERY", 3600.0)
    letter = prepared(database, 3, state=MailingState.PAUSED)
    running = InThread(worker_for(database, Relay()))
    until(lambda: looks)
    with database.writing() as connection:
        mailings.move(connection, letter, MailingState.SENDING, at=datetime.now(UTC))
    running.worker.poke()
    until(lambda: states(database, letter) == {SENT: [1, 2, 3]})
    running.stop()
