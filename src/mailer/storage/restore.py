"""A backup comes back: whole or not at all, beside what was there and never over it, and paused.

Nothing that runs may have the database open. What was there is kept: a SQLite file under another name, a PostgreSQL
database as a dump of its own.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailer.errors import Refused, StorageError
from mailer.storage import postgres_tools
from mailer.storage.backup import back_up, look_into
from mailer.storage.database import PRIVATE_FILE, Database
from mailer.storage.heartbeats import Role, alive
from mailer.storage.instance import come_up_paused
from mailer.storage.schema import current_revision, upgrade
from mailer.storage.stock import Stock, take_stock

_SQLITE, _DUMP = b"SQLite format 3\0", b"PGDMP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """reason: why everything is paused. kept: where what was there before is now, None if there was nothing."""

    stock: Stock
    reason: str
    kept: Path | None


def bring_back(database: Database, file: Path, *, force: bool, now: datetime) -> Restored:
    """Put the backup in `file` in the database's place. force: although people or mailings are in it.

    Raises Refused or StorageError; then everything is as it was.
    """
    _refuse_other_kind(database, file)
    there = _what_is_there(database, now=now)
    if there is not None and not there.empty and not force:
        raise Refused(
            f"{database.shown} holds {there}.",
            hint="If the backup is to take their place: --force. They are kept: under another name, or as a dump.",
        )
    if database.is_sqlite:
        return _bring_back_sqlite(database, file, keep=there is not None, now=now)
    kept = None
    if there is not None and not there.empty:
        kept = file.resolve().with_name(f"before-restore-{now:%Y%m%d-%H%M%S}.dump")
        back_up(database, kept, now=now)
    database.dispose()  # what its connections know of the tables is over
    postgres_tools.restore(database, file)
    upgrade(database)
    reason = come_up_paused(database, now=now, surely=True)
    with database.reading() as connection:
        return Restored(stock=take_stock(connection), reason=reason, kept=kept)


def _refuse_other_kind(database: Database, file: Path) -> None:
    try:
        with file.open("rb") as reading:
            start = reading.read(len(_SQLITE))
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}.") from None
    wanted, name = (_SQLITE, "SQLite") if database.is_sqlite else (_DUMP, "PostgreSQL (pg_dump --format=custom)")
    if not start.startswith(wanted):
        raise StorageError(
            f"{file.name} is no backup of {name}.",
            hint="A backup comes back into the kind of database it was made from; people move by `mailer export`.",
        )


def _what_is_there(database: Database, *, now: datetime) -> Stock | None:
    """None: nothing of ours. Raises Refused while somebody works with it."""
    with database.reading() as connection:
        if current_revision(connection) is None:
            return None
        at_work = [role for role in Role if alive(connection, role, now=now)]
        if at_work:
            raise Refused(
                f"A {' and a '.join(at_work)} is at work with {database.shown}.",
                hint="Stop everything that runs first; one that was killed is taken for alive for 15 seconds.",
            )
        return take_stock(connection)


def _bring_back_sqlite(database: Database, file: Path, *, keep: bool, now: datetime) -> Restored:
    place = database.file
    assert place is not None
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}.restoring")
    try:
        draft.touch(mode=PRIVATE_FILE, exist_ok=False)
        shutil.copyfile(file, draft)
        copy = Database(f"sqlite:///{draft}")
        try:
            upgrade(copy)
            reason = come_up_paused(copy, now=now, surely=True, kept_at=place)
        finally:
            copy.dispose()
        stock = look_into(draft)
        kept = _set_aside(database, place, now=now) if keep else None
        database.dispose()
        if place.exists() and os.geteuid() == 0:  # root leaves it to whom it belonged
            os.chown(draft, place.stat().st_uid, place.stat().st_gid)
        draft.replace(place)
    except OSError as error:
        raise StorageError(f"The backup cannot be brought back: {error.strerror}.") from None
    finally:
        for left in (draft, *(draft.with_name(draft.name + end) for end in ("-wal", "-shm"))):
            left.unlink(missing_ok=True)
    return Restored(stock=stock, reason=reason, kept=kept)


def _set_aside(database: Database, place: Path, *, now: datetime) -> Path:
    """Give what is there a second name. Raises Refused while another program has it open."""
    database.clear_log()
    database.dispose()
    if place.with_name(f"{place.name}-wal").exists():
        raise Refused(f"Another program has {place} open.", hint="Stop everything that runs, then try again.")
    kept = place.with_name(f"{place.name}.before-restore-{now:%Y%m%d-%H%M%S}")
    try:
        os.link(place, kept)
    except PermissionError:  # a file system that knows no second names
        shutil.copy2(place, kept)
    return kept
