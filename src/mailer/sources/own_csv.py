"""Our own CSV: what `export` writes and `import` reads back exactly, into this database or another.

Columns: the person's fields, `suppressed`, `public_id`, `topics`, four columns per list, then the attributes. An attribute that is
text for everybody is a column of its name; one that is anything else for anybody is a column `NAME:json`.
A cell that a spreadsheet would run as a formula gets a `'` in front; reading takes exactly one away.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from mailer.domain import public_id
from mailer.domain.imports import ImportRow, RowProblem
from mailer.domain.naming import ATTRIBUTE
from mailer.domain.person import Person, Subscription
from mailer.domain.subscriber import SubscriptionStatus, SuppressionReason
from mailer.domain.topics import Topics
from mailer.errors import InputProblems, Problem, UnknownName
from mailer.sources.addresses import NoAddress, parse_address
from mailer.sources.csv_files import CsvFile
from mailer.sources.subscriber_files import BadCell, split_tags, split_topics

#: The first columns, in this order: by them we know our own file.
PERSON_COLUMNS = (
    "email",
    "first_name",
    "last_name",
    "name",
    "language",
    "timezone",
    "country",
    "tags",
    "joined_at",
    "suppressed",
)
#: Then come the one by which links in delivered mail know the person, and what they want to hear of; exports of earlier
#: versions have neither, or only the first. Only in this place: an attribute may have the same name.
LATER_COLUMNS = ("public_id", "topics")
LIST_COLUMNS = ("list", "consent", "consented_at", "changed_at")
_TEXTS = ("first_name", "last_name", "name", "language", "timezone", "country")
_LIST_COLUMN = re.compile(rf"({'|'.join(LIST_COLUMNS)}):([a-z][a-z0-9-]*)")
# OWASP's list of what starts a formula; a cell that looks guarded already is guarded again, so reading is exact.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guarded(cell: str) -> str:
    """The cell, safe to open in a spreadsheet."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell


def header(lists: Sequence[str], attributes: dict[str, bool]) -> list[str]:
    """attributes: names, and whether each is plain text for everybody."""
    columns = [f"{kind}:{name}" for name in lists for kind in LIST_COLUMNS]
    return [
        *PERSON_COLUMNS,
        *LATER_COLUMNS,
        *columns,
        *(name if is_text else f"{name}:json" for name, is_text in attributes.items()),
    ]


def cells(person: Person, lists: Sequence[str], attributes: dict[str, bool]) -> list[str]:
    """One row under that header."""
    plain = [
        person.email,
        person.first_name,
        person.last_name,
        person.given_name,
        person.language,
        person.timezone,
        person.country,
        ", ".join(person.tags),
        _moment(person.joined_at),
        person.suppressed.value if person.suppressed else "",
        public_id.written(person.public_id),
        ", ".join(person.topics),
    ]
    subscribed = {one.list_name: one for one in person.subscriptions}
    for name in lists:
        plain += _subscription_cells(subscribed.get(name))
    for name, is_text in attributes.items():
        value = person.attributes.get(name, "")
        written = "" if name not in person.attributes else json.dumps(value, ensure_ascii=False)
        plain.append(value if is_text else written)
    return [guarded(cell) for cell in plain]


def _subscription_cells(one: Subscription | None) -> list[str]:
    if one is None:
        return [""] * len(LIST_COLUMNS)
    return [one.status.value, one.consent, _moment(one.consented_at), _moment(one.changed_at)]


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def is_own(file: CsvFile) -> bool:
    return file.header[: len(PERSON_COLUMNS)] == PERSON_COLUMNS


def _first_columns(file: CsvFile) -> int:
    """How many columns come before those of lists and attributes."""
    place = len(PERSON_COLUMNS)
    for number, column in enumerate(LATER_COLUMNS):
        if file.header[place + number : place + number + 1] != (column,):
            return place + number
    return place + len(LATER_COLUMNS)


def lists_of(file: CsvFile) -> tuple[str, ...]:
    """The lists that the file has columns for."""
    found = (_LIST_COLUMN.fullmatch(column) for column in file.header)
    return tuple(dict.fromkeys(match[2] for match in found if match))


def read_own(file: CsvFile, declared: Iterable[str], topics: Topics) -> Iterator[ImportRow | RowProblem]:
    """Every person of our own file. Raises UnknownName at once for a list that this project does not have.

    topics: those there are.
    """
    missing = [name for name in lists_of(file) if name not in set(declared)]
    if missing:
        raise UnknownName(
            f'{file.name} has members of the list "{missing[0]}", which this project does not have.',
            hint=f"Add [subscribers.lists.{missing[0]}] to mailer.toml.",
        )
    return _people(file, _filler(file, topics))


def _people(file: CsvFile, fill: Callable[[ImportRow, list[str]], None]) -> Iterator[ImportRow | RowProblem]:
    for line, raw in file.records():
        if len(raw) != len(file.header):
            yield RowProblem(line, raw[0], f"{len(raw)} cells under {len(file.header)} headers")
            continue
        values = [unguarded(cell) for cell in raw]
        try:
            row = ImportRow(line, parse_address(values[0]))
            fill(row, values)
        except (NoAddress, BadCell) as error:
            yield RowProblem(line, values[0], str(error))
        except ValueError as error:
            yield RowProblem(line, values[0], f"not as it was exported: {error}")
        else:
            yield row


def _filler(file: CsvFile, topics: Topics) -> Callable[[ImportRow, list[str]], None]:
    at = {column: position for position, column in enumerate(file.header)}
    lists = lists_of(file)
    attributes = _attribute_columns(file)
    later = range(len(PERSON_COLUMNS), _first_columns(file))

    def fill(row: ImportRow, values: list[str]) -> None:
        for name in _TEXTS:
            setattr(row, name, values[at[name]])
        row.tags = split_tags(values[at["tags"]])
        row.joined_at = datetime.fromisoformat(values[at["joined_at"]])
        row.suppressed = SuppressionReason(values[at["suppressed"]]) if values[at["suppressed"]] else None
        if later:
            row.public_id = public_id.read(values[later[0]])
        if len(later) > 1:
            row.topics = split_topics(values[later[1]], topics)
        row.memberships = tuple(
            Subscription(
                list_name=name,
                status=SubscriptionStatus(values[at[f"list:{name}"]]),
                consent=values[at[f"consent:{name}"]],
                consented_at=datetime.fromisoformat(values[at[f"consented_at:{name}"]]),
                changed_at=datetime.fromisoformat(values[at[f"changed_at:{name}"]]),
            )
            for name in lists
            if values[at[f"list:{name}"]]
        )
        row.attributes = {name: decode(values[place]) for name, place, decode in attributes if values[place]}

    return fill


def _attribute_columns(file: CsvFile) -> list[tuple[str, int, Callable[[str], Any]]]:
    """(name, position, decoder) of the columns that are attributes. Raises InputProblems for any other column."""
    found: list[tuple[str, int, Callable[[str], Any]]] = []
    first = _first_columns(file)
    for position, column in enumerate(file.header[first:], first):
        if _LIST_COLUMN.fullmatch(column):
            continue
        name, colon, suffix = column.partition(":")
        if not ATTRIBUTE.fullmatch(name) or (colon and suffix != "json"):
            message = f'the column "{column}" is none that an export has'
            raise InputProblems([Problem(rule="import", message=message, file=file.name, line=1)])
        found.append((name, position, json.loads if colon else str))
    return found
