"""Which kinds of people an audience has, as far as a digest tells them apart: by their topics, and by what reached them."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mailer.domain.audience import Audience
from mailer.storage import audiences
from mailer.storage.tables import subscriber

#: Kinds that are read at once: an audience in which everybody is one is read like this, too.
_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewers:
    """People who chose the same topics, and whom the same mailings reached."""

    topics: tuple[str, ...]
    received: tuple[int, ...]
    people: int


def viewers(
    connection: sa.Connection, audience: Audience, mailings: tuple[int, ...], *, now: datetime
) -> Generator[Viewers, None, None]:
    """Every kind, counted by the database, in no order; close it early if need be. mailings: those to be told apart by.

    Of a large audience part after part is counted: a kind comes once for each part that has it.
    """
    for span in audiences.bounds(connection, audience):
        reached = [audiences.reached_by((one,), span).label(f"reached_{one}") for one in mailings]
        members = audiences.members(audience, now=now, span=span)
        each = members.add_columns(subscriber.c.topics, *reached).subquery()
        kind = [column for column in each.c if column.name != "id"]
        kinds = sa.select(*kind, sa.func.count()).group_by(*kind)
        with connection.execute(kinds.execution_options(yield_per=_PAGE)) as rows:
            for topics, *had, people in rows:
                received = tuple(one for one, is_had in zip(mailings, had, strict=True) if is_had)
                yield Viewers(topics=tuple(topics), received=received, people=people)
