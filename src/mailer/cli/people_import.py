"""`mailer import`: people from a file, and back out again with --undo."""

import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import NUMBER, Output
from mailer.cli.subscriber_topics import topics_of
from mailer.domain.count import people
from mailer.errors import DiskFull, MailerError, UnknownName, UsageError

if TYPE_CHECKING:
    from mailer.storage.import_files import FileImport, FileOptions
    from mailer.storage.import_undo import Undone

_WIDTH = 96
_ENCODINGS = {"cp1252": "Windows-1252", "utf-8": "UTF-8", "utf-8-sig": "UTF-8"}
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}


@click.command("import")
@click.argument("file", metavar="FILE|-", required=False)
@click.option("--list", "list_name", metavar="L", help="The list they joined; default: subscribers.default_list.")
@click.option(
    "--format", "format_", type=click.Choice(["auto", "csv", "mailer"]), default="auto", help="mailer: our own export."
)
@click.option(
    "--map", "maps", metavar="'Correo=email'", multiple=True, help="Say what a column is; 'Phone=' leaves it out."
)
@click.option("--tag", "tags", metavar="T", multiple=True, help="Give everybody in the file this tag.")
@click.option("--consent", metavar="TEXT", help="What they agreed to, where and when.")
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@click.option("--undo", metavar="BATCH", type=NUMBER, help="Take an earlier import back.")
@click.pass_obj
def import_(output: Output, /, file: str | None, undo: int | None, **options: Any) -> None:
    """Bring people in from a CSV file (`-` reads standard input). Mails nobody, and brings back nobody who left."""
    if undo is not None:
        if file is not None or any(options[name] for name in ("list_name", "maps", "tags", "consent", "dry_run")):
            raise UsageError("--undo stands alone.", hint="Write: mailer import --undo 3")
        _undo(output, undo)
    elif file is None:
        raise UsageError("Which file?", hint="Write: mailer import members.csv")
    else:
        _import(output, file, **options)


def _import(output: Output, file: str, **options: Any) -> None:
    from mailer.sources.problem_files import beside
    from mailer.storage.import_files import import_file

    settings = _options(output, "standard input" if file == "-" else file, **options)
    with _readable(file) as path, _progress(output) as progress:
        done = import_file(
            lambda: output.app.database,
            path,
            settings,
            problems=beside(Path("import.csv") if file == "-" else path),
            at=output.app.clock(),
            progress=progress,
        )
    output.document(_document(done, dry_run=settings.dry_run))
    output.data(_summary(done))
    if settings.dry_run:
        output.say("Nothing was changed. Run again without --dry-run to import.")
    else:
        output.say(f"To take it back: {_command(f'import --undo {done.batch}')}")
        output.next("segment count everyone")


def _command(rest: str) -> str:
    from mailer.cli.output import invocation

    return f"{invocation()} {rest}"


def _options(output: Output, name: str, **options: Any) -> "FileOptions":
    from mailer.domain.naming import tag_name
    from mailer.storage.import_files import FileOptions

    subscribers = output.app.settings.subscribers
    list_name = options["list_name"]
    if list_name is not None and list_name not in subscribers.lists:
        raise UnknownName(
            f'There is no list "{list_name}".', hint=f"The lists: {', '.join(sorted(subscribers.lists))}."
        )
    bad = next((tag for tag in options["tags"] if not tag_name(tag)), None)
    if bad is not None:
        raise UsageError(f'"{bad}" cannot be a tag.', hint="A tag is a short text without commas and semicolons.")
    return FileOptions(
        name=name,
        list_name=list_name,
        default_list=subscribers.default_list,
        declared_lists=tuple(subscribers.lists),
        topics=topics_of(output),
        consent=(options["consent"] or "").strip(),
        tags=tuple(dict.fromkeys(map(tag_name, options["tags"]))),
        maps=options["maps"],
        format=options["format_"],
        dry_run=options["dry_run"],
    )


@contextmanager
def _readable(file: str) -> Iterator[Path]:
    """A file that can be read twice; standard input is kept in a private one for the while."""
    if file != "-":
        if Path(file).is_dir():
            raise MailerError(f"{file} is a folder.", hint="Name a file in it.")
        yield Path(file)
        return
    with tempfile.NamedTemporaryFile(prefix="mailer-", suffix=".csv") as kept:
        try:
            while chunk := sys.stdin.buffer.read(1 << 20):
                kept.write(chunk)
            kept.flush()
        except OSError as error:
            raise DiskFull from error
        yield Path(kept.name)


@contextmanager
def _progress(output: Output) -> Iterator[Any]:
    """A bar on a terminal, once the number of rows is known."""
    if output.quiet or output.as_json or not sys.stderr.isatty():
        yield lambda _read, _all: None
        return
    bars: list[Any] = []

    def show(read: int, total: int) -> None:
        if not bars:
            bars.append(click.progressbar(length=total, label="Importing", file=sys.stderr).__enter__())
        bars[0].update(read - bars[0].pos)

    try:
        yield show
    finally:
        if bars:
            bars[0].__exit__(None, None, None)


def _document(done: "FileImport", *, dry_run: bool) -> dict[str, Any]:
    return {
        "file": done.file.name,
        "format": done.format,
        "list": done.list_name,
        "batch": done.batch,
        "dry_run": dry_run,
        **done.counts.to_json(),
        "problems": done.problems,
    }


def _summary(done: "FileImport") -> str:
    counts, file = done.counts, done.file
    kind = f"{_DELIMITERS[file.delimiter]}, {_ENCODINGS.get(file.encoding, 'UTF-16')}"
    lines = [f"Read {file.name}: {counts.read:,} rows ({'our own export' if done.format == 'mailer' else kind})"]
    lines += _wrapped(f"{header} -> {target or '(left out)'}" for header, target in done.columns)
    where = f" on {done.list_name}" if done.list_name else ""
    lines.append(f"  new{where} {counts.new:,}   updated {counts.updated:,}   unchanged {counts.unchanged:,}")
    for number, words in (
        (counts.suppressed, "left or suppressed, so left alone"),
        (counts.invalid, "cannot be used"),
        (counts.duplicate, "the same address again"),
    ):
        if number:
            lines.append(f"  {number:,} {words}")
    if done.problems:
        lines.append(f"Rows that were not used, with their lines and reasons: {done.problems}")
    return "\n".join(lines)


def _wrapped(entries: Iterable[str]) -> list[str]:
    """As many entries on a line as fit beside each other."""
    lines: list[str] = []
    for entry in entries:
        if lines and len(lines[-1]) + len(entry) < _WIDTH:
            lines[-1] += f"   {entry}"
        else:
            lines.append(f"  {entry}")
    return lines


def _undo(output: Output, batch: int) -> None:
    from mailer.storage.import_undo import undo_import

    with output.app.database.writing() as connection:
        done = undo_import(connection, batch, at=output.app.clock())
    output.document(
        {
            "batch": done.batch,
            "file": done.file,
            "removed": {"people": done.people, "memberships": done.memberships, "tags": done.tags},
            "restored": {"topics": done.topics},
            "kept": {"mailed": done.mailed, "changed": done.changed, "updated": done.updated},
        }
    )
    output.data(_undone(done))


def _undone(done: "Undone") -> str:
    lines = [f"Import {done.batch} ({done.file}) is taken back: {people(done.people)} removed."]
    if done.memberships or done.tags:
        lines.append(
            f"  from people who stay: {done.memberships:,} memberships and {done.tags:,} tags that it had given them"
        )
    for number, words in (
        (done.topics, "people want to hear of what they did before the import again"),
        (done.mailed, "people stay, because they have been mailed since"),
        (done.changed, "people stay, because something about them has changed since"),
        (done.updated, "people were here before; what the import wrote into their fields stays"),
    ):
        if number:
            lines.append(f"  {number:,} {words}")
    return "\n".join(lines)
