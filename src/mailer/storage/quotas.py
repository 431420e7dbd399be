"""What the database calls each relay, and how many messages of the day's quota it has used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from mailer.domain.limits import Quota
from mailer.storage.database import Database
from mailer.storage.insert_missing import insert_missing
from mailer.storage.tables import quota_day, relay


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The day of a relay's quota that a claim was counted on."""

    relay: int
    day: str


def relay_ids(database: Database, names: Iterable[str]) -> dict[str, int]:
    """The numbers under which the database knows relays; they are given one when they are first seen."""
    with database.writing() as connection:
        for name in sorted(names):
            insert_missing(connection, relay, {"name": name})
        return {row.name: row.id for row in connection.execute(sa.select(relay.c.name, relay.c.id))}


def known_relays(connection: sa.Connection, names: Iterable[str]) -> dict[str, int]:
    """Their numbers, 0 for one that was not used yet."""
    known = {row.name: row.id for row in connection.execute(sa.select(relay.c.name, relay.c.id))}
    return {name: known.get(name, 0) for name in names}


def used_on(connection: sa.Connection, name: str, quota: Quota, now: datetime) -> tuple[int, date | None]:
    """(messages counted today, the day on which the warm-up began) of the relay of that name."""
    query = (
        sa.select(relay.c.first_used_on, quota_day.c.used)
        .outerjoin(quota_day, sa.and_(quota_day.c.relay_id == relay.c.id, quota_day.c.day == str(quota.day(now))))
        .where(relay.c.name == name)
    )
    found = connection.execute(query).one_or_none()
    return (0, None) if found is None else (found.used or 0, _date(found.first_used_on))


def used_today(connection: sa.Connection, day: Day, *, lock: bool) -> tuple[int, date | None]:
    """(messages of the day, first day of the warm-up). lock: until the transaction ends; the row is made for it."""
    first_day = connection.scalar(sa.select(relay.c.first_used_on).where(relay.c.id == day.relay))
    query = sa.select(quota_day.c.used).where(quota_day.c.relay_id == day.relay, quota_day.c.day == day.day)
    if not lock:
        return connection.scalar(query) or 0, _date(first_day)
    used = connection.scalar(query.with_for_update())
    if used is None:
        insert_missing(connection, quota_day, {"relay_id": day.relay, "day": day.day})
        used = connection.scalar(query.with_for_update())
    return used or 0, _date(first_day)


def count(connection: sa.Connection, day: Day, number: int) -> None:
    """So many messages more on that day."""
    of_day = sa.update(quota_day).where(quota_day.c.relay_id == day.relay, quota_day.c.day == day.day)
    connection.execute(of_day.values(used=quota_day.c.used + number))


def begin_warm_up(connection: sa.Connection, day: Day) -> None:
    """The relay's warm-up begins with this day, unless it has begun."""
    unset = sa.update(relay).where(relay.c.id == day.relay, relay.c.first_used_on.is_(None))
    connection.execute(unset.values(first_used_on=day.day))


def give_back(database: Database, unsent: Mapping[Day, int]) -> None:
    """Messages that were counted on a day's quota and are queued again without having left."""
    with database.writing() as connection:
        for day in sorted(unsent, key=lambda one: (one.relay, one.day)):
            count(connection, day, -unsent[day])


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
