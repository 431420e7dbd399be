"""A file of people into the database: the one way in, for the command and the demo."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from mailer.domain.imports import ImportCounts, ImportPlan, ImportRow, RowProblem
from mailer.domain.topics import Topics
from mailer.errors import UsageError
from mailer.sources import own_csv
from mailer.sources.columns import plan_columns
from mailer.sources.csv_files import CsvFile, open_csv
from mailer.sources.problem_files import ProblemFile
from mailer.sources.subscriber_files import read_people
from mailer.storage.database import Database
from mailer.storage.imports import import_people

FORMATS = ("auto", "csv", "mailer")
_TOLD_EVERY = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """list_name None: the default list, or the lists that our own export names. maps: as `plan_columns` takes them.

    topics: those that a cell may name.
    """

    name: str
    list_name: str | None
    default_list: str
    declared_lists: tuple[str, ...]
    topics: Topics = field(default_factory=Topics)
    consent: str = ""
    tags: tuple[str, ...] = ()
    maps: Sequence[str] = ()
    format: str = "auto"
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileImport:
    """columns: (header, where it goes); problems: where the rows that were not used are named, or None."""

    file: CsvFile
    format: str
    list_name: str | None
    columns: tuple[tuple[str, str], ...]
    batch: int | None
    counts: ImportCounts
    problems: Path | None


def import_file(
    database: Callable[[], Database],
    path: Path,
    options: FileOptions,
    *,
    problems: Path,
    at: datetime,
    progress: Callable[[int, int], None] = lambda _read, _all: None,
) -> FileImport:
    """Look through the file, then bring its people in. `progress` gets rows read and rows there are, now and then.

    Raises InputProblems, UnknownName, UsageError before anything is changed and before `database` is opened.
    """
    file = open_csv(path, options.name)
    own = options.format == "mailer" or (options.format == "auto" and own_csv.is_own(file))
    rows, columns, fields = _own_rows(file, options) if own else _rows(file, options)
    list_name = None if own else options.list_name or options.default_list
    plan = ImportPlan(
        file=options.name,
        list_name=list_name,
        consent=options.consent or f"import of {options.name} on {at:%Y-%m-%d}",
        tags=options.tags,
        dry_run=options.dry_run,
        fields=fields,
    )
    with ProblemFile(problems) as problem_file:
        counted = _told(rows, file.rows, progress)
        done = import_people(database(), plan, counted, at=at, report=problem_file.add)
    return FileImport(
        file=file,
        format="mailer" if own else "csv",
        list_name=list_name,
        columns=columns,
        batch=done.batch,
        counts=done.counts,
        problems=problem_file.path,
    )


#: What is in the file, its columns as `FileImport` tells of them, and its fields as an `ImportPlan` does.
Rows = tuple[Iterable[ImportRow | RowProblem], tuple[tuple[str, str], ...], frozenset[str] | None]


def _rows(file: CsvFile, options: FileOptions) -> Rows:
    columns = plan_columns(file, options.maps)
    targets = {position: name for name, position in (*columns.fields.items(), *columns.attributes.items())}
    shown = tuple((header, targets.get(position, "")) for position, header in enumerate(file.header) if header)
    return read_people(file, columns, options.topics), shown, frozenset(columns.fields)


def _own_rows(file: CsvFile, options: FileOptions) -> Rows:
    if options.list_name or options.maps:
        raise UsageError(
            f"{file.name} is an export of this program: it says itself which column and which list is which.",
            hint="Leave out --list and --map, or read it as any other file with --format csv.",
        )
    if not own_csv.is_own(file):
        raise UsageError(f"{file.name} is no export of this program.", hint="Leave out --format.")
    return own_csv.read_own(file, options.declared_lists, options.topics), (), None


def _told(
    rows: Iterable[ImportRow | RowProblem], total: int, progress: Callable[[int, int], None]
) -> Iterator[ImportRow | RowProblem]:
    source, read = iter(rows), 0
    for first in source:
        progress(read, total)
        yield first
        yield from islice(source, _TOLD_EVERY - 1)
        read += _TOLD_EVERY
    progress(total, total)
