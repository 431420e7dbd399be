"""Proofs: one of each occurrence at most, whichever scheduler composed it; who wrote it mails it."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.proof import Facts, Proof, Shown
from mailer.storage import alerts
from mailer.storage.alerts import Kind
from mailer.storage.tables import edition, proof, schedule


def add(connection: sa.Connection, made: Proof, *, slug: str) -> bool:
    """Keep it, and let it be mailed; False, and nothing is done, when another scheduler was first."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    values = {
        "schedule_id": made.schedule_id,
        "key": made.key,
        "edition_id": made.edition_id,
        "items": list(made.shown.items),
        "passed_over": list(made.shown.passed_over),
        "facts": made.facts.to_json(),
        "people": made.people,
        "at": made.at,
    }
    written = insert(proof).values(values).on_conflict_do_nothing().returning(proof.c.key)
    if connection.scalar(written) is None:
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
    query = _QUERY.where(proof.c.schedule_id == schedule_id, proof.c.key == key)
    row = connection.execute(query).one_or_none()
    return None if row is None else _record(row)


def newest(connection: sa.Connection, slug: str, *, most: int = 5) -> list[Proof]:
    """The newest proofs of a campaign's schedules, whatever became of these."""
    query = _QUERY.join(schedule, schedule.c.id == proof.c.schedule_id).where(schedule.c.slug == slug)
    return [_record(row) for row in connection.execute(query.order_by(proof.c.at.desc()).limit(most))]


def content(connection: sa.Connection, edition_id: int) -> bytes:
    """The stored edition (`edition.format.load` reads it)."""
    found: bytes = connection.scalars(sa.select(edition.c.content).where(edition.c.id == edition_id)).one()
    return found


_QUERY = sa.select(proof, edition.c.sources).join(edition, edition.c.id == proof.c.edition_id)


def _record(row: "sa.Row[tuple[object, ...]]") -> Proof:
    return Proof(
        schedule_id=row.schedule_id,
        key=row.key,
        edition_id=row.edition_id,
        sources=row.sources,
        shown=Shown(items=tuple(row.items), passed_over=tuple(row.passed_over)),
        facts=Facts.from_json(row.facts),
        people=row.people,
        at=row.at,
    )
