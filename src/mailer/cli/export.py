"""`mailer export`: people out of the database, in a form that `import` reads back exactly."""

import csv
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from mailer.cli.output import Output, write_list
from mailer.cli.people_choice import chosen, full_document, where_option
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.domain.person import Person
    from mailer.storage.database import Connection


@click.command()
@click.option("--segment", metavar="S", help="Only who would be mailed now; default: everybody, those who left too.")
@where_option
@click.option(
    "--format", "format_", type=click.Choice(["csv", "json"]), default="csv", show_default=True, help="What to write."
)
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A private file instead of standard output.",
)
@click.pass_obj
def export(output: Output, segment: str | None, where: str | None, format_: str, target: Path | None) -> None:
    """Write people as CSV or JSON. The CSV opens safely in a spreadsheet, and `mailer import` reads it back exactly."""
    from mailer.domain.count import people as counted_people
    from mailer.storage import audiences, people

    narrowed = segment is not None or where is not None
    audience = chosen(output, segment, where).audience if narrowed else None
    with output.app.database.reading(unhurried=True) as connection:
        ids = None if audience is None else audiences.members(audience, now=output.app.clock())
        with _target(target, mark=format_ == "csv") as file:
            found = people.people(connection, ids)
            if format_ == "csv" and not output.as_json:
                number = _csv(connection, found, file)
            else:
                number = write_list(file, "subscribers", map(full_document, found))
    output.say(f"{counted_people(number)}{f' in {target}' if target else ''}.")


def _csv(connection: "Connection", found: Iterator["Person"], file: TextIO) -> int:
    from mailer.sources import own_csv
    from mailer.storage import people

    lists, attributes = people.lists_in_use(connection), people.attribute_columns(connection)
    writer = csv.writer(file)
    writer.writerow(own_csv.header(lists, attributes))
    number = 0
    for person in found:
        writer.writerow(own_csv.cells(person, lists, attributes))
        number += 1
    return number


@contextmanager
def _target(path: Path | None, *, mark: bool) -> Iterator[TextIO]:
    """Standard output, or a new private file; `mark`: with the byte order mark by which Excel knows UTF-8."""
    if path is None:
        # The csv module writes the line ends itself.
        sys.stdout.reconfigure(newline="", encoding="utf-8")  # type: ignore[union-attr]
        yield sys.stdout
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(descriptor, 0o600)  # an older file keeps its mode otherwise
        with os.fdopen(descriptor, "w", encoding="utf-8-sig" if mark else "utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise MailerError(f"{path} cannot be written: {error.strerror}.", hint="Name another file.") from None
