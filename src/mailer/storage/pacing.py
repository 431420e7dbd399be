"""Buckets and quotas: looked at and paid from in the transaction that claims, so that what is spent is what was leased.

Limits therefore hold for all workers on all machines together, and across crashes: a worker that dies has paid for what
it held. Buckets are locked in the order of their keys, then the quota of the day, then rows of the ledger, everywhere;
on SQLite there is one writer at a time. A lane without limits touches none of this.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.gcra import SECOND, Bucket
from mailer.domain.limits import Hindrance, Lane, Limits, Quota, group_key
from mailer.domain.provider import Provider
from mailer.storage.database import Database
from mailer.storage.tables import bucket, quota_day, relay

_BUCKET = (bucket.c.key, bucket.c.tat, bucket.c.slow, bucket.c.slowed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Nothing of a lane may go before `until`, for a reason. key: what holds it, and holds other lanes just as long.

    seconds: how long that is, by the ledger's clock.
    """

    reason: Hindrance
    key: str
    until: datetime
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The day of a relay's quota that a claim was counted on."""

    relay: int
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What a lane may spend now. room: messages, None for as many as there are. hold: why it is none, or what ends it."""

    room: int | None = None
    now: int = 0  #: unix microseconds
    rates: Mapping[str, float] = field(default_factory=dict)
    buckets: Mapping[str, Bucket] = field(default_factory=dict)
    day: Day | None = None
    first_day: bool = False  #: the relay's warm-up begins with this
    quota_left: int = 0
    hold: Hold | None = None


def relay_ids(database: Database, names: Iterable[str]) -> dict[str, int]:
    """The numbers under which the database knows relays; they are given one when they are first seen."""
    with database.writing() as connection:
        for name in sorted(names):
            connection.execute(_insert(connection, relay, {"name": name}))
        return {row.name: row.id for row in connection.execute(sa.select(relay.c.name, relay.c.id))}


def known_relays(connection: sa.Connection, names: Iterable[str]) -> dict[str, int]:
    """Their numbers, 0 for one that was not used yet."""
    known = {row.name: row.id for row in connection.execute(sa.select(relay.c.name, relay.c.id))}
    return {name: known.get(name, 0) for name in names}


def slowed_groups(connection: sa.Connection) -> frozenset[str]:
    """Keys of the provider groups for which a relay asked us to slow down."""
    return frozenset(connection.scalars(sa.select(bucket.c.key).where(bucket.c.slow < 1)))


def open_purse(connection: sa.Connection, lane: Lane, mailing_id: int, *, now: datetime | None) -> Purse:
    """What may be spent on the lane. Locks what it is paid from until the transaction ends.

    now: the machine's clock, or None for the server's, which is read when the locks are ours.
    """
    rates = lane.rates(mailing_id)
    buckets = _locked(connection, rates) if rates else {}
    then = now or _server_clock(connection)
    return _judged(connection, lane, then, rates, buckets, lock=True)


def look(connection: sa.Connection, lane: Lane, mailing_id: int, *, now: datetime) -> Hold | None:
    """Why nothing of the lane may go now, None if something may. Locks nothing."""
    rates = lane.rates(mailing_id)
    purse = _judged(connection, lane, now, rates, _read(connection, rates), lock=False)
    return purse.hold if purse.room == 0 else None


def spend(connection: sa.Connection, purse: Purse, number: int) -> Hold | None:
    """Pay for `number` messages that were leased. Returns what holds back the next one, None if nothing does."""
    spent = {key: one.spent(number, purse.rates[key], purse.now) for key, one in purse.buckets.items()}
    for key, after in spent.items():
        values = {"tat": after.tat, "slow": after.slow, "slowed_at": after.slowed_at}
        connection.execute(sa.update(bucket).where(bucket.c.key == key).values(values))
    if purse.day is not None and number:
        _count(connection, purse.day, number)
        if purse.first_day:
            unset = sa.update(relay).where(relay.c.id == purse.day.relay, relay.c.first_used_on.is_(None))
            connection.execute(unset.values(first_used_on=purse.day.day))
    if purse.room is None or number < purse.room:
        return None
    return purse.hold or _held_by(spent, purse.rates, purse.now)


def give_back(database: Database, unsent: Mapping[Day, int]) -> None:
    """Messages that were counted on a day's quota and are queued again without having left."""
    with database.writing() as connection:
        for day in sorted(unsent, key=lambda one: (one.relay, one.day)):
            _count(connection, day, -unsent[day])


def slow_down(database: Database, name: str, provider: Provider, *, clock: Callable[[], datetime]) -> float:
    """The relay of that name asked for less: halve what it gets for that group. Returns the share of the rate that is left.

    clock: the machine's, which counts on SQLite.
    """
    key = group_key(relay_ids(database, [name])[name], provider)
    with database.writing() as connection:
        before = _locked(connection, [key])[key]
        after = before.slowed(_micros(clock() if database.is_sqlite else _server_clock(connection)))
        values = {"slow": after.slow, "slowed_at": after.slowed_at}
        connection.execute(sa.update(bucket).where(bucket.c.key == key).values(values))
    return after.slow


def used_on(connection: sa.Connection, name: str, quota: Quota, now: datetime) -> tuple[int, date | None]:
    """(messages counted today, the day on which the warm-up began) of the relay of that name."""
    query = (
        sa.select(relay.c.first_used_on, quota_day.c.used)
        .outerjoin(quota_day, sa.and_(quota_day.c.relay_id == relay.c.id, quota_day.c.day == str(quota.day(now))))
        .where(relay.c.name == name)
    )
    found = connection.execute(query).one_or_none()
    return (0, None) if found is None else (found.used or 0, _date(found.first_used_on))


def _judged(
    connection: sa.Connection,
    lane: Lane,
    now: datetime,
    rates: Mapping[str, float],
    buckets: Mapping[str, Bucket],
    *,
    lock: bool,
) -> Purse:
    micros = _micros(now)
    if (closed := _closed(lane.limits, now)) is not None:
        return Purse(room=0, hold=closed)
    room = min((one.room(rates[key], micros) for key, one in buckets.items()), default=None)
    if room == 0:
        return Purse(room=0, hold=_held_by(buckets, rates, micros))
    quota = lane.limits.quota
    if quota is None:
        return Purse(room=room, now=micros, rates=rates, buckets=buckets)
    day = Day(relay=lane.relay, day=str(quota.day(now)))
    used, first_day = _used(connection, day, lock=lock)
    left = max(0, quota.cap(quota.day(now), first_day) - used)
    spent = _hold(Hindrance.QUOTA, f"q:{lane.relay}", quota.next_day(now), micros)
    return Purse(
        room=left if room is None else min(room, left),
        now=micros,
        rates=rates,
        buckets=buckets,
        day=day,
        first_day=bool(quota.warm_up) and first_day is None,
        hold=spent if room is None or left <= room else None,
    )


def _closed(limits: Limits, now: datetime) -> Hold | None:
    if limits.window is None:
        return None
    opens = limits.window.next_opening(now)
    return None if opens <= now else _hold(Hindrance.WINDOW, "w", opens, _micros(now))


def _held_by(buckets: Mapping[str, Bucket], rates: Mapping[str, float], now: int) -> Hold:
    """The bucket that keeps the lane waiting longest."""
    ready = {key: one.ready_at(rates[key], now) for key, one in buckets.items()}
    key = max(ready, key=lambda one: ready[one])
    return _hold(Hindrance.RATE, key, datetime.fromtimestamp(ready[key] / SECOND, UTC), now)


def _hold(reason: Hindrance, key: str, until: datetime, now: int) -> Hold:
    return Hold(reason=reason, key=key, until=until, seconds=max(0.0, until.timestamp() - now / SECOND))


def _locked(connection: sa.Connection, keys: Iterable[str]) -> dict[str, Bucket]:
    wanted = sorted(keys)
    query = sa.select(*_BUCKET).where(bucket.c.key.in_(wanted)).order_by(bucket.c.key).with_for_update()
    found = connection.execute(query).all()
    if len(found) < len(wanted):  # the first time that they are wanted
        for key in wanted:
            connection.execute(_insert(connection, bucket, {"key": key}))
        found = connection.execute(query).all()
    return _by_key(found)


def _read(connection: sa.Connection, keys: Iterable[str]) -> dict[str, Bucket]:
    """As `_locked`, without locks."""
    wanted = list(keys)
    if not wanted:
        return {}
    found = _by_key(connection.execute(sa.select(*_BUCKET).where(bucket.c.key.in_(wanted))))
    return {key: found.get(key, Bucket()) for key in wanted}


def _by_key(rows: Iterable[Any]) -> dict[str, Bucket]:
    return {row.key: Bucket(tat=row.tat, slow=row.slow, slowed_at=row.slowed_at) for row in rows}


def _used(connection: sa.Connection, day: Day, *, lock: bool) -> tuple[int, date | None]:
    """(messages of the day, first day of the warm-up). Locked, the row of the day is there afterwards."""
    first_day = connection.scalar(sa.select(relay.c.first_used_on).where(relay.c.id == day.relay))
    query = sa.select(quota_day.c.used).where(quota_day.c.relay_id == day.relay, quota_day.c.day == day.day)
    if not lock:
        return connection.scalar(query) or 0, _date(first_day)
    used = connection.scalar(query.with_for_update())
    if used is None:
        connection.execute(_insert(connection, quota_day, {"relay_id": day.relay, "day": day.day}))
        used = connection.scalar(query.with_for_update())
    return used or 0, _date(first_day)


def _count(connection: sa.Connection, day: Day, number: int) -> None:
    of_day = sa.update(quota_day).where(quota_day.c.relay_id == day.relay, quota_day.c.day == day.day)
    connection.execute(of_day.values(used=quota_day.c.used + number))


def _insert(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> sa.Insert:
    """One row, unless there is one."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return insert(table).values(values).on_conflict_do_nothing()


def _server_clock(connection: sa.Connection) -> datetime:
    now: datetime = connection.scalar(sa.select(sa.func.clock_timestamp()))  # type: ignore[assignment]
    return now.astimezone(UTC)


def _micros(now: datetime) -> int:
    return round(now.timestamp() * SECOND)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
