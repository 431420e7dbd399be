"""What a database holds, in numbers: what a backup is compared with, and what a person is told about one."""

from dataclasses import dataclass

import sqlalchemy as sa

from mailer.domain.count import counted, people
from mailer.domain.mailing import RowState
from mailer.storage.tables import delivery, mailing, subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """rows: of the ledger, by state; a state without rows is missing."""

    people: int
    mailings: int
    rows: dict[RowState, int]

    @property
    def empty(self) -> bool:
        return not (self.people or self.mailings)

    def __str__(self) -> str:
        messages = sum(self.rows.values())
        return ", ".join([people(self.people), counted(self.mailings, "mailing"), counted(messages, "message")])


def take_stock(connection: sa.Connection) -> Stock:
    """One pass over the ledger."""
    by_state = sa.select(delivery.c.state, sa.func.count()).group_by(delivery.c.state).order_by(delivery.c.state)
    return Stock(
        people=connection.scalar(sa.select(sa.func.count()).select_from(subscriber)) or 0,
        mailings=connection.scalar(sa.select(sa.func.count()).select_from(mailing)) or 0,
        rows={RowState(state): number for state, number in connection.execute(by_state)},
    )
