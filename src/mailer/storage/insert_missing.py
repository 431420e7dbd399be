"""A row that is written unless it is there already."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_missing(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> None:
    """Write one row, unless one with the same key is there."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert(table).values(values).on_conflict_do_nothing())
