"""Which database this is, and whether it is an older state of itself that somebody has restored.

A restored snapshot does not know what was sent since. So all that could send comes up paused, and a person decides.

A database has gone on where it stopped if something says so that a snapshot of it does not carry along:

- SQLite: a file beside it (`mailer.db-instance`) holds its identity and how many signs of life its processes had given.
  A snapshot that is put in its place has given fewer; one that is put elsewhere has no such file.
- PostgreSQL: the cluster, the database and the table that this row lives in. Whoever restores a dump makes the table anew.

No name of a machine and no path is asked: containers restart under new names, and folders move. A whole folder or
machine that was set back, both files together, cannot be told from one that was switched off: `mailer pause --all`.
"""

import errno
import json
import logging
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.mailing import MailingState
from mailer.errors import DiskFull, StorageError
from mailer.storage import alerts, mailings, schedules
from mailer.storage.database import PRIVATE_FILE, Database
from mailer.storage.materialise import materialise
from mailer.storage.tables import instance

log = logging.getLogger(__name__)
_ONLY = 1


@dataclass(frozen=True, slots=True)
class Beaten:
    """Whose sign of life it was, and which: what is kept beside a SQLite file."""

    identity: int
    beats: int


def settle(database: Database, *, now: datetime) -> str:
    """Before anything is sent: see that the database has gone on where it stopped, else pause all that could send.

    Returns "", or why it was paused. Costs one short transaction.
    """
    with database.writing() as connection:
        if _has_gone_on(database, connection, now=now):
            return ""
    reason = come_up_paused(database, now=now)
    if reason:
        log.warning("The database was %s. All that could send is paused: look at `mailer status`.", reason)
    return reason


def come_up_paused(database: Database, *, now: datetime, surely: bool = False, kept_at: Path | None = None) -> str:
    """Pause what could send, unless another process was quicker; let the database go on from here. Returns the reason.

    surely: it is known to be a snapshot. kept_at: the SQLite file that it will become, where that is another.
    """
    with database.reading() as connection:
        half_written = mailings.everything(connection, states=frozenset({MailingState.MATERIALISING}))
    for one in half_written:  # so that it can be resumed: no process can send before this function has returned
        materialise(database, one.id, at=now, undo=timedelta(0))
    with database.writing() as connection:
        if not surely and _has_gone_on(database, connection, now=now):
            return ""
        row = connection.execute(sa.select(instance).with_for_update()).first()
        reason = _reason(row.beat_at, row.backed_up_at) if row else _reason(None, None)
        _pause_everything(connection, reason, at=now)
        told = _begin_anew(connection, now=now)
        alerts.restored(connection, reason, at=now)
        _keep(kept_at or database.file, told)
    return reason


def beat(database: Database, connection: sa.Connection, *, now: datetime) -> Beaten | None:
    """Count one sign of life; what to `keep` once it is committed. None before the first `settle`.

    None as well where somebody has put an older state in its place: who only shows pages may come before those that send, and
    must not make up for what is missing.
    """
    row = connection.execute(sa.select(instance).with_for_update()).first()
    if row is None or (database.is_sqlite and not _goes_on(row, _kept(database.file))):
        return None
    step = sa.update(instance).values(beats=instance.c.beats + 1, beat_at=now)
    return Beaten(*connection.execute(step.returning(instance.c.identity, instance.c.beats)).one())


def keep(database: Database, told: Beaten | None) -> None:
    """Write beside a SQLite file what has been committed. Of two at once the older may win, which is no less true."""
    if told is not None:
        with suppress(StorageError):  # as with any beat that is missed
            _keep(database.file, told)


def note_backup(database: Database, at: datetime | None, *, now: datetime) -> datetime | None:
    """Write down when the last backup was made; returns what stood there before."""
    with database.writing() as connection:
        before = connection.scalar(sa.select(instance.c.backed_up_at))
        if connection.execute(sa.update(instance).values(backed_up_at=at)).rowcount == 0:
            _keep(database.file, _begin_anew(connection, now=now))
            connection.execute(sa.update(instance).values(backed_up_at=at))
    return before


def backed_up(database: Database, *, now: datetime) -> None:
    """A copy is made: from now on the database has given one sign of life more than it, however soon it comes back."""
    with database.writing() as connection:
        told = beat(database, connection, now=now)
    keep(database, told)


def count_reaped(connection: sa.Connection, rows: int) -> None:
    """Count rows that were taken back from workers that were lost."""
    connection.execute(sa.update(instance).values(reaped=instance.c.reaped + rows))


def _has_gone_on(database: Database, connection: sa.Connection, *, now: datetime) -> bool:
    row = connection.execute(sa.select(instance).with_for_update()).first()
    if row is None:
        _keep(database.file, _begin_anew(connection, now=now))
        return True
    if not database.is_sqlite:
        return bool(row.home == _home(connection))
    return _goes_on(row, _kept(database.file))


def _goes_on(row: sa.Row[Any], known: Beaten | None) -> bool:
    """Whether a SQLite database has come at least as far as the file beside it says."""
    return known is not None and known.identity == row.identity and bool(row.beats >= known.beats)


def _begin_anew(connection: sa.Connection, *, now: datetime) -> Beaten:
    """From here on it is a database of its own."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    new = {"identity": secrets.randbits(62), "home": _home(connection), "beat_at": now}
    row = insert(instance).values(id=_ONLY, **new)
    row = row.on_conflict_do_update(index_elements=["id"], set_=new | {"beats": instance.c.beats + 1})
    return Beaten(*connection.execute(row.returning(instance.c.identity, instance.c.beats)).one())


def _home(connection: sa.Connection) -> str:
    """Where PostgreSQL keeps this table; "" on SQLite. A dump does not carry it along, and no restart changes it."""
    if connection.dialect.name == "sqlite":
        return ""
    # Some who rent out databases keep the cluster's number to themselves; the others say nearly as much.
    told = connection.exec_driver_sql("SELECT has_function_privilege('pg_control_system()', 'execute')").scalar()
    cluster = "(SELECT system_identifier FROM pg_control_system())" if told else "NULL"
    database = "(SELECT oid FROM pg_database WHERE datname = current_database())"
    found = connection.exec_driver_sql(f"SELECT concat_ws('/', {cluster}, {database}, 'instance'::regclass::oid)")
    return str(found.scalar())


def _pause_everything(connection: sa.Connection, reason: str, *, at: datetime) -> None:
    """Schedules are taken back too: whoever wants one arms it again."""
    steps = {
        MailingState.WAITING: MailingState.PAUSED,
        MailingState.SENDING: MailingState.PAUSED,
        MailingState.SCHEDULED: MailingState.HELD,
    }
    stopped = mailings.everything(connection, states=frozenset(steps))
    for one in stopped:
        mailings.move(connection, one.id, steps[one.state], reason=reason, at=at)
    schedules.disarm_all(connection)
    alerts.forget(connection, at=at)  # one that says it all follows; those of the snapshot were told when it was made


def _reason(beat_at: datetime | None, backed_up_at: datetime | None) -> str:
    times = [at for at in (beat_at, backed_up_at) if at is not None]
    of = f" of {max(times).astimezone(UTC):%-d %B %Y %H:%M} UTC" if times else ""
    return f"restored from a backup{of}; what was sent since is unknown"


def _place(file: Path) -> Path:
    file = file.resolve()  # the same for every name that leads to it
    return file.with_name(f"{file.name}-instance")


def _kept(file: Path | None) -> Beaten | None:
    """None: there is nothing that says anything. Raises StorageError for what we may not read: that is no reason to pause."""
    try:
        held = json.loads(_place(file).read_text(encoding="ascii")) if file else None
        return Beaten(int(held["identity"]), int(held["beats"])) if held else None
    except PermissionError:
        assert file is not None
        raise StorageError(
            f"{_place(file)} cannot be read by this user.", hint=f"Give it to the owner of {file.name}, with chown."
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(file: Path | None, told: Beaten) -> None:
    if file is None:
        return
    place = _place(file)
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "w") as writing:
            json.dump({"identity": told.identity, "beats": told.beats}, writing)
            _let_read_who_reads(file, writing.fileno())
        draft.replace(place)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull from None
        raise StorageError(f"{place} cannot be written: {error.strerror}.") from None
    finally:
        draft.unlink(missing_ok=True)


def _let_read_who_reads(file: Path, descriptor: int) -> None:
    """Whoever may use the database may use this too: somebody may have run one command as root, or for a group."""
    with suppress(OSError):
        there = file.stat()
        os.fchmod(descriptor, stat.S_IMODE(there.st_mode) & 0o660)
        os.fchown(descriptor, -1, there.st_gid)
        os.fchown(descriptor, there.st_uid, -1)
