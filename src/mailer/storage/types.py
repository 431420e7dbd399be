"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware instant, stored in UTC. SQLAlchemy's own type drops the offset on SQLite without a word; this refuses it."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone reached the database")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        return value and (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC))


#: Text that people are found by. PostgreSQL compares it byte by byte too: in the order of a language its index costs twice as
#: much to write, and is wrong from the day on which the system's libraries come to sort otherwise.
KeyText = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_UNSIGNED = 1 << 64


def signed(public_id: int) -> int:
    """A public id as the databases hold it: both know only signed integers."""
    return public_id - _UNSIGNED if public_id >= 1 << 63 else public_id


def unsigned(stored: int) -> int:
    return stored % _UNSIGNED


# STRICT tables know only INTEGER, REAL, TEXT and BLOB; SQLAlchemy emits the standard's names.
def _compile_as(name: str, *kinds: type[sa.types.TypeEngine[Any]]) -> None:
    for kind in kinds:
        compiles(kind, "sqlite")(lambda element, compiler, **options: name)  # noqa: ARG005


_compile_as("TEXT", sa.String, sa.Text, sa.DateTime, sa.JSON)
_compile_as("INTEGER", sa.BigInteger, sa.SmallInteger, sa.Boolean)
_compile_as("REAL", sa.Float)
