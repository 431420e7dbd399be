"""What every table has in common: how its constraints are called, and strict types on SQLite."""

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
STRICT = {"sqlite_strict": True}


def table(name: str, *columns: sa.schema.SchemaItem, **options: Any) -> sa.Table:
    made: sa.Table = sa.Table(name, metadata, *columns, **(STRICT | options))
    return made


def reference(column: str, *, primary_key: bool = False) -> sa.Column[int]:
    """A foreign key to `column` ("table.id")."""
    name = f"{column.partition('.')[0]}_id"
    return sa.Column(
        name, sa.BigInteger, sa.ForeignKey(column, ondelete="CASCADE"), primary_key=primary_key, nullable=False
    )
