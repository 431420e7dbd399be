"""A step that many rows of one mailing take together, and who took it."""

from collections.abc import Iterable

import sqlalchemy as sa

from mailer.storage.prepared import Prepared, run
from mailer.storage.rowset import among, packed_ids
from mailer.storage.tables import delivery


class RowStep:
    """`rows`, an UPDATE of rows of one mailing, for those of the people who are named. Threads may share it."""

    def __init__(self, rows: sa.Update, *, is_sqlite: bool) -> None:
        person = delivery.c.subscriber_id
        self.statement = rows.where(among(person, "p_ids", is_sqlite=is_sqlite))
        self._telling = Prepared(self.statement.returning(person))
        #: On SQLite, where it costs half as much again to be told whose rows they were.
        self._silent = Prepared(self.statement) if is_sqlite else None

    def __call__(self, connection: sa.Connection, ids: Iterable[int], **values: int) -> set[int]:
        """Those of `ids` whose rows took it."""
        asked = set(ids)
        told = {**values, "p_ids": packed_ids(asked)}
        if self._silent is not None and _changes(connection, self._silent, told, number=len(asked)):
            return asked
        return {one for (one,) in self._telling(connection, **told)}


def _changes(connection: sa.Connection, silent: Prepared, values: dict[str, object], *, number: int) -> bool:
    """Whether it changes so many rows, as it nearly always does; if not, it has changed none."""
    run(connection, "SAVEPOINT step")
    as_asked = silent.count(connection, **values) == number
    if not as_asked:
        run(connection, "ROLLBACK TO step")
    run(connection, "RELEASE step")
    return as_asked
