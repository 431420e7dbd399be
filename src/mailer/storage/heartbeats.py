"""Who is at work: every process that works the queue or watches the clock writes down now and then that it lives.

A heartbeat is a hint for people and for `send` ("somebody else will work this"), never a lock: the ledger's leases keep
two workers apart whether they beat or not.
"""

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from mailer.errors import StorageError
from mailer.runtime import MACHINE, Runtime
from mailer.storage import instance
from mailer.storage.database import Database
from mailer.storage.rowset import storable
from mailer.storage.tables import worker

EVERY = timedelta(seconds=5)
#: Three beats missed, and we take it for dead.
ALIVE_FOR = timedelta(seconds=15)
_FORGOTTEN_AFTER = timedelta(days=1)


class Role(StrEnum):
    """What a process does. The words are stored."""

    WORKER = "worker"
    SCHEDULER = "scheduler"
    WEB = "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Process:
    """One that beats, as the table has it."""

    id: int
    role: Role
    mailing_id: int | None


@contextmanager
def beating(
    database: Database,
    clock: Callable[[], datetime],
    role: Role,
    *,
    mailing_id: int | None = None,
    runtime: Runtime = MACHINE,
    moving: Callable[[], bool] = lambda: True,
    trouble: Callable[[], str] = lambda: "",
) -> Iterator[None]:
    """Beat from a thread of its own while the block runs. mailing_id: the only mailing this worker works, None for all.

    moving: asked before each beat. Who does not move any more gives no sign of life either. trouble: asked as well; in words
    what keeps it from its work, "" while nothing does.
    """
    process, stop = _Process(id=secrets.randbits(62), role=role, mailing_id=mailing_id), runtime.event()
    _try_to_beat(database, clock(), process, trouble())

    def go_on() -> None:
        while not stop.wait(EVERY.total_seconds()):
            if moving():
                _try_to_beat(database, clock(), process, trouble())

    heart = runtime.thread(go_on, f"{role}-heartbeat")
    heart.start()
    try:
        yield
    finally:
        stop.set()
        heart.join()
        with suppress(StorageError):
            with database.writing() as connection:
                # What was done since the last one is known by this one.
                told = instance.beat(database, connection, now=clock())
                connection.execute(sa.delete(worker).where(worker.c.id == process.id))
            instance.keep(database, told)


def _try_to_beat(database: Database, now: datetime, process: "_Process", trouble: str) -> None:
    # A missed beat stops nobody: what the process really does will meet the same full disk, and say so.
    with suppress(StorageError):
        with database.writing() as connection:
            told = instance.beat(database, connection, now=now)
            _write(connection, now, process, storable(trouble))
        instance.keep(database, told)


def _write(connection: sa.Connection, now: datetime, process: "_Process", trouble: str) -> None:
    beat = {"beat_at": now, "trouble": trouble}
    if connection.execute(sa.update(worker).where(worker.c.id == process.id).values(beat)).rowcount == 0:
        who = {"host": socket.gethostname(), "pid": os.getpid(), **asdict(process)}
        connection.execute(sa.insert(worker).values(beat | who))
        connection.execute(sa.delete(worker).where(worker.c.beat_at < now - _FORGOTTEN_AFTER))


def alive(connection: sa.Connection, role: Role, *, now: datetime, mailing_id: int | None = None) -> bool:
    """Whether a process of that role lives; with `mailing_id`, one that would work that mailing."""
    return connection.execute(sa.select(worker.c.id).where(*_alive(role, now, mailing_id)).limit(1)).first() is not None


def troubles(connection: sa.Connection, *, now: datetime, mailing_id: int | None = None) -> tuple[str, ...]:
    """What keeps the living workers, or those of a mailing, from their work, in words; each trouble once."""
    query = sa.select(worker.c.trouble).where(*_alive(Role.WORKER, now, mailing_id), worker.c.trouble != "")
    return tuple(connection.scalars(query.distinct().order_by(worker.c.trouble)))


def _alive(role: Role, now: datetime, mailing_id: int | None) -> "list[sa.ColumnElement[bool]]":
    conditions = [worker.c.role == role, worker.c.beat_at > now - ALIVE_FOR]
    if mailing_id is not None:
        conditions.append(sa.or_(worker.c.mailing_id.is_(None), worker.c.mailing_id == mailing_id))
    return conditions


def nearest_beat(connection: sa.Connection, role: Role, *, host: str, now: datetime) -> datetime | None:
    """When a process of that role on `host` last beat, None if none did; a worker of a single mailing does not count.

    Of several beats the one nearest to `now`: a clock that was set back leaves rows of the dead in the future.
    """
    of_us = sa.and_(worker.c.role == role, worker.c.host == host, worker.c.mailing_id.is_(None))
    beats = connection.scalars(sa.select(worker.c.beat_at).where(of_us)).all()
    return min(beats, key=lambda beat: abs(now - beat), default=None)
