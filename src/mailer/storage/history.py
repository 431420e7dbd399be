"""What happened to a person, append-only: the answer to "why do I get this" and "who took me off".

An event holds no address: the person's row says who it is, and goes with them when they are erased. That an import brought
somebody is no row: the person's own row names the import, and a million rows that say so once more would be a tenth of it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from mailer.storage.tables import import_batch, subscriber, subscriber_event


class Happened(StrEnum):
    """The kinds of events. The words are stored and shown."""

    JOINED = "joined"  #: a list, named in the detail
    IMPORTED = "imported"  #: came, or was changed, with an import
    CHANGED = "changed"  #: their own fields, by hand
    PREFERENCES = "preferences"  #: chose what they hear of, on their own page
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    LEFT = "left"  #: one list, named in the detail
    LEFT_EVERYTHING = "left_everything"
    CAME_BACK = "came_back"  #: took back a leave
    SUPPRESSED = "suppressed"
    RELEASED = "released"  #: a suppression was lifted


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    at: datetime
    kind: Happened
    detail: str
    mailing_id: int | None


def record(
    connection: sa.Connection,
    subscriber_id: int,
    kind: Happened,
    *,
    at: datetime,
    detail: str = "",
    mailing_id: int | None = None,
) -> None:
    connection.execute(
        subscriber_event.insert().values(
            subscriber_id=subscriber_id, at=at, kind=kind.value, detail=detail, mailing_id=mailing_id
        )
    )


def record_for_address(connection: sa.Connection, email_key: str, kind: Happened, *, at: datetime, detail: str) -> None:
    """The same for whoever has the address; nothing when nobody has."""
    person = connection.scalar(sa.select(subscriber.c.id).where(subscriber.c.email_key == email_key))
    if person is not None:
        record(connection, person, kind, at=at, detail=detail)


def history(connection: sa.Connection, subscriber_id: int) -> list[Event]:
    """Everything, oldest first."""
    rows = connection.execute(
        sa.select(subscriber_event)
        .where(subscriber_event.c.subscriber_id == subscriber_id)
        .order_by(subscriber_event.c.id)
    )
    return [
        *_brought(connection, subscriber_id),
        *(Event(at=row.at, kind=Happened(row.kind), detail=row.detail, mailing_id=row.mailing_id) for row in rows),
    ]


def import_named(batch: int | None, file: str) -> str:
    """How the details of events call an import."""
    return f"import {batch}: {file}"


def _brought(connection: sa.Connection, subscriber_id: int) -> list[Event]:
    """The import that brought the person, if one did."""
    query = (
        sa.select(import_batch.c.id, import_batch.c.file, import_batch.c.started_at)
        .join(subscriber, subscriber.c.import_id == import_batch.c.id)
        .where(subscriber.c.id == subscriber_id)
    )
    return [
        Event(at=row.started_at, kind=Happened.IMPORTED, detail=import_named(row.id, row.file), mailing_id=None)
        for row in connection.execute(query)
    ]
