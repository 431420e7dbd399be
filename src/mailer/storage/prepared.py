"""A statement that runs for every few messages: built by SQLAlchemy once, then given to the driver as it is.

For one execution SQLAlchemy takes as long as either database takes for thirty rows. Text, parameters, transaction and errors
are those that it would use; what it would have done around them for every execution is left out.
"""

from collections.abc import Sequence
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
        if not self._text:
            self._compile(connection)
        known = self._fixed | values
        return run(connection, self._text, known if self._order is None else [known[name] for name in self._order])

    def each(self, connection: sa.Connection, rows: Sequence[Sequence[object]]) -> None:
        """Execute it for each row of values, which stand in the order in which the statement names them. On SQLite only."""
        if not self._text:
            self._compile(connection)
        run(connection, self._text, rows, many=True)

    def _compile(self, connection: sa.Connection) -> None:
        compiled = self.statement.compile(dialect=connection.dialect)
        self._fixed, self._order = dict(compiled.params), compiled.positiontup
        self._text = str(compiled)


def run(connection: sa.Connection, text: str, parameters: Any = (), *, many: bool = False) -> list[tuple[Any, ...]]:
    """Give the driver a statement as it is; the rows that it returns, if it returns any. Errors are SQLAlchemy's.

    many: `parameters` are those of many executions, one after another, which SQLite's driver has and returns nothing.
    """
    driver = connection.connection.driver_connection
    assert driver is not None
    try:
        cursor = driver.executemany(text, parameters) if many else driver.execute(text, parameters)
        rows = cursor.fetchall() if cursor.description else []
        cursor.close()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_usual(connection, text, error) from error
    return rows


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
