"""The connection to SQLite or PostgreSQL, its transactions and its schema version.

`writing()` is BEGIN IMMEDIATE on SQLite: a transaction that reads first and then writes under a plain BEGIN fails with
"database is locked" whatever the timeout says. `reading()` never blocks a writer. No transaction is open while a
message is built or on the wire. Only this folder imports SQLAlchemy.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from mailer.errors import StorageError
from mailer.storage.engine_errors import translated_errors
from mailer.storage.kept import Kept
from mailer.storage.mounts import network_file_system
from mailer.storage.prepared import run
from mailer.storage.write_lock import begin_to_write
from mailer.turns import apart

#: Private from the first byte: the list reveals people's politics.
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
#: Kilobytes of its pages that a connection to SQLite keeps in memory. More would not stay: whenever another has written they are
#: read anew. But whoever goes through a whole table would keep as much of it as he may.
CACHE = 2_048
#: On PostgreSQL: how long a transaction may stand still, and wait for somebody else's.
IDLE_SECONDS, LOCK_SECONDS = 60, 30
#: What the functions of this folder take. Callers hand it on, and need not know what it is.
Connection = sa.Connection
#: JSON as every row holds it. One spelling only: SQLite compares documents as text to see whether they changed.
compact_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
#: Parameters are people: not even the traceback of an error that nobody foresaw may print them.
_ENGINE_OPTIONS: dict[str, Any] = {"json_serializer": compact_json, "hide_parameters": True}


class Database:
    """One database, opened at its current schema. Threads may share it; a process makes its own after a fork or spawn."""

    def __init__(self, url: str) -> None:
        """Open without touching the schema. Raises StorageError for a URL that cannot be used."""
        try:
            self.url = sa.make_url(url)
        except (sa.exc.ArgumentError, ValueError):  # a port that is no number
            raise StorageError(
                "The database URL cannot be read.",
                hint="Write sqlite:///path/to/mailer.db or postgresql+psycopg://user:password@host:5432/name.",
            ) from None
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._prepare_file()
            self.engine = sa.create_engine(
                self.url, connect_args={"timeout": 10, "check_same_thread": False}, **_ENGINE_OPTIONS
            )
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = sa.create_engine(
                self.url.difference_update_query(["prepare_threshold"]),
                pool_pre_ping=True,  # after a restart of the server no connection of the pool is good any more
                pool_size=8,
                connect_args=_postgresql_arguments(self.url),
                **_ENGINE_OPTIONS,
            )
            event.listen(self.engine, "connect", _set_up_postgresql)

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None for PostgreSQL."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @property
    def shown(self) -> str:
        """How messages name it: the file, or the URL without its password."""
        return str(self.file) if self.is_sqlite else self.url.render_as_string(hide_password=True)

    def _prepare_file(self) -> None:
        if sqlite3.sqlite_version_info < (3, 37):
            raise StorageError(
                f"SQLite {sqlite3.sqlite_version} is too old: mailer needs 3.37.", hint="Use a newer Python."
            )
        file = self.file
        if file is None:
            return
        if kind := network_file_system(file):
            raise StorageError(
                f"The database {file} lies on a network file system ({kind}), where SQLite is damaged sooner or later.",
                hint="Put it on a disk of this machine, or use PostgreSQL (MAILER_DATABASE_URL), which many machines may share.",
            )
        if file.is_file():
            return
        if file.is_dir():
            raise StorageError(f"The database {file} is a folder.", hint="Move it away, or name a file.")
        try:
            file.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            file.touch(mode=PRIVATE_FILE)
        except OSError as error:
            raise StorageError(f"The database {file} cannot be made: {error.strerror}.") from None

    @contextmanager
    def reading(self, *, unhurried: bool = False) -> Iterator[sa.Connection]:
        """One consistent view. unhurried: the caller may pause for as long as it likes, as one does who writes to a pager."""
        with translated_errors(), self.engine.connect() as connection, connection.begin():
            if unhurried and not self.is_sqlite:
                connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield connection

    @contextmanager
    def writing(self, kept: Kept | None = None) -> Iterator[sa.Connection]:
        """One transaction, committed at the end or rolled back whole. kept: a connection of the caller's own thread."""
        with translated_errors(), kept.lent(self.engine) if kept else self.engine.connect() as connection:
            connection.execution_options(mailer_writes=True)
            if kept is None:
                with connection.begin():
                    yield connection
            else:
                with _committed_apart(connection):
                    yield connection

    @contextmanager
    def holding(self) -> Iterator[sa.Connection]:
        """One connection for several write transactions of the caller's own (`with connection.begin():`), for bulk work."""
        with translated_errors(), self.engine.connect() as connection:
            yield connection.execution_options(mailer_writes=True)

    def clear_log(self) -> None:
        """Empty SQLite's write-ahead log: while another program has the file open, what was deleted stands there still.

        Waits for whoever reads; one who reads on for longer keeps the log until they end.
        """
        if self.is_sqlite:
            with translated_errors(), self.engine.connect() as connection:
                driver = connection.connection.driver_connection
                assert driver is not None
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()  # has to be outside a transaction

    def dispose(self) -> None:
        self.engine.dispose()


@contextmanager
def _committed_apart(connection: sa.Connection) -> Iterator[None]:
    """A transaction at whose end the disk is waited for in a thread of its own: other jobs of ours go on meanwhile."""
    transaction = connection.begin()
    try:
        yield
    except BaseException:
        transaction.rollback()
        raise
    apart(transaction.commit)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours, not the driver's
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # NORMAL survives kill -9 but a power cut rolls back thousands of `sent` marks
        "busy_timeout=10000",
        "foreign_keys=ON",
        "temp_store=FILE",  # what is too large for the cache when it is sorted: memory stays the same for any list
        f"cache_size=-{CACHE}",
        "secure_delete=FAST",  # a person's old address does not stay legible in the pages that are written anyway
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _postgresql_arguments(url: sa.URL) -> dict[str, Any]:
    """What the driver is told, unless the URL says otherwise: a network that was cut is noticed in seconds, not in hours.

    prepare_threshold is the driver's own: after so many runs a statement is prepared; "none" is for a PgBouncer before 1.21,
    which hands the next transaction to another server connection, where nothing was.
    """
    arguments: dict[str, Any] = {
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        "application_name": "mailer",
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    threshold = str(url.query.get("prepare_threshold", ""))
    if threshold and threshold != "none" and not threshold.isdigit():
        raise StorageError(
            f'prepare_threshold in the database URL is a number or "none", not "{threshold}".',
            hint="Behind a PgBouncer before 1.21, in transaction mode, write ?prepare_threshold=none.",
        )
    if threshold:
        arguments["prepare_threshold"] = None if threshold == "none" else int(threshold)
    return arguments


def _set_up_postgresql(connection: Any, _record: Any) -> None:
    """A process that is frozen in the middle of a transaction must not hold up the others for ever."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
        cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        # An audience is read page by page. Compiling the query of each takes ten times as long as reading it.
        cursor.execute("SET jit = off")
    connection.commit()


def _begin_sqlite(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("mailer_writes"):
        begin_to_write(connection)
    else:
        run(connection, "BEGIN")
