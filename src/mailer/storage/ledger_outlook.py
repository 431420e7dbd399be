"""What is left of a mailing to do, and when: looks at the ledger's partial indexes, never at the rows that are done."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import sqlalchemy as sa

from mailer.domain.mailing import RowState
from mailer.domain.provider import Provider
from mailer.storage.ledger_sql import literal, number
from mailer.storage.prepared import Prepared
from mailer.storage.tables import IN_HAND, delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Open rows of one mailing: due now, due later, in workers' hands. next_due: the earliest of the later ones."""

    due: int
    later: int
    next_due: datetime | None
    in_hand: int

    @property
    def done(self) -> bool:
        return not (self.due or self.later or self.in_hand)


def any_open(connection: sa.Connection, mailing_id: int) -> bool:
    """Whether any row is queued, leased or sending."""
    row = sa.select(delivery.c.subscriber_id).limit(1)
    queued = row.where(delivery.c.mailing_id == mailing_id, delivery.c.state == literal(RowState.QUEUED))
    looks = (queued.order_by(delivery.c.lane, delivery.c.due), row.where(*_in_hand(mailing_id)))
    return any(connection.execute(look).first() is not None for look in looks)


def queued_in(mailing_id: "int | sa.ColumnElement[int]", lane: Provider) -> sa.ColumnElement[bool]:
    """Queued rows of one provider group: with a bound or an order of `due` the index is entered where they begin."""
    of_lane = delivery.c.lane == sa.literal_column(str(int(lane)))
    return sa.and_(delivery.c.mailing_id == mailing_id, delivery.c.state == literal(RowState.QUEUED), of_lane)


def earliest_in_lanes(connection: sa.Connection, mailing_id: int) -> dict[Provider, datetime]:
    """The provider groups of which rows are queued, and when the earliest of each is due."""
    first = sa.select(delivery.c.due).limit(1).order_by(delivery.c.due)
    found = ((one, connection.scalar(first.where(queued_in(mailing_id, one)))) for one in Provider)
    return {one: datetime.fromtimestamp(due, UTC) for one, due in found if due is not None}


def _in_hand(mailing_id: "int | sa.ColumnElement[int]") -> tuple[sa.ColumnElement[bool] | sa.TextClause, ...]:
    """Rows leased or sending. The sum keeps SQLite from the primary key: it would read every row of the mailing.

    (For the same reason a look at queued rows is ordered by lane and `due`, or bounded by them.)
    """
    return IN_HAND, delivery.c.mailing_id + 0 == mailing_id


def outlook(connection: sa.Connection, mailing_id: int, *, now: datetime) -> Outlook:
    """`now`: the machine's clock."""
    ask = _questions(is_sqlite=connection.dialect.name == "sqlite")
    asked = {"p_mailing": mailing_id, "p_second": int(now.timestamp())}
    ((due, _),) = ask.due(connection, **asked)
    ((later, earliest),) = ask.later(connection, **asked)
    ((in_hand,),) = ask.in_hand(connection, p_mailing=mailing_id)
    next_due = None if earliest is None else datetime.fromtimestamp(earliest, UTC)
    return Outlook(due=int(due), later=int(later), next_due=next_due, in_hand=in_hand)


class _Questions:
    """What every worker that finds nothing to claim asks of each mailing, again and again; built once per engine."""

    def __init__(self) -> None:
        second = number("p_second")
        self.due = Prepared(_counted(delivery.c.due <= second))
        self.later = Prepared(_counted(delivery.c.due > second))
        self.in_hand = Prepared(sa.select(sa.func.count()).where(*_in_hand(number("p_mailing"))))


@cache
def _questions(*, is_sqlite: bool) -> _Questions:
    """Those of one engine."""
    del is_sqlite
    return _Questions()


def _counted(when: sa.ColumnElement[bool]) -> sa.Select[tuple[int, int | None]]:
    """How many rows are queued for then, and the earliest time of any."""
    columns = sa.func.count().label("number"), sa.func.min(delivery.c.due).label("earliest")
    each = (sa.select(*columns).where(queued_in(number("p_mailing"), one), when) for one in Provider)
    lanes = sa.union_all(*each).subquery()
    return sa.select(sa.func.sum(lanes.c.number), sa.func.min(lanes.c.earliest))


def earliest_due(connection: sa.Connection, mailing_id: int, *, second: int) -> int | None:
    """The smallest `due` of the rows that are due at that second, None if there are none."""
    first = sa.select(delivery.c.due).order_by(delivery.c.due).limit(1)
    looks = (first.where(queued_in(mailing_id, one), delivery.c.due <= second) for one in Provider)
    return min((due for due in (connection.scalar(look) for look in looks) if due is not None), default=None)
