"""Rows by the hundred thousand, by the driver's own way: executemany on SQLite, COPY on PostgreSQL.

SQLAlchemy's insert() of a list of dicts takes 2.5 to 3.5 times as long, and holds the whole list in memory.
"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

_ANALYZE = """ANALYZE subscriber (id, email_key, tags, topics, language, country),
    subscription (list_id, subscriber_id, status)"""


def insert_rows(
    connection: sa.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Write `rows` into `table`, in the connection's transaction. Values are the driver's; names are ours, never input."""
    driver = connection.connection.driver_connection
    assert driver is not None
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows).close()  # noqa: S608
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def know_sizes(connection: sa.Connection) -> None:
    """Tell PostgreSQL's planner how many people there are now: else it goes through a new list person by person.

    Of the columns by which people are found; the rest, above all their attributes, takes twice as long, and can wait until
    PostgreSQL does it by itself.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(_ANALYZE))
