"""A large audience is gone through span by span of subscriber ids: each query reads its part of every table, and no more.

Asked without bounds, PostgreSQL would look up one person after the other as soon as a set of people is too large for its
memory, and SQLite would begin each page of a list with the list's first member.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from mailer.storage.tables import subscriber

#: Ids in one span: a quarter of a second of work, and sets that PostgreSQL keeps in memory.
LENGTH = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The subscriber ids above `after`, up to and including `last`."""

    after: int
    last: int

    def holds(self, column: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
        return sa.and_(column > self.after, column <= self.last)


def newest(connection: sa.Connection) -> int:
    """The highest subscriber id, 0 while there is nobody."""
    return connection.scalar(sa.select(sa.func.max(subscriber.c.id))) or 0


def spans(connection: sa.Connection) -> Iterator[Span]:
    """All people who are there now, ids ascending."""
    last = newest(connection)
    for after in range(0, last, LENGTH):
        yield Span(after=after, last=min(after + LENGTH, last))
