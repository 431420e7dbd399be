"""The rows of buckets (`domain.gcra.Bucket`): read and locked, written, and slowed down."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from mailer.domain.gcra import SECOND, Bucket
from mailer.domain.limits import group_key
from mailer.domain.provider import Provider
from mailer.storage import quotas
from mailer.storage.database import Database
from mailer.storage.insert_missing import insert_missing
from mailer.storage.tables import bucket, relay

_BUCKET = (bucket.c.key, bucket.c.tat, bucket.c.slow, bucket.c.slowed_at)


def locked(connection: sa.Connection, keys: Iterable[str]) -> dict[str, Bucket]:
    """Those of `keys`, locked in their order until the transaction ends; they are made when they are first wanted."""
    wanted = sorted(keys)
    query = sa.select(*_BUCKET).where(bucket.c.key.in_(wanted)).order_by(bucket.c.key).with_for_update()
    found = connection.execute(query).all()
    if len(found) < len(wanted):
        for key in wanted:
            insert_missing(connection, bucket, {"key": key})
        found = connection.execute(query).all()
    return _by_key(found)


def read(connection: sa.Connection, keys: Iterable[str]) -> dict[str, Bucket]:
    """As `locked`, without locks and without making any."""
    wanted = list(keys)
    if not wanted:
        return {}
    found = _by_key(connection.execute(sa.select(*_BUCKET).where(bucket.c.key.in_(wanted))))
    return {key: found.get(key, Bucket()) for key in wanted}


def write(connection: sa.Connection, changed: Mapping[str, Bucket]) -> None:
    """Write buckets down that are locked."""
    for key, after in changed.items():
        values = {"tat": after.tat, "slow": after.slow, "slowed_at": after.slowed_at}
        connection.execute(sa.update(bucket).where(bucket.c.key == key).values(values))


def slowed_groups(connection: sa.Connection) -> frozenset[str]:
    """Keys of the provider groups for which a relay asked us to slow down."""
    return frozenset(connection.scalars(sa.select(bucket.c.key).where(bucket.c.slow < 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowed:
    """A relay asked for less mail to a group of mailboxes. share: what is left of the speed now, below 1.

    until: when all of it is back if the relay does not ask again.
    """

    relay: str
    provider: Provider
    share: float
    until: datetime


def slowed(connection: sa.Connection, *, now: datetime) -> tuple[Slowed, ...]:
    """All that goes slower just now, by relay and group. now: the machine's clock."""
    asked = _by_key(connection.execute(sa.select(*_BUCKET).where(bucket.c.slow < 1)))
    names = connection.execute(sa.select(relay.c.id, relay.c.name).order_by(relay.c.name)).all() if asked else []
    groups = ((row.name, one, asked.get(group_key(row.id, one))) for row in names for one in Provider)
    return tuple(
        Slowed(
            relay=name,
            provider=one,
            share=found.share(micros(now)),
            until=datetime.fromtimestamp(found.recovered_at() // SECOND, UTC),
        )
        for name, one, found in groups
        if found and found.share(micros(now)) < 1
    )


def slow_down(database: Database, name: str, provider: Provider, *, clock: Callable[[], datetime]) -> float:
    """The relay of that name asked for less: halve what it gets for that group. Returns the share of the rate that is left.

    clock: the machine's, which counts on SQLite.
    """
    key = group_key(quotas.relay_ids(database, [name])[name], provider)
    with database.writing() as connection:
        before = locked(connection, [key])[key]
        after = before.slowed(micros(clock() if database.is_sqlite else server_clock(connection)))
        write(connection, {key: after})
    return after.slow


def server_clock(connection: sa.Connection) -> datetime:
    now: datetime = connection.scalar(sa.select(sa.func.clock_timestamp()))  # type: ignore[assignment]
    return now.astimezone(UTC)


def micros(now: datetime) -> int:
    """Unix microseconds."""
    return round(now.timestamp() * SECOND)


def _by_key(rows: Iterable[Any]) -> dict[str, Bucket]:
    return {row.key: Bucket(tat=row.tat, slow=row.slow, slowed_at=row.slowed_at) for row in rows}
