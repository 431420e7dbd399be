"""Schedules: what is armed to go out at a time, and the one occurrence that each firing leaves behind.

Any number of schedulers may look at the same schedule at the same moment: the occurrence is unique by (schedule, key),
and who wrote it has fired it. A one-off's key is always "once", so whatever becomes of its time, it goes out once.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.schedule import When
from mailer.storage import wake
from mailer.storage.tables import occurrence, schedule

ONCE = "once"


class Outcome(StrEnum):
    """What one firing came to. The words are stored."""

    SENT = "sent"
    EMPTY = "empty"  #: nobody to mail
    EXPIRED = "expired"  #: so late that it would have surprised people
    HELD = "held"  #: a person must look first


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One armed one-off. sources: the hash of all that was compiled when it was armed; mailing_id: what it will send."""

    id: int
    slug: str
    when: When
    sources: str
    mailing_id: int


def arm(connection: sa.Connection, *, slug: str, when: When, sources: str, mailing_id: int, at: datetime) -> None:
    """Let mailing `mailing_id` (scheduled) go out at `when`."""
    values = {
        "name": f"{slug}.{mailing_id}",
        "slug": slug,
        "kind": ONCE,
        "spec": {"at": when.local.isoformat(timespec="minutes"), "zone": when.zone},
        "timezone": when.zone,
        "next_at": when.at,
        "next_key": ONCE,
        "sources": sources,
        "mailing_id": mailing_id,
        "created_at": at,
    }
    connection.execute(sa.insert(schedule).values(values))
    wake.tell(connection)


def armed(connection: sa.Connection, *, until: datetime | None = None) -> list[Schedule]:
    """What is still to go out, soonest first; with `until`, what is due by then."""
    query = sa.select(schedule).where(schedule.c.enabled, schedule.c.next_at.is_not(None)).order_by(schedule.c.next_at)
    if until is not None:
        query = query.where(schedule.c.next_at <= until)
    return [_record(row) for row in connection.execute(query)]


def of_mailing(connection: sa.Connection, mailing_id: int) -> Schedule | None:
    """The schedule that armed the mailing, if it is still to go out."""
    return next((one for one in armed(connection) if one.mailing_id == mailing_id), None)


def earliest(connection: sa.Connection) -> datetime | None:
    """When the next one is due."""
    return next((one.when.at for one in armed(connection)), None)


def disarm(connection: sa.Connection, mailing_id: int) -> bool:
    """Take back what was armed for the mailing; True if there was something."""
    step = sa.update(schedule).where(schedule.c.mailing_id == mailing_id, schedule.c.enabled)
    disarmed = connection.execute(step.values(enabled=False, next_at=None)).rowcount > 0
    if disarmed:
        wake.tell(connection)
    return disarmed


def disarm_all(connection: sa.Connection) -> None:
    """Take back everything that is armed: whoever wants it arms it again."""
    connection.execute(sa.update(schedule).where(schedule.c.enabled).values(enabled=False))


def fire(connection: sa.Connection, one: Schedule, outcome: Outcome, *, detail: str = "", at: datetime) -> int | None:
    """Write down that it fired; the occurrence's id, or None when another scheduler was first or it was taken back."""
    still_armed = sa.update(schedule).where(
        schedule.c.id == one.id, schedule.c.enabled, schedule.c.next_at.is_not(None)
    )
    if connection.execute(still_armed.values(next_at=None)).rowcount == 0:
        return None
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    values = {
        "schedule_id": one.id,
        "key": ONCE,
        "fire_at": one.when.at,
        "fired_at": at,
        "outcome": outcome,
        "detail": detail,
        "mailing_id": one.mailing_id,
    }
    written = insert(occurrence).values(values).on_conflict_do_nothing().returning(occurrence.c.id)
    occurrence_id: int | None = connection.scalar(written)
    return occurrence_id


def _record(row: "sa.Row[tuple[object, ...]]") -> Schedule:
    local = datetime.fromisoformat(row.spec["at"])
    when = When(at=row.next_at, local=local, zone=row.timezone)
    return Schedule(id=row.id, slug=row.slug, when=when, sources=row.sources, mailing_id=row.mailing_id)
