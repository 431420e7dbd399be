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
from mailer.storage.prepared import Prepared
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
_COLUMNS = ("subscriber_id", "state", "code", "enhanced", "detail", "relay")
_TEXTS = ("enhanced", "detail", "relay")
#: All that is stored of one, in the order of the table; and what a statement calls it.
_STORED = ("mailing_id", "subscriber_id", "at", "state", "code", "enhanced", "detail", "relay")
_PARAMETERS = tuple(f"p_{name}" for name in _STORED)


def write(connection: sa.Connection, mailing_id: int, rows: Iterable[EventRow], *, at: int | None) -> None:
    """Append one event per row, all at the same unix second, whatever a stranger's server wrote.

    at: None for now by the clock of the server, which is PostgreSQL's.
    """
    stored = [
        (mailing_id, who, at, int(state), code, storable(enhanced, 20), storable(detail), relay)
        for who, state, code, enhanced, detail, relay in rows
    ]
    if not stored:
        return
    if connection.dialect.name == "sqlite":
        _insertion_of_one().many(connection, _PARAMETERS, stored)
    else:
        own = packed((row[1], *row[3:]) for row in stored)
        _insertion_of_many()(connection, p_mailing=mailing_id, p_at=at, p_rows=own)


@cache
def _insertion_of_one() -> Prepared:
    """For SQLite, to which each statement is near: it takes half of what a document of all rows does."""
    return Prepared(sa.insert(delivery_event).values({name: sa.bindparam(f"p_{name}") for name in _STORED}))


@cache
def _insertion_of_many() -> Prepared:
    """For PostgreSQL, to which each statement is a message."""
    source = rowset("p_rows", _COLUMNS, is_sqlite=False, texts=_TEXTS)
    now = sa.cast(sa.func.floor(sa.extract("epoch", sa.func.clock_timestamp())), sa.BigInteger)
    at = sa.func.coalesce(sa.bindparam("p_at", type_=sa.BigInteger), now)
    chosen = sa.select(sa.bindparam("p_mailing", type_=sa.BigInteger), at, *source.c)
    return Prepared(sa.insert(delivery_event).from_select(["mailing_id", "at", *_COLUMNS], chosen))


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
