"""Frozen editions: stored once, never changed."""

from datetime import datetime

import sqlalchemy as sa

from mailer.storage.tables import edition, mailing


def store(connection: sa.Connection, *, sources: str, content: bytes, at: datetime) -> int:
    """Keep `content` (`edition.format.dump`), compiled from `sources` (hex hash); its id."""
    stored = sa.insert(edition).values(sources=sources, content=content, created_at=at)
    edition_id: int = connection.scalars(stored.returning(edition.c.id)).one()
    return edition_id


def sources_of(connection: sa.Connection, mailing_id: int) -> str | None:
    """The hash of what the mailing's edition was compiled from; None while nothing is frozen."""
    query = sa.select(edition.c.sources).join(mailing, mailing.c.edition_id == edition.c.id)
    return connection.scalar(query.where(mailing.c.id == mailing_id))
