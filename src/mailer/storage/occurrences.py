"""What became of the occurrences of a schedule, beside what `schedules.record` writes for each that is dealt with.

A row means that it never comes again. One exception: what was only missed, by a clock that had run ahead, comes when its
time has truly come; nobody was mailed for it.
"""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.armed import ONCE, Kind, Outcome, Schedule, State
from mailer.domain.mailing import MailingState
from mailer.domain.recurrence import Occurrence
from mailer.storage import schedules
from mailer.storage.tables import mailing, occurrence, schedule


def pass_over(
    connection: sa.Connection, one: Schedule, missed: Iterable[Occurrence], *, detail: str, at: datetime
) -> None:
    """Write down those that never go out. Some may be there already: skipped by a person."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    same = {"schedule_id": one.id, "fired_at": at, "outcome": Outcome.SKIPPED, "detail": detail}
    rows = [{"key": each.key, "fire_at": each.at} | same for each in missed]
    if rows:
        connection.execute(insert(occurrence).values(rows).on_conflict_do_nothing())


def let_go(connection: sa.Connection, one: Schedule, held: Occurrence, *, mailing_id: int, at: datetime) -> int | None:
    """A person lets go what was held; the occurrence's id, or None when it is not held any more."""
    if not schedules.hold(connection, one):
        return None
    values = {"outcome": Outcome.SENT, "detail": "held, and let go by hand", "fired_at": at, "mailing_id": mailing_id}
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = insert(occurrence).values(values | {"schedule_id": one.id, "key": held.key, "fire_at": held.at})
    # A one-off that was taken back because the database was set back has no row yet.
    row = row.on_conflict_do_update(
        index_elements=["schedule_id", "key"], set_=values, where=occurrence.c.outcome == Outcome.HELD
    )
    occurrence_id: int | None = connection.scalar(row.returning(occurrence.c.id))
    return occurrence_id


def note_mailing(connection: sa.Connection, occurrence_id: int, mailing_id: int) -> None:
    """The mailing is what came of it."""
    connection.execute(sa.update(occurrence).where(occurrence.c.id == occurrence_id).values(mailing_id=mailing_id))


def held(connection: sa.Connection, slug: str) -> tuple[Schedule, Occurrence] | None:
    """The newest occurrence of a campaign that waits for a person with nothing frozen, and its schedule; None: none does."""
    waits = (mailing.c.state == MailingState.HELD, mailing.c.edition_id.is_(None))
    taken_back = sa.and_(schedule.c.kind == Kind.AGAIN, schedule.c.state == State.REMOVED)
    query = (
        sa.select(schedule.c.id, mailing.c.starts_at, occurrence.c.key, occurrence.c.fire_at)
        .join(mailing, mailing.c.id == schedule.c.mailing_id)
        .outerjoin(
            occurrence, sa.and_(occurrence.c.schedule_id == schedule.c.id, occurrence.c.mailing_id == mailing.c.id)
        )
        .where(schedule.c.slug == slug, *waits, ~taken_back)
        .order_by(mailing.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    found = Occurrence(at=row.fire_at or row.starts_at, key=row.key or ONCE)
    return schedules.get(connection, row.id), found


def forget_missed(connection: sa.Connection, one: Schedule, *, after: datetime) -> None:
    """The clock was put back to `after`: what was missed by then, and has yet to come, was not missed.

    What a person skipped stays skipped: that was written before its time.
    """
    wrongly = sa.delete(occurrence).where(
        occurrence.c.schedule_id == one.id,
        occurrence.c.outcome == Outcome.SKIPPED,
        occurrence.c.mailing_id.is_(None),
        occurrence.c.fire_at > after,
        occurrence.c.fired_at >= occurrence.c.fire_at,
    )
    connection.execute(wrongly)
