"""What is left of a mailing to do, and when: looks at the ledger's partial indexes, never at the rows that are done."""

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from mailer.domain.mailing import RowState
from mailer.storage.ledger_sql import literal
from mailer.storage.tables import delivery


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
    looks = (queued.order_by(delivery.c.due), row.where(*_in_hand(mailing_id)))
    return any(connection.execute(look).first() is not None for look in looks)


def _in_hand(mailing_id: int) -> tuple[sa.ColumnElement[bool] | sa.TextClause, ...]:
    """Rows leased or sending. The sum keeps SQLite from the primary key: it would read every row of the mailing.

    (For the same reason a look at queued rows is ordered by `due`, or bounded by it.)
    """
    return sa.text("state IN (1, 2)"), delivery.c.lease >= 0, delivery.c.mailing_id + 0 == mailing_id


def outlook(connection: sa.Connection, mailing_id: int, *, now: datetime) -> Outlook:
    """`now`: the machine's clock."""
    queued = sa.and_(delivery.c.mailing_id == mailing_id, delivery.c.state == literal(RowState.QUEUED))
    second = int(now.timestamp())
    due = sa.select(sa.func.count()).where(queued, delivery.c.due <= second)
    later = sa.select(sa.func.count(), sa.func.min(delivery.c.due)).where(queued, delivery.c.due > second)
    number, earliest = connection.execute(later).one()
    held = sa.select(sa.func.count()).where(*_in_hand(mailing_id))
    return Outlook(
        due=connection.scalar(due) or 0,
        later=number,
        next_due=None if earliest is None else datetime.fromtimestamp(earliest, UTC),
        in_hand=connection.scalar(held) or 0,
    )
