"""Many rows, or the ids of many, in one bound parameter, so that a whole batch is one statement, and one plan, on either engine."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB


def rowset(parameter: str, columns: Sequence[str], *, is_sqlite: bool, texts: Sequence[str] = ()) -> sa.CTE:
    """A relation with the named columns, read from the bound `parameter` as `packed` makes it.

    Columns are whole numbers, those in `texts` text; one without a name is not read. It is materialised first: left to itself SQLite reads the whole table
    that it is joined with, and looks through the batch for each row.
    """
    bound = sa.bindparam(parameter, type_=sa.Text)
    cells: list[sa.ColumnElement[Any]]
    if is_sqlite:
        items = sa.func.json_each(bound).table_valued("value", name="item")
        cells = [sa.func.json_extract(items.c.value, f"$[{number}]") for number in range(len(columns))]
    else:
        items = sa.func.jsonb_array_elements(sa.cast(bound, JSONB)).table_valued("value", name="item")
        cells = [items.c.value.op("->>")(sa.literal_column(str(number))) for number in range(len(columns))]
    kinds: list[Any] = [sa.Text if name in texts else sa.BigInteger for name in columns]
    labelled = [sa.cast(cell, kind).label(name) for name, cell, kind in zip(columns, cells, kinds, strict=True) if name]
    return sa.select(*labelled).cte(f"{parameter}_batch").prefix_with("MATERIALIZED")


def packed(rows: Iterable[Sequence[int | str]]) -> str:
    """`rows` as `rowset` reads them."""
    return json.dumps(list(rows), separators=(",", ":"))


def among(column: sa.ColumnElement[int], parameter: str, *, is_sqlite: bool) -> sa.ColumnElement[bool]:
    """`column` is one of the numbers in the bound `parameter`, as `packed_ids` makes it.

    PostgreSQL is handed a subquery: of an array that it sees it weighs up the length, and while it knows little of a table
    that was filled a moment ago it reads the whole of it instead of looking up its rows.
    """
    numbers = sa.bindparam(parameter, type_=sa.Text)
    if is_sqlite:
        each = sa.func.json_each(sa.literal_column("'['") + numbers + sa.literal_column("']'")).table_valued("value")
        return column.in_(sa.select(each.c.value))
    array = sa.cast(sa.func.string_to_array(numbers, sa.literal_column("','")), ARRAY(sa.BigInteger))
    return column == sa.any_(sa.func.array(sa.select(sa.func.unnest(array)).scalar_subquery()))


def packed_ids(numbers: Iterable[int]) -> str:
    """`numbers` as `among` reads them."""
    return ",".join(map(str, numbers))


def storable(text: str, limit: int = 500) -> str:
    """Text from a stranger's server in one line, without control characters: PostgreSQL refuses NUL, JSON lone surrogates."""
    if text.isascii() and text.isprintable():
        return text[:limit]
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return "".join(letter for letter in line if letter.isprintable())[:limit]
