"""How a transaction that writes begins on SQLite, which has one writer at a time: it waits for another who writes.

In a job that would hold up all jobs of its thread, for ten seconds if another program copies the file, and no reply of a relay would
be read meanwhile. So a job looks first whether it can begin at once, as it nearly always can, and waits apart if not.
"""

import sqlite3

import sqlalchemy as sa

from mailer.storage.prepared import run
from mailer.turns import apart, current

_BEGIN = "BEGIN IMMEDIATE"
#: In the notes on a connection: the milliseconds for which it waits.
_PATIENCE = "mailer_patience"
#: The part of an extended result code that is the code itself (https://sqlite.org/rescode.html).
_PRIMARY = 0xFF


def begin_to_write(connection: sa.Connection) -> None:
    """Begin; raises what SQLite says if somebody else went on writing for as long as the connection waits."""
    if current() is None or not _begun_at_once(connection):
        apart(lambda: run(connection, _BEGIN))


def _begun_at_once(connection: sa.Connection) -> bool:
    """Begin if nobody else writes just now; whether that was so."""
    notes = connection.info
    if _PATIENCE not in notes:
        ((notes[_PATIENCE],),) = run(connection, "PRAGMA busy_timeout")
    run(connection, "PRAGMA busy_timeout = 0")
    try:
        run(connection, _BEGIN)
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY != sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        run(connection, f"PRAGMA busy_timeout = {notes[_PATIENCE]}")
    return True
