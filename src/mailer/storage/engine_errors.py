"""What SQLite and PostgreSQL say went wrong, as errors of ours: what happened, then what to do.

No SQL and no parameter (they hold addresses) reaches a message. PostgreSQL is judged by its SQLSTATE, never by its text, which comes in
the server's language; SQLite has nothing but its text.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from mailer.errors import DatabaseAway, DatabaseBusy, DiskFull, StorageError

#: Somebody else was in the way, and nothing was changed: serialization_failure, deadlock_detected, lock_not_available,
#: query_canceled.
_BUSY = frozenset({"40001", "40P01", "55P03", "57014"})
_DISK_FULL = "53100"
#: Not of the driver's OperationalError, and yet about the server: after a failover the old one is read-only
#: (read_only_sql_transaction); a process that was frozen has lost its transaction (idle_in_transaction_session_timeout).
_AWAY = frozenset({"25006", "25P03"})


#: The schema or our rights in it are not what they were: insufficient_privilege, undefined_table, undefined_column.
_UNUSABLE = frozenset({"42501", "42P01", "42703"})


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raises StorageError or one of its kinds for what the engine raises within the block."""
    try:
        yield
    except sa.exc.TimeoutError as error:  # all connections of this process are in use
        raise DatabaseBusy from error
    except sa.exc.DBAPIError as error:
        ours = _sqlite(error) if isinstance(error.orig, sqlite3.Error) else _postgresql(error)
        if ours is None:
            raise
        raise ours from error


def _sqlite(error: sa.exc.DBAPIError) -> StorageError | None:
    text = str(error.orig)
    if "locked" in text or "busy" in text:
        return DatabaseBusy()
    if "disk is full" in text:
        return DiskFull()
    if "not a database" in text or "malformed" in text:
        return StorageError("The database file is damaged or is no database.", hint="Restore it from a backup.")
    if "readonly" in text or "unable to open" in text:
        return StorageError("The database cannot be written.", hint="Look at its permissions and its folder's.")
    return StorageError(f"The database cannot be used: {text}.") if _is_operational(error) else None


def _postgresql(error: sa.exc.DBAPIError) -> StorageError | None:
    state = getattr(error.orig, "sqlstate", None)
    if state in _BUSY:
        return DatabaseBusy()
    if state == _DISK_FULL:
        return DiskFull()
    first_line = (str(error.orig).splitlines() or [""])[0]
    if state in _UNUSABLE:
        return StorageError(f"The database cannot be used: {first_line}.", hint="`mailer db check` examines it.")
    if _is_operational(error) or error.connection_invalidated or state in _AWAY:
        hint = "Start it, or mend the way to it, then run this again; what was finished before is kept."
        return DatabaseAway(f"The database does not answer: {first_line}", hint=hint)
    return None


def _is_operational(error: sa.exc.DBAPIError) -> bool:
    return isinstance(error, sa.exc.OperationalError)
