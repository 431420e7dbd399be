"""Quotas and hours hold in the ledger, and both engines count alike; on SQLite time is the test's."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing
from mailer.domain.limits import Hindrance, Lane, Limits, Quota, Window
from mailer.domain.mailing import RowState
from mailer.domain.provider import Provider
from mailer.storage import buckets, control, mailings, quotas
from mailer.storage.ledger import Ledger, Outcome
from mailer.storage.tables import bucket, delivery, quota_day, relay
from pacing_world import LONDON, NOON, PEOPLE, into_groups, leased, relays, with_people


@pytest.fixture
def either(database_url):
    made = with_people(database_url)
    yield made
    made.dispose()


def test_a_quota_ends_a_day_and_the_next_begins_at_midnight_of_its_zone(database, clock, ledger):
    [number] = relays(database, "north")
    letter = add_mailing(database, PEOPLE)
    lane = Lane(relay=number, limits=Limits(quota=Quota(daily=50, zone=ZoneInfo("America/Lima"))))
    batch = ledger.claim(letter, 500, lease_seconds=60, lane=lane)
    assert len(batch.rows) == 50
    assert (batch.hold.reason, batch.hold.until) == (Hindrance.QUOTA, datetime(2026, 11, 23, 5, 0, tzinfo=UTC))
    clock.at = datetime(2026, 11, 23, 4, 59, tzinfo=UTC)
    assert leased(ledger, letter, lane) == 0
    clock.at = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert leased(ledger, letter, lane) == 50


def test_a_warm_up_begins_with_the_first_message_and_grows_by_the_day(database, clock, ledger):
    north, south = relays(database, "north", "south")
    letter = add_mailing(database, PEOPLE)
    limits = Limits(quota=Quota(daily=60, warm_up=20, growth=1.5, zone=LONDON))
    days = []
    for _ in range(5):
        days.append(leased(ledger, letter, Lane(relay=north, limits=limits)))
        clock.advance(86400)
    assert days == [20, 30, 45, 60, 60]
    assert leased(ledger, letter, Lane(relay=south, limits=limits)) == 20
    with database.reading() as connection:
        begun = {
            row.name: row.first_used_on for row in connection.execute(sa.select(relay.c.name, relay.c.first_used_on))
        }
    assert begun == {"north": "2026-11-22", "south": "2026-11-27"}


def test_what_is_given_back_unsent_may_go_today(database, clock, ledger):
    [number] = relays(database, "north")
    letter = add_mailing(database, PEOPLE)
    lane = Lane(relay=number, limits=Limits(quota=Quota(daily=50, zone=LONDON)))
    batch = ledger.claim(letter, 50, lease_seconds=60, lane=lane)
    quotas.give_back(database, {batch.day: ledger.release(batch.token, letter, range(1, 11))})
    assert leased(ledger, letter, lane) == 10
    clock.advance(86400)
    quotas.give_back(database, {batch.day: 7})  # yesterday's
    assert leased(ledger, letter, lane) == 50


def test_nothing_leaves_outside_the_hours(database, clock, ledger):
    [number] = relays(database, "north")
    letter = add_mailing(database, PEOPLE)
    hours = Window(opens=time(13), closes=time(14), zone=LONDON)
    lane = Lane(relay=number, limits=Limits(rate=5.0, window=hours))
    batch = ledger.claim(letter, 5, lease_seconds=60, lane=lane)
    assert batch.took_nothing
    assert (batch.hold.reason, batch.hold.until) == (Hindrance.WINDOW, NOON + timedelta(hours=1))
    clock.advance(3600)
    assert leased(ledger, letter, lane) == 2
    clock.advance(3600)
    assert leased(ledger, letter, lane) == 0


def test_time_spent_waiting_is_added_to_the_deadline_once_whoever_says_so(either):
    letter = add_mailing(either, 3, give_up_at=NOON + timedelta(days=3))

    def deadline(now, until):
        with either.writing() as connection:
            mailings.excuse_wait(connection, letter, since=now, until=until)
            return mailings.get(connection, letter).give_up_at - NOON - timedelta(days=3)

    midnight = NOON + timedelta(hours=12)
    assert deadline(NOON, midnight) == timedelta(hours=12)
    assert deadline(NOON + timedelta(minutes=1), midnight) == timedelta(hours=12)
    assert deadline(NOON + timedelta(hours=8), NOON + timedelta(hours=14)) == timedelta(hours=14)
    assert deadline(NOON + timedelta(hours=20), NOON + timedelta(hours=21)) == timedelta(hours=15)


def test_who_is_tried_again_during_a_wait_gets_its_time_as_well(either):
    letter = add_mailing(either, 3, give_up_at=NOON + timedelta(days=3))
    midnight = NOON + timedelta(hours=12)
    with either.writing() as connection:
        mailings.excuse_wait(connection, letter, since=NOON, until=midnight)
        connection.execute(sa.update(delivery).values(state=RowState.UNCERTAIN))
        control.queue_again(connection, letter, RowState.UNCERTAIN, give_up_at=NOON + timedelta(days=4))
        mailings.excuse_wait(connection, letter, since=NOON, until=midnight)
        assert mailings.get(connection, letter).give_up_at == NOON + timedelta(days=4, hours=12)


def test_what_a_relay_put_off_is_left_to_the_others(either):
    ledger = Ledger(either, lambda: datetime.now(UTC))
    north, south = relays(either, "north", "south")
    letter = add_mailing(either, 4)
    batch = ledger.claim(letter, 2, lease_seconds=60, lane=Lane(relay=north))
    ledger.mark_sending(batch.token, letter, [1, 2])
    ledger.settle(batch.token, letter, [Outcome(subscriber_id=one, state=RowState.QUEUED, code=451) for one in (1, 2)])
    assert [
        row.subscriber_id
        for row in ledger.claim(letter, 9, lease_seconds=60, lane=Lane(relay=north, pass_over=True)).rows
    ] == [3, 4]
    assert ledger.claim(letter, 9, lease_seconds=60, lane=Lane(relay=north, pass_over=True)) is None
    taken = ledger.claim(letter, 1, lease_seconds=60, lane=Lane(relay=south, pass_over=True))
    assert [row.subscriber_id for row in taken.rows] == [1]
    assert [row.subscriber_id for row in ledger.claim(letter, 9, lease_seconds=60, lane=Lane(relay=north)).rows] == [2]


def test_both_engines_pay_for_what_they_lease(either):
    ledger = Ledger(either, lambda: datetime.now(UTC))
    [number] = relays(either, "north")
    letter = add_mailing(either, PEOPLE)
    into_groups(either, letter, gmail=200)
    quota = Quota(daily=12, warm_up=100, zone=LONDON)
    limits = Limits(rate=0.01, provider_rates={Provider.GMAIL: 0.02}, mailing_rate=0.03, quota=quota)
    batch = ledger.claim(letter, 500, lease_seconds=60, lane=Lane(relay=number, provider=Provider.GMAIL, limits=limits))
    assert [row.subscriber_id for row in batch.rows] == [1]
    assert batch.hold.reason is Hindrance.RATE
    assert batch.hold.key == f"r:{number}"
    assert 60 < batch.hold.seconds <= 100
    again = ledger.claim(letter, 500, lease_seconds=60, lane=Lane(relay=number, limits=limits))
    assert again.took_nothing
    assert again.hold.key == f"r:{number}"
    free = Lane(relay=number, limits=Limits(quota=quota))
    assert leased(ledger, letter, free) == 11
    assert ledger.claim(letter, 500, lease_seconds=60, lane=free).hold.reason is Hindrance.QUOTA
    with either.reading() as connection:
        assert connection.scalars(sa.select(quota_day.c.used)).all() == [12]
        assert set(connection.scalars(sa.select(bucket.c.key))) == {f"g:{number}:1", f"m:{letter}", f"r:{number}"}
    buckets.slow_down(either, "north", Provider.GMAIL, clock=lambda: datetime.now(UTC))
    with either.reading() as connection:
        assert buckets.slowed_groups(connection) == {f"g:{number}:1"}
