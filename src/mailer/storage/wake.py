"""A hint from whoever makes work to whoever waits for it: there is something to do, look now.

It may be lost, and then costs no more than the look that comes anyway. It is given when a mailing begins to send or a schedule changes, never for
a row: on PostgreSQL a commit with a NOTIFY waits for every other one. PostgreSQL wakes all machines; it needs a connection of its own, which behind
a PgBouncer in transaction mode hears nothing. SQLite has no such thing: there the hint is a number in the header of the file,
in the transaction like all else, and a look at whether the file changed takes a few microseconds.
"""

import logging
import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa

from mailer.storage.database import Database

logger = logging.getLogger(__name__)
#: Seconds between two looks at a SQLite file.
LOOK_EVERY = 0.05
#: Seconds before a connection that was lost is made anew, doubling.
FIRST_REST, LONGEST_REST = 1.0, 30.0
_CHANNEL = "mailer"


def tell(connection: sa.Connection) -> None:
    """Those who wait are woken when the connection's transaction is committed."""
    if connection.dialect.name == "sqlite":
        number = connection.exec_driver_sql("PRAGMA user_version").scalar() or 0
        connection.exec_driver_sql(f"PRAGMA user_version = {(number + 1) % 2**31}")
    else:
        connection.exec_driver_sql(f"NOTIFY {_CHANNEL}")


@contextmanager
def woken(database: Database, wake: Callable[[], None]) -> Iterator[None]:
    """Within the block `wake` is called, by a thread of its own, soon after somebody's `tell`; now and then for nothing."""
    listener = _FileListener(database, wake) if database.is_sqlite else _ServerListener(database, wake)
    thread = threading.Thread(target=listener.run, name="wake", daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.stop()
        thread.join()


class _FileListener:
    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._wake, self._stopped = wake, threading.Event()
        self._connection = database.engine.raw_connection()
        self._errors = database.engine.dialect.loaded_dbapi.Error
        # Before anybody's first look, so that nothing falls between that and ours.
        self._changes, self._number = self._read("data_version"), self._read("user_version")

    def _read(self, pragma: str) -> int:
        driver: Any = self._connection.driver_connection
        number: int = driver.execute(f"PRAGMA {pragma}").fetchone()[0]
        return number

    def run(self) -> None:
        try:
            while not self._stopped.wait(LOOK_EVERY):
                with suppress(self._errors):
                    self._look()
        finally:
            self._connection.close()

    def _look(self) -> None:
        changes = self._read("data_version")
        if changes == self._changes:
            return
        number = self._read("user_version")
        if number != self._number:
            self._wake()
        self._changes, self._number = changes, number

    def stop(self) -> None:
        self._stopped.set()


class _ServerListener:
    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._database, self._wake = database, wake
        self._errors = (database.engine.dialect.loaded_dbapi.Error, sa.exc.SQLAlchemyError, OSError)
        self._stopped, self._stopping = os.pipe()
        self._rest = FIRST_REST

    def run(self) -> None:
        """Listen; a connection that is lost is made anew, and whoever waits is woken for what may have been missed."""
        try:
            while not self._is_stopped(0):
                try:
                    self._listen()
                except self._errors as error:
                    logger.info("wake-up connection lost: error=%s", type(error).__name__)
                    self._is_stopped(self._rest)
                    self._rest = min(self._rest * 2, LONGEST_REST)
        finally:
            os.close(self._stopped)

    def _listen(self) -> None:
        with _own_connection(self._database) as driver:
            driver.execute(f"LISTEN {_CHANNEL}")
            self._wake()
            self._rest = FIRST_REST
            while True:
                ready, _, _ = select.select([driver.fileno(), self._stopped], [], [])
                if self._stopped in ready:
                    return
                if list(driver.notifies(timeout=0)):
                    self._wake()

    def _is_stopped(self, seconds: float) -> bool:
        return bool(select.select([self._stopped], [], [], seconds)[0])

    def stop(self) -> None:
        os.close(self._stopping)


@contextmanager
def _own_connection(database: Database) -> Iterator[Any]:
    """One that the pool knows nothing of, and never in a transaction."""
    taken = database.engine.raw_connection()
    driver: Any = taken.driver_connection
    taken.detach()
    try:
        driver.autocommit = True
        yield driver
    finally:
        driver.close()  # ours alone: the pool's way of closing first rolls back, and complains of a server that is gone
