"""People in files: a table's rows as `ImportRow`s, each row judged by itself and none lost without a word."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter

from mailer.domain.address import is_ordinary
from mailer.domain.imports import ImportRow, RowProblem
from mailer.domain.naming import country_code, language_tag, tag_name
from mailer.domain.topics import Topics, UnknownTopic
from mailer.sources.addresses import NoAddress, parse_address
from mailer.sources.columns import Columns
from mailer.sources.csv_files import CsvFile

_SEPARATOR = re.compile(r"[,;]")
_PLAIN_FIELDS = ("first_name", "last_name", "name")
#: The cell after the last: whatever the file has no column for stands there.
_NO_COLUMN = ""


class BadCell(ValueError):
    """A cell that cannot be used; `str()` says why."""


def read_people(file: CsvFile, columns: Columns, topics: Topics | None = None) -> Iterator[ImportRow | RowProblem]:
    """Every row below the header, as a person or as a problem, in the order of the file.

    topics: those there are; None: nobody asks what people want to hear of.
    """
    email_at = columns.fields["email"]
    width, person = columns.width, _filler(columns, topics)
    for line, raw in file.records():
        cells = [*map(str.strip, raw), _NO_COLUMN]
        if len(raw) < width:
            cells.extend([""] * (width - len(raw)))
        elif any(raw[width:]):
            reason = (
                f"{len(raw)} cells under {width} headers: is a {_named(file.delimiter)} inside a value without quotes?"
            )
            yield RowProblem(line, cells[email_at], reason)
            continue
        try:
            yield person(line, cells)
        except (NoAddress, BadCell) as error:
            yield RowProblem(line, cells[email_at], str(error))


def _named(delimiter: str) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab"}.get(delimiter, f'"{delimiter}"')


def _filler(columns: Columns, topics: Topics | None) -> Callable[[int, list[str]], ImportRow]:
    """A function that makes a person of the cells of a row; what needs no looking at is decided here, once."""
    email_at = columns.fields["email"]
    plain = itemgetter(*(columns.fields.get(name, columns.width) for name in _PLAIN_FIELDS))
    attributes = list(columns.attributes.items())
    special = [(convert, columns.fields[name]) for name, convert in _CONVERTERS.items() if name in columns.fields]
    topics_at = columns.fields.get("topics")

    def person(line: int, cells: list[str]) -> ImportRow:
        email = cells[email_at]
        row = ImportRow(line, email if is_ordinary(email) else parse_address(email), *plain(cells))
        if attributes:
            row.attributes = {name: cell for name, position in attributes if (cell := cells[position])}
        for convert, position in special:
            if cell := cells[position]:
                convert(row, cell)
        if topics is not None and topics_at is not None and (cell := cells[topics_at]):
            row.topics = split_topics(cell, topics)
        return row

    return person


def _language(row: ImportRow, cell: str) -> None:
    row.language = language_tag(cell)
    if not row.language:  # nobody is turned away for it, and what the file says is kept
        row.attributes = {**row.attributes, "language_text": cell}


def _timezone(row: ImportRow, cell: str) -> None:
    row.timezone = cell


def _country(row: ImportRow, cell: str) -> None:
    row.country = country_code(cell)


def _tags(row: ImportRow, cell: str) -> None:
    row.tags = split_tags(cell)


def _joined_at(row: ImportRow, cell: str) -> None:
    try:
        moment = datetime.fromisoformat(cell)
        row.joined_at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadCell(f'joined_at: "{cell}" is no date: write 2024-01-31') from None


_CONVERTERS: dict[str, Callable[[ImportRow, str], None]] = {
    "language": _language,
    "timezone": _timezone,
    "country": _country,
    "tags": _tags,
    "joined_at": _joined_at,
}


@lru_cache(maxsize=10_000)  # a list has few combinations of tags, and half a million rows
def split_tags(cell: str) -> tuple[str, ...]:
    """The tags of a cell, separated by commas or semicolons, each in its one spelling. Raises BadCell."""
    names = [(part, tag_name(part)) for part in _SEPARATOR.split(cell) if part.strip()]
    bad = next((part for part, name in names if not name), None)
    if bad is not None:
        raise BadCell(f'"{bad.strip()[:40]}" cannot be a tag: it is too long or has control characters')
    return tuple(dict.fromkeys(name for _, name in names))


def split_topics(cell: str, topics: Topics) -> tuple[str, ...]:
    """The topics of a cell, separated like tags, as they are stored. Raises BadCell."""
    try:
        return topics.chosen(part for part in _SEPARATOR.split(cell) if part.strip())
    except UnknownTopic as error:
        raise BadCell(f"{error.message}: {error.hint}") from None
