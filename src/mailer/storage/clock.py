"""One time for all machines at a PostgreSQL: the server's.

When an undo window ends, who is alive and what is too late must not depend on whose clock is wrong. The server is asked now and
then; in between this machine only counts seconds. On SQLite there is one machine, and its clock is right by definition.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from mailer.errors import StorageError
from mailer.runtime import MACHINE, Runtime
from mailer.storage.database import Database

logger = logging.getLogger(__name__)
ASK_EVERY = 30.0


class SharedClock:
    """Called, it gives the time. Until the database is open that is this machine's."""

    def __init__(
        self,
        database: Callable[[], Database | None],
        machine: Callable[[], datetime],
        runtime: Runtime = MACHINE,
    ) -> None:
        """database: what it asks, None while nothing is open; it is never opened for this."""
        self._database, self._machine, self._runtime = database, machine, runtime
        self._asking = threading.Lock()
        self._ask_at = 0.0
        self._known: tuple[datetime, float] | None = None  #: the server's time, and when it was that by our count

    def __call__(self) -> datetime:
        database = self._database()
        if database is not None and self._runtime.monotonic() >= self._ask_at:
            self._ask(database)
        if self._known is None:
            return self._machine()
        at, counted = self._known
        return at + timedelta(seconds=self._runtime.monotonic() - counted)

    def _ask(self, database: Database) -> None:
        """One thread does; a server that does not answer is asked again later."""
        if not self._asking.acquire(blocking=False):
            return
        try:
            began = self._runtime.monotonic()
            self._ask_at = began + ASK_EVERY
            with database.reading() as connection:
                at = connection.scalar(sa.select(sa.func.clock_timestamp()))
            if at is not None:
                self._tell_if_wrong(at)
                self._known = at.astimezone(UTC), (began + self._runtime.monotonic()) / 2
        except StorageError:
            pass
        finally:
            self._asking.release()

    def _tell_if_wrong(self, at: datetime) -> None:
        apart = (self._machine() - at).total_seconds()
        if abs(apart) > 5 and self._known is None:
            logger.warning("this machine's clock is wrong: seconds=%.0f; the database server's counts", apart)
