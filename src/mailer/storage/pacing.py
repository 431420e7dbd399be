"""What a claim may take: looked at and paid for in its own transaction, so that what is spent is what was leased.

Limits therefore hold for all workers on all machines together, and across crashes: a worker that dies has paid for what
it held. Buckets are locked in the order of their keys, then the quota of the day, then rows of the ledger, everywhere;
on SQLite there is one writer at a time. A lane without limits touches none of this.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from mailer.domain.gcra import SECOND, Bucket
from mailer.domain.limits import Hindrance, Lane, Limits
from mailer.storage import buckets, quotas
from mailer.storage.quotas import Day


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
class Purse:
    """What a lane may spend now. room: messages, None for as many as there are. hold: why it is none, or what ends it."""

    room: int | None = None
    now: int = 0  #: unix microseconds
    rates: Mapping[str, float] = field(default_factory=dict)
    buckets: Mapping[str, Bucket] = field(default_factory=dict)
    day: Day | None = None
    first_day: bool = False  #: the relay's warm-up begins with this
    hold: Hold | None = None


def open_purse(connection: sa.Connection, lane: Lane, mailing_id: int, *, now: datetime | None) -> Purse:
    """What may be spent on the lane. Locks what it is paid from until the transaction ends.

    now: the machine's clock, or None for the server's, which is read when the locks are ours.
    """
    rates = lane.rates(mailing_id)
    found = buckets.locked(connection, rates) if rates else {}
    then = now or buckets.server_clock(connection)
    return _judged(connection, lane, then, rates, found, lock=True)


def look(connection: sa.Connection, lane: Lane, mailing_id: int, *, now: datetime) -> Hold | None:
    """Why nothing of the lane may go now, None if something may. Locks nothing."""
    rates = lane.rates(mailing_id)
    purse = _judged(connection, lane, now, rates, buckets.read(connection, rates), lock=False)
    return purse.hold if purse.room == 0 else None


def spend(connection: sa.Connection, purse: Purse, number: int) -> Hold | None:
    """Pay for `number` messages that were leased. Returns what holds back the next one, None if nothing does."""
    spent = {key: one.spent(number, purse.rates[key], purse.now) for key, one in purse.buckets.items()}
    buckets.write(connection, spent)
    if purse.day is not None and number:
        quotas.count(connection, purse.day, number)
        if purse.first_day:
            quotas.begin_warm_up(connection, purse.day)
    if purse.room is None or number < purse.room:
        return None
    return purse.hold or _held_by(spent, purse.rates, purse.now)


def _judged(
    connection: sa.Connection,
    lane: Lane,
    now: datetime,
    rates: Mapping[str, float],
    found: Mapping[str, Bucket],
    *,
    lock: bool,
) -> Purse:
    if (closed := _closed(lane.limits, now)) is not None:
        return Purse(room=0, hold=closed)
    micros, quota = buckets.micros(now), lane.limits.quota
    room = min((one.room(rates[key], micros) for key, one in found.items()), default=None)
    hold = _held_by(found, rates, micros) if room == 0 else None
    purse = Purse(room=room, now=micros, rates=rates, buckets=found, hold=hold)
    if quota is None:
        return purse
    day = Day(relay=lane.relay, day=str(quota.day(now)))
    used, first_day = quotas.used_today(connection, day, lock=lock)
    left = max(0, quota.cap(quota.day(now), first_day) - used)
    if room is None or left <= room:  # of two reasons the one that lasts longer
        hold = _hold(Hindrance.QUOTA, f"q:{lane.relay}", quota.next_day(now), micros)
        purse = replace(purse, room=left, hold=hold)
    return replace(purse, day=day, first_day=bool(quota.warm_up) and first_day is None)


def _closed(limits: Limits, now: datetime) -> Hold | None:
    if limits.window is None:
        return None
    opens = limits.window.next_opening(now)
    return None if opens <= now else _hold(Hindrance.WINDOW, "w", opens, buckets.micros(now))


def _held_by(found: Mapping[str, Bucket], rates: Mapping[str, float], now: int) -> Hold:
    """The bucket that keeps the lane waiting longest."""
    ready = {key: one.ready_at(rates[key], now) for key, one in found.items()}
    key = max(ready, key=lambda one: ready[one])
    return _hold(Hindrance.RATE, key, datetime.fromtimestamp(ready[key] / SECOND, UTC), now)


def _hold(reason: Hindrance, key: str, until: datetime, now: int) -> Hold:
    return Hold(reason=reason, key=key, until=until, seconds=max(0.0, until.timestamp() - now / SECOND))
