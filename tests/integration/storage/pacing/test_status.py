"""Why nothing leaves and until when, as `status` tells it."""

from datetime import time, timedelta

import pytest

from ledger_world import add_mailing
from mailer.delivery.summary import what_is_left
from mailer.domain.limits import Hindrance, Lane, Limits, Quota, Window
from mailer.domain.mailing import RowState
from mailer.domain.provider import Provider
from mailer.storage import buckets, mailings
from mailer.storage.heartbeats import Role, beating
from mailer.storage.ledger import Outcome
from mailer.storage.status import Reason, Waiting, status_of, waiting_for
from pacing_world import LONDON, NOON, PEOPLE, into_groups, relays


@pytest.fixture
def at_work(database, clock):
    with beating(database, clock, Role.WORKER):
        yield


def waits(database, letter, clock, **limits):
    with database.reading() as connection:
        return waiting_for(connection, mailings.get(connection, letter), now=clock(), limits=limits)


def left(database, letter, clock, **limits):
    [found] = what_is_left(database, now=clock(), only=letter, limits=limits)
    return found


def test_status_says_why_nothing_leaves_and_until_when(database, clock, ledger, at_work):
    [north] = relays(database, "north")
    letter = add_mailing(database, PEOPLE)
    quota = Limits(quota=Quota(daily=5, zone=LONDON))
    hours = Limits(window=Window(opens=time(8), closes=time(10), zone=LONDON))
    assert waits(database, letter, clock) is None
    assert waits(database, letter, clock, north=quota) is None
    morning = NOON + timedelta(hours=20)
    assert waits(database, letter, clock, north=hours) == Waiting(reason=Reason.WINDOW, until=morning)
    batch = ledger.claim(letter, 9, lease_seconds=60, lane=Lane(relay=north, limits=quota))
    assert waits(database, letter, clock, north=quota) is None  # some are in a worker's hands
    ledger.mark_sending(batch.token, letter, range(1, 6))
    ledger.settle(batch.token, letter, [Outcome(subscriber_id=one, state=RowState.SENT) for one in range(1, 6)])
    midnight = NOON + timedelta(hours=12)
    assert waits(database, letter, clock, north=quota) == Waiting(reason=Reason.QUOTA, until=midnight)
    assert waits(database, letter, clock, north=quota, south=hours) == Waiting(reason=Reason.QUOTA, until=midnight)
    assert waits(database, letter, clock, north=quota, south=Limits()) is None
    with database.reading() as connection:
        found = status_of(connection, mailings.get(connection, letter), now=clock(), limits={"north": quota})
    assert found.document()["waiting_for"] == {"reason": "quota", "until": midnight}


def test_a_wait_for_the_rate_is_told_when_somebody_could_notice_it(database, clock, ledger, at_work):
    [north] = relays(database, "north")
    letter = add_mailing(database, 2)
    slow, fast = Limits(rate=1 / 60), Limits(rate=2.0)
    batch = ledger.claim(letter, 9, lease_seconds=600, lane=Lane(relay=north, limits=slow))
    ledger.mark_sending(batch.token, letter, [1])
    ledger.settle(batch.token, letter, [Outcome(subscriber_id=1, state=RowState.SENT)])
    waiting = waits(database, letter, clock, north=slow)
    assert waiting.reason is Reason.RATE
    assert NOON + timedelta(seconds=59) < waiting.until < NOON + timedelta(seconds=61)
    clock.advance(60)
    with beating(database, clock, Role.WORKER):
        assert waits(database, letter, clock, north=slow) is None
        assert waits(database, letter, clock, north=fast) is None


def test_of_a_rate_and_a_quota_that_hold_together_the_quota_is_named(database, clock, ledger, at_work):
    [north] = relays(database, "north")
    letter = add_mailing(database, 9)
    both = Limits(rate=4.0, quota=Quota(daily=2, zone=LONDON))
    batch = ledger.claim(letter, 9, lease_seconds=600, lane=Lane(relay=north, limits=both))
    assert len(batch.rows) == 2
    ledger.mark_sending(batch.token, letter, [1, 2])
    ledger.settle(batch.token, letter, [Outcome(subscriber_id=one, state=RowState.SENT) for one in (1, 2)])
    assert waits(database, letter, clock, north=both).reason is Reason.QUOTA
    assert ledger.claim(letter, 9, lease_seconds=60, lane=Lane(relay=north, limits=both)).hold.reason is Hindrance.QUOTA


def put_off(ledger, letter, lane, *, until, people=1):
    """So many were offered and put off until then."""
    batch = ledger.claim(letter, people, lease_seconds=600, lane=lane)
    ids = [row.subscriber_id for row in batch.rows]
    ledger.mark_sending(batch.token, letter, ids)
    due = int(until.timestamp())
    ledger.settle(batch.token, letter, [Outcome(subscriber_id=one, state=RowState.QUEUED, due=due) for one in ids])


@pytest.mark.parametrize(
    ("hours", "reason", "until"),
    [
        (1, Reason.RETRY, NOON + timedelta(hours=1)),
        (6, Reason.WINDOW, NOON + timedelta(hours=20)),  # 18:00, and the next hours begin at 8
        (21, Reason.RETRY, NOON + timedelta(hours=21)),
    ],
)
def test_a_retry_that_falls_outside_the_hours_waits_for_them(database, clock, ledger, at_work, hours, reason, until):
    [north] = relays(database, "north")
    letter = add_mailing(database, 1)
    limits = Limits(window=Window(opens=time(8), closes=time(14), zone=LONDON))
    put_off(ledger, letter, Lane(relay=north, limits=limits), until=NOON + timedelta(hours=hours))
    assert waits(database, letter, clock, north=limits) == Waiting(reason=reason, until=until)
    assert left(database, letter, clock, north=limits).next_at == until


@pytest.mark.parametrize(
    ("hours", "reason", "until"),
    [
        (1, Reason.QUOTA, NOON + timedelta(hours=12)),
        (13, Reason.RETRY, NOON + timedelta(hours=13)),  # tomorrow has a quota of its own
    ],
)
def test_a_retry_on_a_day_whose_quota_is_spent_waits_for_the_next(
    database, clock, ledger, at_work, hours, reason, until
):
    [north] = relays(database, "north")
    letter = add_mailing(database, 1)
    limits = Limits(quota=Quota(daily=1, zone=LONDON))
    put_off(ledger, letter, Lane(relay=north, limits=limits), until=NOON + timedelta(hours=hours))
    assert waits(database, letter, clock, north=limits) == Waiting(reason=reason, until=until)
    assert left(database, letter, clock, north=limits).next_at == until


def test_a_retry_before_what_holds_the_others_goes_first(database, clock, ledger, at_work):
    [north] = relays(database, "north")
    letter = add_mailing(database, 4)
    into_groups(database, letter, gmail=2)
    limits = Limits(provider_rates={Provider.GMAIL: 1 / 600})
    put_off(ledger, letter, Lane(relay=north, limits=limits), until=NOON + timedelta(minutes=2), people=2)
    gmail = Lane(relay=north, provider=Provider.GMAIL, limits=limits)
    put_off(ledger, letter, gmail, until=NOON - timedelta(seconds=1))
    assert waits(database, letter, clock, north=limits) == Waiting(
        reason=Reason.RETRY, until=NOON + timedelta(minutes=2)
    )
    clock.advance(120)
    with beating(database, clock, Role.WORKER):
        assert waits(database, letter, clock, north=limits) is None


def test_a_retry_may_go_by_the_relay_that_has_something_left(database, clock, ledger, at_work):
    [north, _] = relays(database, "north", "south")
    letter = add_mailing(database, 1)
    spent, open_ = Limits(quota=Quota(daily=1, zone=LONDON)), Limits(rate=5.0)
    then = NOON + timedelta(hours=1)
    put_off(ledger, letter, Lane(relay=north, limits=spent), until=then)
    assert waits(database, letter, clock, north=spent, south=open_) == Waiting(reason=Reason.RETRY, until=then)


def test_where_a_relay_asked_for_less_is_told_until_all_is_back(database, clock, at_work):
    relays(database, "north", "south")
    letter = add_mailing(database, 9)
    buckets.slow_down(database, "south", Provider.GMAIL, clock=clock)

    def slowed():
        with database.reading() as connection:
            return status_of(connection, mailings.get(connection, letter), now=clock()).document()["slowed"]

    until = NOON + timedelta(minutes=5)
    assert slowed() == [{"relay": "south", "provider": "gmail", "share": 0.5, "until": until}]
    clock.advance(130)
    assert [one["share"] for one in slowed()] == [0.7]
    buckets.slow_down(database, "south", Provider.GMAIL, clock=clock)
    (again,) = slowed()
    assert (again["share"], again["until"]) == (0.35, clock() + timedelta(minutes=7))
    clock.advance(7 * 60 - 1)
    assert slowed()
    clock.advance(1)
    assert slowed() == []


def test_without_a_worker_that_is_what_is_missing(database, clock):
    letter = add_mailing(database, 2)
    hours = Limits(window=Window(opens=time(8), closes=time(10), zone=LONDON))
    assert waits(database, letter, clock, north=hours) == Waiting(reason=Reason.NO_WORKER)
