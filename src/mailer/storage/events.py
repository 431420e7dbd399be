"""What became of each delivery, step by step: append-only, written in the transaction of the step itself.

The ledger's row is narrow and holds only where a delivery stands now. Times, reply codes and reply texts are here, and
`why`, the list of failures and the list of what is uncertain are read from here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from mailer.domain.mailing import RowState
from mailer.storage.rowset import packed, rowset, storable
from mailer.storage.tables import delivery, delivery_event, subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of one delivery. code: three-digit reply, 0 without one; detail: the reply's text, or why, in words.

    relay: the name of the one that answered, "" if none was asked.
    """

    at: datetime
    state: RowState
    code: int = 0
    enhanced: str = ""
    detail: str = ""
    relay: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Where one person's delivery stands, and the last thing that is known about it."""

    subscriber_id: int
    email: str
    last: Event | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """How many rows came to a state for one reason. example: the text of one reply."""

    code: int
    enhanced: str
    count: int
    example: str


#: (subscriber_id, state it came to, code, enhanced status, detail, the relay's name)
EventRow = tuple[int, RowState, int, str, str, str]


#: The columns of an event that are its row's own, in this order.
COLUMNS = ("subscriber_id", "state", "code", "enhanced", "detail", "relay")
TEXTS = ("enhanced", "detail", "relay")


def tidy(row: EventRow) -> tuple[int, int, int, str, str, str]:
    """As it can be stored, whatever a stranger's server wrote."""
    who, state, code, enhanced, detail, relay = row
    return who, int(state), code, storable(enhanced, 20), storable(detail), relay


def write(connection: sa.Connection, mailing_id: int, rows: Iterable[EventRow], *, at: int) -> None:
    """Append one event per row, all at the same unix second; one statement."""
    stored = [tidy(row) for row in rows]
    if stored:
        values = {"p_rows": packed(stored), "p_mailing": mailing_id, "p_at": at}
        connection.execute(_insert(is_sqlite=connection.dialect.name == "sqlite"), values)


def insertion(at: sa.ColumnElement[int], *, is_sqlite: bool) -> sa.Insert:
    """Appends an event of `p_mailing` at the unix second `at` per row of `p_rows`, each of which begins with `COLUMNS`."""
    source = rowset("p_rows", COLUMNS, is_sqlite=is_sqlite, texts=TEXTS)
    chosen = sa.select(sa.bindparam("p_mailing", type_=sa.BigInteger), at, *source.c)
    return sa.insert(delivery_event).from_select(["mailing_id", "at", *COLUMNS], chosen)


@cache
def _insert(*, is_sqlite: bool) -> sa.Insert:
    return insertion(sa.bindparam("p_at", type_=sa.BigInteger), is_sqlite=is_sqlite)


def history(connection: sa.Connection, mailing_id: int, subscriber_id: int) -> list[Event]:
    """All that happened to one delivery, oldest first."""
    query = (
        sa.select(*_EVENT)
        .where(delivery_event.c.mailing_id == mailing_id, delivery_event.c.subscriber_id == subscriber_id)
        .order_by(delivery_event.c.id)
    )
    return [_event(row) for row in connection.execute(query)]


def listed(connection: sa.Connection, mailing_id: int, state: RowState, *, limit: int = 1000) -> list[Fate]:
    """Everybody whose delivery stands in `state`, by address, with the last event of each."""
    last = (
        sa.select(delivery_event.c.subscriber_id, sa.func.max(delivery_event.c.id).label("event_id"))
        .where(delivery_event.c.mailing_id == mailing_id)
        .group_by(delivery_event.c.subscriber_id)
        .subquery()
    )
    query = (
        sa.select(subscriber.c.id.label("person"), subscriber.c.email, *_EVENT)
        .select_from(delivery)
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .outerjoin(last, last.c.subscriber_id == delivery.c.subscriber_id)
        .outerjoin(delivery_event, delivery_event.c.id == last.c.event_id)
        .where(delivery.c.mailing_id == mailing_id, delivery.c.state == state)
        .order_by(subscriber.c.email)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    return [
        Fate(subscriber_id=row.person, email=row.email, last=None if row.at is None else _event(row)) for row in rows
    ]


def causes(connection: sa.Connection, mailing_id: int, state: RowState) -> list[Cause]:
    """Why rows came to `state`, most frequent first."""
    number = sa.func.count()
    query = (
        sa.select(
            delivery_event.c.code, delivery_event.c.enhanced, number, sa.func.min(delivery_event.c.detail).label("text")
        )
        .join(
            delivery,
            sa.and_(
                delivery.c.mailing_id == delivery_event.c.mailing_id,
                delivery.c.subscriber_id == delivery_event.c.subscriber_id,
                delivery.c.state == delivery_event.c.state,
            ),
        )
        .where(delivery_event.c.mailing_id == mailing_id, delivery_event.c.state == state)
        .group_by(delivery_event.c.code, delivery_event.c.enhanced)
        .order_by(number.desc(), delivery_event.c.code, delivery_event.c.enhanced)
    )
    return [
        Cause(code=code, enhanced=enhanced, count=count, example=text)
        for code, enhanced, count, text in connection.execute(query)
    ]


_EVENT = (
    delivery_event.c.at,
    delivery_event.c.state,
    delivery_event.c.code,
    delivery_event.c.enhanced,
    delivery_event.c.detail,
    delivery_event.c.relay,
)


def _event(row: "sa.Row[Any, *tuple[Any, ...]]") -> Event:
    return Event(
        at=datetime.fromtimestamp(row.at, UTC),
        state=RowState(row.state),
        code=row.code,
        enhanced=row.enhanced,
        detail=row.detail,
        relay=row.relay,
    )
