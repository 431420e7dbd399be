"""Proofs: at most one of each occurrence, whichever scheduler composes it.

Whoever is about to compose one begins it here first, so no other scheduler does the same work; one that dies, or finds
something broken, leaves it begun, and a while later it is tried again. The mail that carries a proof is written in the
transaction that keeps it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.armed import Outcome, Schedule
from mailer.domain.digest import Shown
from mailer.domain.proof import Facts, Proof
from mailer.domain.recurrence import Occurrence
from mailer.storage import alerts, schedules
from mailer.storage.alerts import Kind
from mailer.storage.tables import edition, occurrence, proof, schedule

#: What could not be composed, or died on the way, is tried again after so long.
AGAIN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """The next occurrence of an armed schedule, of which a proof is to be mailed from `begins_at` on."""

    schedule: Schedule
    occurrence: Occurrence
    begins_at: datetime


def due(connection: sa.Connection, *, now: datetime) -> list[Awaited]:
    """Those whose time has come, while the occurrence itself is ahead, and which nobody has composed or is composing."""
    late = [one for one in _awaited(connection) if one.begins_at <= now < one.occurrence.at]
    return [one for one in late if _is_open(connection, one, now=now)]


def earliest(connection: sa.Connection) -> datetime | None:
    """When the next one is to be begun that nobody has begun yet."""
    return min((one.begins_at for one in _awaited(connection) if _row(connection, one) is None), default=None)


def begin(connection: sa.Connection, one: Awaited, *, at: datetime) -> bool:
    """Whether composing it is ours now; False when it is done, or another scheduler is at it."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    first = {"schedule_id": one.schedule.id, "key": one.occurrence.key, "fire_at": one.occurrence.at, "at": at}
    stale = sa.and_(proof.c.edition_id.is_(None), proof.c.at <= at - AGAIN_AFTER)
    begun = insert(proof).values(first)
    begun = begun.on_conflict_do_update(index_elements=["schedule_id", "key"], set_={"at": at}, where=stale)
    return connection.scalar(begun.returning(proof.c.key)) is not None


def complete(connection: sa.Connection, made: Proof, *, slug: str) -> bool:
    """Keep it, and let it be mailed; False, and nothing is done, when somebody has done so already."""
    of_it = (proof.c.schedule_id == made.schedule_id, proof.c.key == made.key)
    values = {
        "edition_id": made.edition_id,
        "items": list(made.shown.items),
        "passed_over": list(made.shown.passed_over),
        "facts": made.facts.to_json(),
        "people": made.people,
        "at": made.at,
    }
    step = sa.update(proof).where(*of_it, proof.c.edition_id.is_(None)).values(values)
    if connection.execute(step).rowcount == 0:
        return False
    alerts.add(
        connection,
        Kind.PROOF,
        key=f"{made.schedule_id}:{made.key}",
        detail="",
        at=made.at,
        slug=slug,
        schedule_id=made.schedule_id,
        occurrence=made.key,
    )
    return True


def get(connection: sa.Connection, schedule_id: int, key: str) -> Proof | None:
    """The proof of an occurrence; None if there is none (yet)."""
    row = connection.execute(_QUERY.where(proof.c.schedule_id == schedule_id, proof.c.key == key)).one_or_none()
    return None if row is None else _record(row)


def newest(connection: sa.Connection, slug: str, *, most: int = 5) -> list[Proof]:
    """The newest proofs of a campaign's schedules, whatever became of these."""
    query = _QUERY.join(schedule, schedule.c.id == proof.c.schedule_id).where(schedule.c.slug == slug)
    return [_record(row) for row in connection.execute(query.order_by(proof.c.at.desc()).limit(most))]


def outcome(connection: sa.Connection, of: Proof) -> Outcome | None:
    """What became of the occurrence; None while it is ahead."""
    query = sa.select(occurrence.c.outcome).where(
        occurrence.c.schedule_id == of.schedule_id, occurrence.c.key == of.key
    )
    found = connection.scalar(query)
    return None if found is None else Outcome(found)


def content(connection: sa.Connection, edition_id: int) -> bytes:
    """The stored edition (`edition.format.load` reads it)."""
    found: bytes = connection.scalars(sa.select(edition.c.content).where(edition.c.id == edition_id)).one()
    return found


def _awaited(connection: sa.Connection) -> Iterator[Awaited]:
    for one in schedules.armed(connection):
        if one.next is not None and one.terms.proof is not None:
            yield Awaited(schedule=one, occurrence=one.next, begins_at=one.next.at - one.terms.proof)


def _is_open(connection: sa.Connection, one: Awaited, *, now: datetime) -> bool:
    row = _row(connection, one)
    return row is None or (row.edition_id is None and row.at <= now - AGAIN_AFTER)


def _row(connection: sa.Connection, one: Awaited) -> "sa.Row[Any, Any] | None":
    of_it = (proof.c.schedule_id == one.schedule.id, proof.c.key == one.occurrence.key)
    return connection.execute(sa.select(proof.c.edition_id, proof.c.at).where(*of_it)).one_or_none()


# Those that are done: each has an edition.
_QUERY = sa.select(proof, edition.c.sources).join(edition, edition.c.id == proof.c.edition_id)


def _record(row: "sa.Row[tuple[object, ...]]") -> Proof:
    return Proof(
        schedule_id=row.schedule_id,
        key=row.key,
        fire_at=row.fire_at,
        edition_id=row.edition_id,
        sources=row.sources,
        shown=Shown(items=tuple(row.items), passed_over=tuple(row.passed_over)),
        facts=Facts.from_json(row.facts),
        people=row.people,
        at=row.at,
    )
