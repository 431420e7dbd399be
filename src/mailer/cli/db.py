"""`mailer db`: the database's schema and health, its backups, and how one comes back."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli.output import Output
from mailer.errors import StorageError

if TYPE_CHECKING:
    from mailer.settings import Settings
    from mailer.storage.stock import Stock

_NO_DATABASE = "There is no database yet."
_MAKE_ONE = "Make it: `mailer db upgrade`, or import people."


@click.group()
def db() -> None:
    """The database: bring it to the current schema, look whether it is sound, back it up, bring a backup back."""


@db.command()
@click.pass_obj
def upgrade(output: Output) -> None:
    """Make the database, or bring it to the current schema. Every command does that by itself."""
    from mailer.storage.database import Database
    from mailer.storage.schema import HEAD
    from mailer.storage.schema import upgrade as bring_up

    database = Database(output.app.database_url)
    changed = bring_up(database)
    output.document({"database": database.shown, "revision": HEAD, "changed": changed})
    output.data(f"{database.shown}: {'brought to' if changed else 'is at'} schema {HEAD}.")


@db.command()
@click.pass_obj
def check(output: Output) -> None:
    """Look whether the database is sound, private and at the current schema. Changes nothing."""
    from mailer.storage.database import Database
    from mailer.storage.health import examine

    if not output.app.has_database:
        raise StorageError(_NO_DATABASE, hint=_MAKE_ONE)
    database = Database(output.app.database_url)
    found = examine(database)
    output.document(
        {"database": database.shown, "revision": found.revision, "ok": not found.problems, "problems": found.problems}
    )
    for problem in found.problems:
        output.data(problem)
    if found.problems:
        raise StorageError(f"{database.shown}: {len(found.problems)} things to mend.")
    output.data(f"{database.shown}: sound, at schema {found.revision}.")


@db.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.pass_obj
def backup(output: Output, file: Path) -> None:
    """Copy the database into FILE, while everything goes on, and read the copy again to see that it holds the same.

    FILE must not be there yet; in a folder it gets a name with the time. It holds people: keep it as private as the
    database, and away from it.
    """
    from mailer.storage.backup import back_up

    app = output.app
    if not app.has_database:
        raise StorageError(_NO_DATABASE, hint=_MAKE_ONE)
    now = app.clock()
    made = back_up(app.database, _named(file, now, is_sqlite=app.database.is_sqlite), now=now)
    output.data(f"{made.file}: {made.stock}, {made.file.stat().st_size:,} bytes.")
    if made.restored:
        output.say("Verified: it was opened as a database, and holds what the original held at that moment.")
    else:
        output.warn(
            "It was read through, and not restored for a trial: this login may make no database (ALTER ROLE … CREATEDB)."
        )
    beside = _kept_beside(app.settings)
    if beside:
        output.say(f"No part of it, and as needful: {', '.join(beside)}. Keep them too, on another machine.")
    output.document(_document(made.stock) | {"file": made.file, "verified": made.restored, "keep": beside})


@db.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--force", is_flag=True, help="Also in the place of a database that holds people; that one is kept.")
@click.pass_obj
def restore(output: Output, file: Path, *, force: bool) -> None:
    """Bring the backup in FILE back: whole, or not at all.

    Everything comes up paused, for the backup does not know what was sent since it was made: look at each mailing, then
    resume or cancel it. What was armed has to be armed again. Nothing may be running meanwhile.
    """
    from mailer.domain.mailing import MailingState
    from mailer.storage import mailings
    from mailer.storage.database import Database
    from mailer.storage.restore import bring_back

    app = output.app
    database = Database(app.database_url)
    done = bring_back(database, file, force=force, now=app.clock())
    database.dispose()
    output.data(f"{database.shown}: {done.stock}; {done.reason}.")
    if done.kept:
        output.say(f"What was there before is in {done.kept}.")
    with app.database.reading() as connection:
        stopped = mailings.everything(connection, states=frozenset({MailingState.PAUSED, MailingState.HELD}))
    for one in stopped:
        output.say(f"{one.slug} ({one.id}) is {one.state}.")
    output.next(f"status {stopped[0].id}" if stopped else "status")
    document = {"reason": done.reason, "kept": done.kept, "stopped": [one.id for one in stopped]}
    output.document(_document(done.stock) | {"database": database.shown} | document)


def _named(file: Path, now: datetime, *, is_sqlite: bool) -> Path:
    return file / f"mailer-{now:%Y%m%d-%H%M%S}.{'db' if is_sqlite else 'dump'}" if file.is_dir() else file


def _kept_beside(settings: "Settings") -> list[str]:
    """What a restored database needs and does not hold."""
    if settings.root is None:
        return ["the secret key"]
    private = [settings.root / ".mailer" / "secret.key", *sorted((settings.root / ".mailer" / "dkim").glob("*"))]
    written = [settings.root / name for name in ("mailer.toml", "campaigns", "templates", "subscribers")]
    return [str(path.relative_to(settings.root)) for path in (*private, *written) if path.exists()]


def _document(stock: "Stock") -> dict[str, object]:
    return {
        "people": stock.people,
        "mailings": stock.mailings,
        "rows": {state.name.lower(): number for state, number in stock.rows.items()},
    }
