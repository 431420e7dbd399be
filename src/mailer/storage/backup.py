"""A backup of the database in one private file, made while workers go on, and trusted only when it was read again.

The file comes into being whole or not at all, and never in the place of another. It is a copy of one moment; what it holds is
counted, and compared with the database of that moment. SQLite: its online backup. PostgreSQL: `pg_dump`, restored into
a database of its own where we may make one, and else read through.
"""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailer.errors import DiskFull, Refused, StorageError
from mailer.storage import instance, postgres_tools
from mailer.storage.database import PRIVATE_FILE, Database
from mailer.storage.health import examine
from mailer.storage.stock import Stock, take_stock


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A backup that was made. restored: it was opened as a database and counted; False: only read through."""

    file: Path
    stock: Stock
    restored: bool


def back_up(database: Database, file: Path, *, now: datetime) -> Backup:
    """Raises Refused if there is a file already, StorageError if none could be made that can be trusted."""
    with _new_file(file) as draft, _noted(database, now):
        if database.is_sqlite:
            stock, restored = _copy_sqlite(database, draft), True
        else:
            stock, restored = postgres_tools.dump(database, draft)
    return Backup(file=file, stock=stock, restored=restored)


def _copy_sqlite(database: Database, draft: Path) -> Stock:
    with database.reading() as connection:
        stock = take_stock(connection)  # from here on this connection sees one moment, and so does the copy
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        copy = sqlite3.connect(draft)
        try:
            source.backup(copy)
        except sqlite3.Error as error:
            raise (DiskFull() if "full" in str(error) else StorageError(f"The backup failed: {error}.")) from error
        finally:
            copy.close()
    found = look_into(draft)
    if found != stock:
        raise StorageError(f"The backup holds {found}, the database {stock}: it was thrown away. Try again.")
    return stock


def look_into(file: Path) -> Stock:
    """What the SQLite database in `file` holds. Raises StorageError unless it is sound and at our schema."""
    copy = Database(f"sqlite:///{file}")
    try:
        problems = examine(copy).problems
        if problems:
            raise StorageError(f"{file.name} is no sound backup: {problems[0]}")
        with copy.reading() as connection:
            return take_stock(connection)
    finally:
        copy.dispose()


@contextmanager
def _noted(database: Database, now: datetime) -> Iterator[None]:
    """The backup itself says when it was made, and so does the database once it is."""
    before = instance.note_backup(database, now, now=now)
    try:
        yield
    except BaseException:
        instance.note_backup(database, before, now=now)
        raise
    instance.backed_up(database, now=now)


def _sync(folder: Path) -> None:
    """A new name is on the disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _new_file(file: Path) -> Iterator[Path]:
    """A private draft beside `file`, which takes its name when all is done."""
    if file.exists():
        raise Refused(f"{file} is there already, and is never overwritten.", hint="Name another file, or a folder.")
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}.partial")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        yield draft
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        os.link(draft, file)  # atomic, and fails if somebody was quicker
        _sync(file.parent)
    except FileExistsError:
        raise Refused(f"{file} appeared meanwhile, and is never overwritten.", hint="Name another file.") from None
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}.") from None
    finally:
        for left in (draft, *(draft.with_name(draft.name + end) for end in ("-wal", "-shm", "-journal"))):
            left.unlink(missing_ok=True)
