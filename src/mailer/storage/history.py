"""What happened to a person, append-only: the answer to "why do I get this" and "who took me off".

An event holds no address: the person's row says who it is, and goes with them when they are erased.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from mailer.storage.tables import subscriber, subscriber_event


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
    return [Event(at=row.at, kind=Happened(row.kind), detail=row.detail, mailing_id=row.mailing_id) for row in rows]
