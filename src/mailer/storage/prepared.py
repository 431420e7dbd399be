"""A statement that runs for every few messages: built by SQLAlchemy once, then given to the driver as it is.

For one execution SQLAlchemy takes as long as either database takes for thirty rows. Text, parameters, transaction and errors
are those that it would use; what it would have done around them for every execution is left out.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Any

import sqlalchemy as sa


class Prepared:
    """One statement for one kind of engine; threads may share it. Its values are whole numbers and text.

    What it selects comes as the driver hands it out: on SQLite a document is text, and so is a time.
    """

    def __init__(self, statement: sa.UpdateBase | sa.Select[Any]) -> None:
        self.statement = statement
        self._text = ""
        self._fixed: dict[str, Any] = {}
        self._order: list[str] | None = None

    def __call__(self, connection: sa.Connection, **values: object) -> list[tuple[Any, ...]]:
        """Execute it in the connection's transaction; the rows that it returns, if it returns any."""
        return run(connection, *self._told(connection, values))

    def count(self, connection: sa.Connection, **values: object) -> int:
        """Execute it; the number of rows that it changed. (SQLite's driver knows that of one that begins with its verb.)"""
        text, parameters = self._told(connection, values)
        with usual_errors(connection, text):
            cursor = driver_of(connection).execute(text, parameters)
            cursor.close()
        changed: int = cursor.rowcount
        return changed

    def _told(self, connection: sa.Connection, values: dict[str, object]) -> tuple[str, Any]:
        if not self._text:
            self._compile(connection)
        known = self._fixed | values
        return self._text, known if self._order is None else [known[name] for name in self._order]

    def many(self, connection: sa.Connection, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Execute it for each of `rows`, which hold all that it wants to know: `names`, in the order in which it names them."""
        if not self._text:
            self._compile(connection)
        assert self._order == list(names), f"values come as {names}, and are wanted as {self._order}"
        with usual_errors(connection, self._text):
            driver_of(connection).executemany(self._text, rows).close()

    def _compile(self, connection: sa.Connection) -> None:
        compiled = self.statement.compile(dialect=connection.dialect)
        self._fixed = {name: _bare(value) for name, value in compiled.params.items()}
        self._order = compiled.positiontup
        self._text = str(compiled)


def _bare(value: object) -> object:
    """A member of an enum as the text or number that it is: SQLite's driver looks for a way to adapt it first, every time."""
    return value.value if isinstance(value, Enum) else value


def run(connection: sa.Connection, text: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
    """Give the driver a statement as it is; the rows that it returns, if it returns any. Errors are SQLAlchemy's."""
    with usual_errors(connection, text):
        cursor = driver_of(connection).execute(text, parameters)
        rows = cursor.fetchall() if cursor.description else []
        cursor.close()
    return rows


def driver_of(connection: sa.Connection) -> Any:
    """The driver's own connection."""
    driver = connection.connection.driver_connection
    assert driver is not None
    return driver


@contextmanager
def usual_errors(connection: sa.Connection, text: str) -> Iterator[None]:
    """Around a statement that the driver is given as it is: what it raises is raised as SQLAlchemy would."""
    try:
        yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_usual(connection, text, error) from error


def _as_usual(connection: sa.Connection, text: str, error: Exception) -> Exception:
    """The driver's error as SQLAlchemy would raise it; a connection that is dead is not used again."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.driver_connection, None)  # type: ignore[arg-type]
    if lost:
        connection.invalidate(error)
    kind = dialect.loaded_dbapi.Error
    return sa.exc.DBAPIError.instance(
        text, None, error, kind, hide_parameters=True, connection_invalidated=lost, dialect=dialect
    )
