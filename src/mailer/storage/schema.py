"""The schema's version: one Alembic history for both engines, run from code.

`upgrade` creates or migrates in one transaction (on PostgreSQL under an advisory lock), so a failing step leaves
nothing behind and programs that start together do not disturb each other. A database that is current costs one query
and no import of Alembic. A database from a newer mailer is refused.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from mailer.errors import SchemaTooNew, StorageError
from mailer.storage.database import LOCK_SECONDS, Database
from mailer.storage.engine_errors import translated_errors

#: The newest revision in `migrations/versions`; a test compares.
HEAD = "0001"
MIGRATIONS = Path(__file__).parent / "migrations"
#: How long the others wait for the one who migrates.
LONGEST_MIGRATION = "10min"
#: Any number that no other program on the same PostgreSQL would take: "mailer" in ASCII.
_LOCK = 0x6D61696C6572


def upgrade(database: Database) -> bool:
    """Bring the schema to HEAD; True if anything was done. Raises SchemaTooNew, StorageError, DatabaseBusy, DiskFull."""
    with database.reading() as connection:
        found = current_revision(connection)
    if found == HEAD:
        return False
    with _migrating(database) as connection:
        found = current_revision(connection)  # another program may have been first
        if found == HEAD:
            return False
        _run(connection, found)
    return True


def current_revision(connection: sa.Connection) -> str | None:
    """The revision the database is at, or None when it has no schema of ours."""
    has_version = (
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
        if connection.dialect.name == "sqlite"
        else "SELECT to_regclass('alembic_version')"
    )
    if connection.exec_driver_sql(has_version).scalar() is None:
        return None
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision


@contextmanager
def _migrating(database: Database) -> Iterator[sa.Connection]:
    """One write transaction that nobody shares."""
    with translated_errors(), database.engine.connect() as connection:
        connection = connection.execution_options(mailer_writes=True)  # noqa: PLW2901
        if not database.is_sqlite:
            with connection.begin():
                # Whoever came first may have a large table to rebuild; afterwards nobody is waited for that long.
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LONGEST_MIGRATION}'")
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                yield connection
            return
        # Rebuilding a table drops the old one, which would cascade; the pragma works only outside a transaction.
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF").close()
        try:
            with connection.begin():
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise StorageError("The database has rows that point at nothing; it was left as it was.")
        finally:
            driver.execute("PRAGMA foreign_keys=ON").close()


def _run(connection: sa.Connection, found: str | None) -> None:
    from alembic import command  # noqa: PLC0415 (a quarter of a second, needed once)
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaTooNew
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
