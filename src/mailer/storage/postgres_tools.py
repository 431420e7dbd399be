"""pg_dump and pg_restore, which come with PostgreSQL: called with the database's own address, its password never on a command line."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from mailer.errors import StorageError
from mailer.storage.database import Database
from mailer.storage.stock import Stock, take_stock

_HOW_TO_GET = "Install PostgreSQL's client programs (Debian: postgresql-client), no older than the server."


def dump(database: Database, file: Path) -> tuple[Stock, bool]:
    """Write the database of one moment into `file`: what it holds, and whether the dump was restored to see that it does.

    Raises StorageError.
    """
    with database.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        moment = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        stock = take_stock(connection)
        _run("pg_dump", database, "--format=custom", f"--file={file}", f"--snapshot={moment}")
    listed = contents(file)
    missing = {"subscriber", "mailing", "delivery"} - listed
    if missing:
        raise StorageError(f"The dump holds no table {', '.join(sorted(missing))}: it was thrown away.")
    with _scratch(database) as elsewhere:
        if elsewhere is None:
            return stock, False
        restore(elsewhere, file)
        with elsewhere.reading() as connection:
            found = take_stock(connection)
    if found != stock:
        raise StorageError(f"The dump holds {found}, the database {stock}: it was thrown away. Try again.")
    return stock, True


def contents(file: Path) -> set[str]:
    """The tables whose data a dump holds. Raises StorageError for a file that is none."""
    lines = _call("pg_restore", "--list", str(file)).splitlines()
    # "3456; 0 16390 TABLE DATA public delivery mailer"
    return {words[6] for words in map(str.split, lines) if words[3:5] == ["TABLE", "DATA"] and len(words) > 6}


def restore(database: Database, file: Path) -> None:
    """Put what `file` holds in the place of what is there: all of it, or nothing."""
    _run(
        "pg_restore",
        database,
        *("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"),
        str(file),
    )


@contextmanager
def _scratch(database: Database) -> Iterator[Database | None]:
    """An empty database beside it, for as long as the block runs; None where we may make none."""
    name = f"mailer_verify_{secrets.token_hex(6)}"
    administrator = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with administrator.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    except sa.exc.DBAPIError:
        yield None
        return
    made = Database(database.url.set(database=name).render_as_string(hide_password=False))
    try:
        yield made
    finally:
        made.dispose()
        with suppress(sa.exc.DBAPIError), administrator.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE "{name}"')


def _run(program: str, database: Database, *options: str) -> None:
    url = database.url.set(drivername="postgresql", password=None).render_as_string()
    password = {"PGPASSWORD": str(database.url.password)} if database.url.password else {}
    _call(program, f"--dbname={url}", *options, environment=password)


def _call(program: str, *options: str, environment: dict[str, str] | None = None) -> str:
    found = shutil.which(program)
    if found is None:
        raise StorageError(f"{program} is not installed here, and without it there is no backup.", hint=_HOW_TO_GET)
    kept = os.environ | {"LC_ALL": "C"} | (environment or {})
    done = subprocess.run(  # noqa: S603 (our own words, and a URL without its password)
        [found, *options], env=kept, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip()[:200])
        hint = _HOW_TO_GET if "version mismatch" in done.stderr else ""
        raise StorageError(f"{program} failed: {said.removeprefix(f'{program}: error: ')}", hint=hint)
    return done.stdout
