"""`mailer suppress`: addresses that may not be mailed, whatever lists they are on."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import Output, instant
from mailer.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from mailer.storage.suppressions import Suppression


@click.group()
def suppress() -> None:
    """Addresses that are never mailed: complaints, dead addresses, people who asked to hear nothing more."""


def _document(one: "Suppression") -> dict[str, Any]:
    erased = one.email_key.startswith("sha256:")
    return {
        "email": None if erased else one.email_key,
        "reason": one.reason.value,
        "detail": one.detail,
        "at": instant(one.at),
    }


@suppress.command("list")
@click.pass_obj
def list_(output: Output) -> None:
    """All of them, newest first."""
    from mailer.storage.suppressions import everyone

    with output.app.database.reading(unhurried=True) as connection:
        documents = map(_document, everyone(connection))
        if output.as_json:
            output.list_document("suppressions", documents)
        else:
            for one in documents:
                output.data(f"{one['at']}   {one['reason']:<12} {one['email'] or '(erased)':<36} {one['detail']}")


def _key(text: str) -> str:
    from mailer.domain.address import email_key
    from mailer.sources.addresses import NoAddress, parse_address

    try:
        return email_key(parse_address(text.strip()))
    except NoAddress as error:
        raise UsageError(f'"{text}" cannot be used: {error}.') from None


@suppress.command()
@click.argument("emails", metavar="EMAIL…", nargs=-1, required=True)
@click.option("--reason", "detail", metavar="TEXT", default="", help="Why, in words.")
@click.pass_obj
def add(output: Output, emails: tuple[str, ...], detail: str) -> None:
    """Never mail these addresses, on any list."""
    from mailer.domain.subscriber import SuppressionReason
    from mailer.storage import suppressions

    at, keys = output.app.clock(), [_key(email) for email in emails]
    with output.app.database.writing() as connection:
        added = [
            key
            for key in keys
            if suppressions.suppress(connection, key, reason=SuppressionReason.MANUAL, detail=detail, at=at)
        ]
    output.document({"added": added})
    output.data(f"{len(added):,} suppressed, {len(keys) - len(added):,} were so already.")


@suppress.command()
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(output: Output, email: str, yes: bool) -> None:
    """Let an address be mailed again."""
    from mailer.domain.subscriber import SuppressionReason
    from mailer.storage import suppressions

    key = _key(email)
    with output.app.database.reading() as connection:
        known = suppressions.find(connection, key)
    if known is None:
        raise UnknownName(f"{email} is not suppressed.", hint="See `mailer suppress list`.")
    said_so = (SuppressionReason.LEFT, SuppressionReason.COMPLAINT, SuppressionReason.ERASED)
    if known.reason in said_so and not yes:
        question = f"{email} asked for no more mail ({known.reason.value}). Type the address if they changed their mind"
        output.confirm(question, email)
    with output.app.database.writing() as connection:
        suppressions.release(connection, key, at=output.app.clock())
    output.document({"removed": email, "reason": known.reason.value})
    output.data(f"{email} may be mailed again, on the lists it is still on.")


@suppress.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--map", "maps", metavar="'Correo=email'", multiple=True, help="Say which column holds the addresses.")
@click.option("--reason", "detail", metavar="TEXT", default="", help="Why, in words; default: the file's name.")
@click.pass_obj
def import_(output: Output, file: Path, maps: tuple[str, ...], detail: str) -> None:
    """Suppress every address of a CSV file: another tool's unsubscribed, bounced or complained."""
    from mailer.domain.address import email_key
    from mailer.domain.imports import RowProblem
    from mailer.domain.subscriber import SuppressionReason
    from mailer.sources.columns import plan_columns
    from mailer.sources.csv_files import open_csv
    from mailer.sources.problem_files import ProblemFile, beside
    from mailer.sources.subscriber_files import read_people
    from mailer.storage import suppressions

    table = open_csv(file, str(file))
    columns = plan_columns(table, maps)
    at, added, read = output.app.clock(), 0, 0
    with ProblemFile(beside(file)) as problems, output.app.database.writing() as connection:
        for row in read_people(table, columns):
            read += 1
            if isinstance(row, RowProblem):
                problems.add(row)
            elif suppressions.suppress(
                connection,
                email_key(row.email),
                reason=SuppressionReason.IMPORTED,
                detail=detail or f"import of {file.name}",
                at=at,
            ):
                added += 1
    output.document({"file": str(file), "read": read, "added": added, "problems": problems.path})
    output.data(f"Read {read:,} rows: {added:,} suppressed, the others were so already or hold no address.")
    if problems.path:
        output.data(f"Rows without a usable address: {problems.path}")
