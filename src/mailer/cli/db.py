"""`mailer db`: the database's schema and health."""

import click

from mailer.cli.output import Output
from mailer.errors import StorageError


@click.group()
def db() -> None:
    """The database: bring it to the current schema, look whether it is sound."""


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
        raise StorageError("There is no database yet.", hint="Make it: `mailer db upgrade`, or import people.")
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
