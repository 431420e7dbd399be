"""Workers under limits: what they leave alone, what they give back, and what they tell."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from ledger_world import states
from mailer.backend import Deferred, Sent
from mailer.domain.limits import Limits, Quota, Window
from mailer.domain.mailing import MailingState, RowState
from mailer.domain.provider import Provider
from mailer.storage import buckets, mailings
from mailer.storage.status import Reason
from mailer.storage.tables import delivery, quota_day
from waiting import until
from wall_clock import zone_at_noon
from worker_world import InThread, Relay, attempts, prepared, worker_for

QUEUED, SENT = RowState.QUEUED, RowState.SENT


@pytest.fixture
def database(either):
    return either


def daily(number):
    return Limits(quota=Quota(daily=number, zone=ZoneInfo(zone_at_noon())))


def closed():
    """Hours that begin some hours from now."""
    opens = (datetime.now(UTC) + timedelta(hours=5)).time().replace(second=0, microsecond=0)
    closes = (datetime.now(UTC) + timedelta(hours=6)).time().replace(second=0, microsecond=0)
    return Window(opens=opens, closes=closes, zone=ZoneInfo("UTC"))


def used(database):
    with database.reading() as connection:
        return sum(connection.scalars(sa.select(quota_day.c.used)))


def into_group(database, letter, provider, people):
    with database.writing() as connection:
        of_it = sa.and_(delivery.c.mailing_id == letter, delivery.c.subscriber_id.in_(people))
        connection.execute(sa.update(delivery).where(of_it).values(lane=int(provider)))


def test_all_groups_of_a_mailing_are_sent(database):
    letter, relay = prepared(database, 40), Relay()
    for provider in Provider:
        into_group(database, letter, provider, range(provider * 8 + 1, provider * 8 + 9))
    worker_for(database, relay).run(drain=True)
    assert len(relay.people) == 40
    assert states(database, letter) == {SENT: list(range(1, 41))}


def test_draining_waits_for_the_rate(database):
    letter, relay = prepared(database, 12), Relay()
    summary = worker_for(database, relay, rate=20.0).run(drain=True)
    assert states(database, letter) == {SENT: list(range(1, 13))}
    assert summary.left == ()


def test_draining_ends_when_the_quota_is_used_up_and_says_until_when(database):
    letter, relay = prepared(database, 30), Relay()
    summary = worker_for(database, relay, limits=daily(20)).run(drain=True)
    assert {state: len(rows) for state, rows in states(database, letter).items()} == {SENT: 20, QUEUED: 10}
    [left] = summary.left
    assert (left.rows, left.reason) == (10, Reason.QUOTA)
    assert left.next_at == daily(1).quota.next_day(datetime.now(UTC))
    assert used(database) == 20


def test_outside_the_hours_nothing_leaves_and_the_deadline_moves(database):
    letter, relay, hours = prepared(database, 5), Relay(), closed()
    with database.reading() as connection:
        before = mailings.get(connection, letter).give_up_at
    summary = worker_for(database, relay, limits=Limits(window=hours)).run(drain=True)
    assert relay.people == []
    [left] = summary.left
    assert (left.rows, left.reason, left.next_at) == (5, Reason.WINDOW, hours.next_opening(datetime.now(UTC)))
    with database.reading() as connection:
        moved = mailings.get(connection, letter).give_up_at - before
    assert timedelta(hours=4) < moved < timedelta(hours=5, minutes=1)


def test_a_retry_that_falls_outside_the_hours_gets_more_time_too(database):
    """Nobody may be there to say so when it would be due: who drains is gone by then."""
    letter, relay, hours = prepared(database, 3), Relay(), closed()
    with database.writing() as connection:
        later = int(datetime.now(UTC).timestamp()) + 600
        connection.execute(sa.update(delivery).values(due=later, attempts=1))
        before = mailings.get(connection, letter).give_up_at
    worker_for(database, relay, limits=Limits(window=hours)).run(drain=True)
    with database.reading() as connection:
        moved = mailings.get(connection, letter).give_up_at - before
    assert timedelta(hours=3, minutes=49) < moved < timedelta(hours=4, minutes=51)


def test_who_stands_by_is_no_way_on_while_the_quota_is_used_up(database):
    prepared(database, 30)
    worker = worker_for(database, Relay(), Relay(), limits=daily(20), weights=(1, 0))
    [left] = worker.run(drain=True).left
    assert (left.rows, left.reason) == (10, Reason.QUOTA)


def test_a_relay_without_a_quota_carries_on_when_the_others_are_spent(database):
    letter, north, south = prepared(database, 60), Relay(), Relay()
    workers = worker_for(database, north, south, limits=daily(20))
    assert len(workers.run(drain=True).left) == 1
    assert len(north.people) + len(south.people) == 40
    worker_for(database, Relay(), south).run(drain=True)
    assert states(database, letter) == {SENT: list(range(1, 61))}


def test_what_a_stopped_worker_gives_back_does_not_count(database):
    letter, relay = prepared(database, 300), Relay(delay=0.05)
    running = InThread(worker_for(database, relay, limits=daily(200), connections=1))
    until(lambda: relay.people)
    assert used(database) == 200
    running.stop()
    sent = len(states(database, letter)[SENT])
    assert 0 < sent < 200
    assert used(database) == sent


def test_nor_does_what_a_pause_takes_back(database):
    letter, relay = prepared(database, 300), Relay(delay=0.05)
    running = InThread(worker_for(database, relay, limits=daily(200), connections=2))
    until(lambda: relay.people)
    with database.writing() as connection:
        mailings.move(connection, letter, MailingState.PAUSED, at=datetime.now(UTC))
    until(lambda: set(states(database, letter)) == {SENT, QUEUED} and used(database) < 200)
    running.stop()
    assert used(database) == len(states(database, letter)[SENT])


def test_a_group_whose_relay_asks_for_less_goes_slower_and_the_others_do_not(database):
    letter = prepared(database, 60)
    into_group(database, letter, Provider.GMAIL, range(1, 31))
    slow = {f"person{one}@example.org" for one in range(1, 31)}
    busy = Deferred(code=421, enhanced="4.7.28", text="Our system has detected an unusual rate")
    relay = Relay(lambda message: busy if message.recipient in slow else Sent(code=250))
    worker_for(database, relay).run(drain=True)
    assert states(database, letter)[SENT] == list(range(31, 61))
    with database.reading() as connection:
        [key] = buckets.slowed_groups(connection)
    assert key.endswith(":1")


def test_a_full_mailbox_is_no_reason_to_go_slower(database):
    prepared(database, 10)
    relay = Relay(lambda _: Deferred(code=452, enhanced="4.2.2", text="Mailbox full"))
    worker_for(database, relay).run(drain=True)
    with database.reading() as connection:
        assert buckets.slowed_groups(connection) == frozenset()


def test_what_one_relay_puts_off_goes_out_by_another(database):
    letter = prepared(database, 40)
    busy = Relay(lambda _: Deferred(code=451, enhanced="4.3.0", text="Later"))
    good = Relay(delay=0.01)
    worker_for(database, busy, good, retry_first_seconds=0).run(drain=True)
    assert states(database, letter) == {SENT: list(range(1, 41))}
    assert set(attempts(database, letter)) <= {1, 2}, "nobody was put off twice"
    assert good.got_nothing_twice()
