"""Limits hold in the ledger: for every claim, by whomever, on both engines; SQLite takes its time from the test."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, add_people, make_database
from mailer.domain.gcra import SECOND, TOLERANCE
from mailer.domain.limits import Hindrance, Lane, Limits, Quota, Window
from mailer.domain.mailing import MailingState, RowState
from mailer.domain.provider import Provider
from mailer.storage import buckets, mailings, quotas
from mailer.storage.heartbeats import Role, beating
from mailer.storage.ledger import Ledger, Outcome
from mailer.storage.status import Reason, Waiting, status_of, waiting_for
from mailer.storage.tables import bucket, delivery, quota_day, relay

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
PEOPLE = 400


@pytest.fixture
def database(tmp_path):
    database = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    add_people(database, PEOPLE)
    yield database
    database.dispose()


@pytest.fixture
def either(database_url):
    made = make_database(database_url)
    add_people(made, PEOPLE)
    yield made
    made.dispose()


class Clock:
    def __init__(self, at=NOON):
        self.at = at

    def __call__(self):
        return self.at

    def advance(self, seconds):
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(database, clock):
    return Ledger(database, clock)


def relays(database, *names):
    known = quotas.relay_ids(database, names)
    return [known[name] for name in names]


def into_groups(database, letter, **groups):
    """gmail=10: the next ten people are of that group."""
    with database.writing() as connection:
        first = 1
        for name, number in groups.items():
            of_it = delivery.c.subscriber_id.between(first, first + number - 1)
            step = sa.update(delivery).where(delivery.c.mailing_id == letter, of_it)
            connection.execute(step.values(lane=int(Provider[name.upper()])))
            first += number


def leased(ledger, letter, lane, *, n=500):
    batch = ledger.claim(letter, n, lease_seconds=60, lane=lane)
    return 0 if batch is None else len(batch.rows)


def run(clock, seconds, claims):
    """Claim whenever the last claim said that it is worth while, for so long; [(instant, number)] of each of `claims`."""
    taken, end = [[] for _ in claims], clock.at + timedelta(seconds=seconds)
    due, turns = [clock.at] * len(claims), list(range(len(claims)))
    while min(due) <= end:
        which = min(turns, key=due.__getitem__)  # of those that are due together, whose last turn is longest ago
        turns.remove(which)
        turns.append(which)
        clock.at = max(clock.at, due[which])
        batch = claims[which]()
        due[which] = end + timedelta(seconds=1)
        if batch is not None:
            taken[which].append((clock.at, len(batch.rows)))
            if batch.hold is not None:
                due[which] = clock.at + timedelta(seconds=max(batch.hold.seconds, 0.0005))
            elif not batch.exhausted:
                due[which] = clock.at
    return taken


def totals(taken):
    return [sum(number for _, number in one) for one in taken]


def heaviest(taken, seconds):
    """The most that was leased within any span of that length."""
    every = sorted(one for each in taken for one in each)
    span = timedelta(seconds=seconds)
    return max(sum(number for at, number in every if first <= at <= first + span) for first, _ in every)


# rates


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

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def listen(_connection, _cursor, statement, *_):
        statements.append(statement)

    assert leased(ledger, letter, Lane(relay=number)) == PEOPLE
    assert len([one for one in statements if not one.startswith("BEGIN")]) == 2
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


# slowing down


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


# quotas and hours


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
            mailings.excuse_wait(connection, letter, now=now, until=until)
            return mailings.get(connection, letter).give_up_at - NOON - timedelta(days=3)

    midnight = NOON + timedelta(hours=12)
    assert deadline(NOON, midnight) == timedelta(hours=12)
    assert deadline(NOON + timedelta(minutes=1), midnight) == timedelta(hours=12)
    assert deadline(NOON + timedelta(hours=8), NOON + timedelta(hours=14)) == timedelta(hours=14)
    assert deadline(NOON + timedelta(hours=20), NOON + timedelta(hours=21)) == timedelta(hours=15)


# another way


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


# both engines


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


# what people are told


@pytest.fixture
def at_work(database, clock):
    with beating(database, clock, Role.WORKER):
        yield


def waits(database, letter, clock, **limits):
    with database.reading() as connection:
        return waiting_for(connection, mailings.get(connection, letter), now=clock(), limits=limits)


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


def test_without_a_worker_that_is_what_is_missing(database, clock):
    letter = add_mailing(database, 2)
    hours = Limits(window=Window(opens=time(8), closes=time(10), zone=LONDON))
    assert waits(database, letter, clock, north=hours) == Waiting(reason=Reason.NO_WORKER)
