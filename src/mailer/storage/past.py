"""The occurrences that were: what each of a campaign's schedules came to. And those left out beforehand, to take that back."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from mailer.domain.armed import Outcome, Schedule
from mailer.domain.recurrence import Occurrence
from mailer.storage import schedules
from mailer.storage.tables import occurrence, schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One that was dealt with, or left out beforehand. at: its time, aware, in its schedule's zone; mailing_id: None if there is none."""

    schedule_id: int
    key: str
    at: datetime
    dealt_with_at: datetime
    outcome: Outcome
    detail: str
    mailing_id: int | None


def of_slug(connection: sa.Connection, slug: str, *, most: int) -> list[Past]:
    """The newest `most` of all schedules that the campaign ever had, oldest first."""
    query = (
        sa.select(occurrence, schedule.c.timezone)
        .join(schedule, schedule.c.id == occurrence.c.schedule_id)
        .where(schedule.c.slug == slug)
        .order_by(occurrence.c.fire_at.desc(), occurrence.c.id.desc())
        .limit(most)
    )
    return [_past(row) for row in reversed(connection.execute(query).all())]


def knows(connection: sa.Connection, slug: str) -> bool:
    """Whether the campaign was ever scheduled."""
    return connection.scalar(sa.select(schedule.c.id).where(schedule.c.slug == slug).limit(1)) is not None


def take_back_skip(connection: sa.Connection, one: Schedule, *, at: datetime) -> Occurrence | None:
    """Let the last one that a person left out come after all, if its time has not come; None if there is none."""
    if not schedules.hold(connection, one):
        return None
    by_hand = (
        occurrence.c.schedule_id == one.id,
        occurrence.c.outcome == Outcome.SKIPPED,
        occurrence.c.fire_at > at,
        occurrence.c.fired_at < occurrence.c.fire_at,  # what was missed is written down afterwards
    )
    row = connection.execute(
        sa.select(occurrence).where(*by_hand).order_by(occurrence.c.fire_at.desc()).limit(1)
    ).first()
    if row is None:
        return None
    connection.execute(sa.delete(occurrence).where(occurrence.c.id == row.id))
    found = Occurrence(at=row.fire_at, key=row.key)
    if one.next is None or found.at < one.next.at:
        schedules.advance(connection, one, found, at=at)
    return found


def _past(row: "sa.Row[tuple[object, ...]]") -> Past:
    return Past(
        schedule_id=row.schedule_id,
        key=row.key,
        at=row.fire_at.astimezone(ZoneInfo(row.timezone)),
        dealt_with_at=row.fired_at,
        outcome=Outcome(row.outcome),
        detail=row.detail,
        mailing_id=row.mailing_id,
    )
