"""The real database code on a real SQLite file, in the simulated machine.

Every transaction is a point at which others may run, at its beginning, before its commit and after it; there it may also
fail, as databases do: it does not answer, the disk is full, or the link breaks while it commits and nobody knows whether it
did. Writers wait for each other as SQLite's do, ten seconds at most. Triggers write down every change of the ledger, and
whatever was committed is shown to the `Oracle` in the order of the commits.
"""

import shutil
import tempfile
from collections import deque
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from ledger_world import add_people, edition, make_database
from mailer.edition.format import dump
from mailer.errors import DatabaseBusy
from mailer.storage import editions
from mailer.storage.database import Database, translated_errors
from mailer.storage.tables import subscriber
from simulation.kernel import Killed
from simulation.pacing import email_of

FAST = Path("/dev/shm")
BUSY_SECONDS = 10.0

AUDIT = """
CREATE TABLE audit (
    id INTEGER PRIMARY KEY, what TEXT, mailing INTEGER, who INTEGER, old, new,
    old_token INTEGER, token INTEGER, old_lease INTEGER, lease INTEGER, attempts INTEGER, due INTEGER, mailing_state TEXT,
    relay INTEGER
);
CREATE TRIGGER audit_row AFTER UPDATE ON delivery
WHEN old.state <> new.state OR old.token <> new.token OR old.lease <> new.lease BEGIN
    INSERT INTO audit VALUES (NULL, 'row', new.mailing_id, new.subscriber_id, old.state, new.state, old.token, new.token,
        old.lease, new.lease, old.attempts, old.due, (SELECT state FROM mailing WHERE id = new.mailing_id), new.relay);
END;
CREATE TRIGGER audit_new_row AFTER INSERT ON delivery BEGIN
    INSERT INTO audit VALUES (NULL, 'new row', new.mailing_id, new.subscriber_id, NULL, new.state, 0, new.token, 0, new.lease,
        0, 0, (SELECT state FROM mailing WHERE id = new.mailing_id), 0);
END;
CREATE TRIGGER audit_lost_row AFTER DELETE ON delivery BEGIN
    INSERT INTO audit VALUES (NULL, 'lost row', old.mailing_id, old.subscriber_id, old.state, NULL, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_mailing AFTER UPDATE OF state ON mailing WHEN old.state <> new.state BEGIN
    INSERT INTO audit VALUES (NULL, 'mailing', new.id, NULL, old.state, new.state, 0, 0, 0, 0, 0, 0, new.state, 0);
END;
CREATE TRIGGER audit_new_mailing AFTER INSERT ON mailing BEGIN
    INSERT INTO audit VALUES (NULL, 'new mailing', new.id, NULL, new.kind, new.in_doubt, 0, 0, 0, 0, 0, 0, new.state, 0);
END;
CREATE TRIGGER audit_fired AFTER INSERT ON occurrence BEGIN
    INSERT INTO audit VALUES (NULL, 'fired', new.mailing_id, new.schedule_id, new.key, new.outcome, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_settled AFTER UPDATE ON occurrence BEGIN
    INSERT INTO audit VALUES (NULL, 'settled', new.mailing_id, new.schedule_id, new.key, new.outcome, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_forgot AFTER DELETE ON occurrence BEGIN
    INSERT INTO audit VALUES (NULL, 'forgot', old.mailing_id, old.schedule_id, old.key, old.outcome, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_relay AFTER INSERT ON relay BEGIN
    INSERT INTO audit VALUES (NULL, 'relay', NULL, new.id, NULL, new.name, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_slowed AFTER UPDATE ON bucket WHEN new.slow < 1 AND new.slowed_at <> old.slowed_at BEGIN
    INSERT INTO audit VALUES (NULL, 'slowed', NULL, NULL, new.key, new.slow, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_erased AFTER DELETE ON subscriber BEGIN
    INSERT INTO audit VALUES (NULL, 'left', NULL, old.id, NULL, 'erased', 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_out AFTER INSERT ON mailing WHEN new.kind <> 'digest' AND new.edition_id IS NOT NULL BEGIN
    INSERT INTO audit VALUES (NULL, 'out', new.id, NULL, NULL, new.slug, 0, 0, 0, 0, 0, 0, new.state, 0);
END;
CREATE TRIGGER audit_carried AFTER INSERT ON digest_item WHEN new.place IS NOT NULL BEGIN
    INSERT INTO audit VALUES (NULL, 'carried', new.mailing_id, NULL, NULL, new.item, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_released AFTER UPDATE OF counts ON digest_item WHEN old.counts AND NOT new.counts AND new.place IS NOT NULL BEGIN
    INSERT INTO audit VALUES (NULL, 'released', new.mailing_id, NULL, NULL, new.item, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_topics AFTER UPDATE OF topics ON subscriber BEGIN
    INSERT INTO audit VALUES (NULL, 'chose', NULL, new.id, NULL, new.topics, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_joined AFTER INSERT ON subscription BEGIN
    INSERT INTO audit VALUES (NULL, 'joined', NULL, new.subscriber_id, NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_left AFTER UPDATE OF status ON subscription WHEN new.status = 'unsubscribed' BEGIN
    INSERT INTO audit VALUES (NULL, 'left', NULL, new.subscriber_id, NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
CREATE TRIGGER audit_suppressed AFTER INSERT ON suppression WHEN new.reason <> 'erased' BEGIN
    INSERT INTO audit VALUES (NULL, 'left', NULL, (SELECT id FROM subscriber WHERE email_key = new.email_key),
        NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, 0);
END;
"""


class Change(NamedTuple):
    """A line of the audit."""

    id: int
    what: str  # as the triggers name it
    mailing: int
    who: int  # of what was fired, the schedule; of a relay, its number
    old: object
    new: object
    old_token: int
    token: int
    old_lease: int
    lease: int
    attempts: int  # before the change
    due: int  # before the change
    mailing_state: str
    relay: int  # the one that the row was last claimed for


@cache
def template(people, *, mixed):
    """A database with so many people in it and an edition, as a run finds it. mixed: their mailboxes are all over the place."""
    folder = Path(tempfile.mkdtemp(prefix="simulation-", dir=FAST if FAST.is_dir() else None))
    database = make_database(f"sqlite:///{folder}/mailer.db")
    add_people(database, people)
    with database.writing() as connection:
        for who in range(1, people + 1) if mixed else ():
            address = email_of(who, mixed=True)
            connection.execute(
                sa.update(subscriber).where(subscriber.c.id == who).values(email=address, email_key=address)
            )
        editions.store(connection, sources="00" * 32, content=dump(edition()), at=_some_time())
    driver = database.engine.raw_connection()
    driver.driver_connection.executescript(AUDIT)
    driver.close()
    database.dispose()
    content = Path(folder, "mailer.db").read_bytes()
    shutil.rmtree(folder)
    return content


def _some_time():
    from simulation.machine import EPOCH

    return EPOCH


class SimulatedDatabase(Database):
    """Made once and used for one run after the other, so that every statement is compiled once."""

    def __init__(self, folder):
        self._path = Path(folder, "mailer.db")
        self._path.touch(mode=0o600)
        super().__init__(f"sqlite:///{self._path}")
        self._kept = {}  # connections that processes keep, with whose they are

    def begin_run(self, people, kernel, faults, oracle, *, mixed=False):
        self._path.with_name("mailer.db-instance").unlink(missing_ok=True)
        self.lay(template(people, mixed=mixed))
        self._kernel, self._faults, self._oracle = kernel, faults, oracle

    def lay(self, content):
        """Put a file in the place of what was there. No process has it open any more."""
        self._close_kept(self._kept)
        self.engine.dispose()
        for name in ("mailer.db-wal", "mailer.db-shm"):
            self._path.with_name(name).unlink(missing_ok=True)
        self._path.write_bytes(content)
        self._writer, self._queue = None, deque()
        with super().reading() as connection:
            self._seen = connection.scalar(sa.text("SELECT coalesce(max(id), 0) FROM audit"))

    def copied(self):
        """The file as it would be if everybody stopped now."""
        with super().reading() as connection:
            connection.execute(sa.text("SELECT 1 FROM audit")).all()  # from here on it sees one moment
            return connection.connection.driver_connection.serialize()

    @contextmanager
    def reading(self, **options):
        self._kernel.turn("read")
        with translated_errors():
            self._faults.begin()
        with super().reading(**options) as connection:
            yield connection
        self._kernel.turn("was read")

    @contextmanager
    def writing(self, kept=None):
        self._kernel.turn("begin")
        with translated_errors():
            self._faults.begin()
        self._lock()
        if kept not in self._kept and kept is not None:
            self._close_kept([one for one, process in self._kept.items() if not process.alive])
            self._kept[kept] = self._kernel.current.process
        try:
            with super().writing(kept) as connection:
                yield connection
                changes = self._changes(connection)
                at = self._oracle.wall()
                self._faults.before_commit()
                self._kernel.turn("commit")
                self._faults.commit()
            self._committed(changes, at)
        finally:
            self._unlock()
        self._kernel.turn("committed")
        with translated_errors():
            self._faults.committed()

    def _close_kept(self, kept):
        """What a dead process held the system takes back."""
        for one in list(kept):
            del self._kept[one]
            one.close()

    def _changes(self, connection):
        driver = connection.connection.driver_connection
        return [Change(*row) for row in driver.execute("SELECT * FROM audit WHERE id > ? ORDER BY id", (self._seen,))]

    def _committed(self, changes, at):
        if changes:
            self._seen = changes[-1].id
            for change in changes:
                self._oracle.saw(change, at)
            self._oracle.saw_commit()

    def _lock(self):
        """SQLite has one writer at a time."""
        if self._writer is not None:
            task = self._kernel.current
            self._queue.append(task)
            try:
                if not self._kernel.block("wait to write", BUSY_SECONDS):
                    self._queue.remove(task)
                    raise DatabaseBusy
            except Killed:
                if self._writer is task:
                    self._unlock()
                raise
        self._writer = self._kernel.current or "outside"

    def _unlock(self):
        self._writer = None
        while self._queue:
            task = self._queue.popleft()
            if task.process.alive:
                self._writer = task  # so that nobody comes between
                self._kernel.wake(task)
                return

    def next_instant(self):
        """Unix seconds at which the next row is due or a lease ends, None where nothing waits."""
        query = "SELECT min(CASE state WHEN 0 THEN due ELSE lease END) FROM delivery WHERE state <= 2"
        with super().reading() as connection:
            return connection.scalar(sa.text(query))

    def rows(self):
        """(mailing, subscriber, state, token, lease) of every row, as they stand."""
        with super().reading() as connection:
            found = connection.execute(sa.text("SELECT mailing_id, subscriber_id, state, token, lease FROM delivery"))
            return [tuple(row) for row in found]
