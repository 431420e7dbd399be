"""One machine with everything on it: a database, relays, workers that are restarted when they end, people who step in."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from ledger_world import KEY
from mailer.delivery.pace import Route
from mailer.delivery.worker import Worker
from mailer.domain.audience import Audience
from mailer.domain.mailing import ENDED_MAILINGS, MailingState, RowState
from mailer.domain.subscriber import SuppressionReason
from mailer.errors import MailerError
from mailer.storage import control, instance, mailings, materialise, person_changes, subscriptions, suppressions
from mailer.storage.status import status_of
from mailer.storage.tables import edition, mailing, subscriber
from simulation.faults import Faults
from simulation.kernel import Process
from simulation.network import Network, Weather
from simulation.oracle import Oracle
from simulation.pacing import Till, email_of
from simulation.primitives import SimulatedRuntime

EPOCH = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Machine:
    """One run's world."""

    def __init__(self, kernel, database, *, people, pace, relays, judge=Oracle, mixed=False, offset=0.0):
        """relays: {name: `Way`}. judge: a kind of oracle. mixed: people's mailboxes are at several providers.

        offset: seconds by which the clock is off at first.
        """
        self.kernel, self.dice, self.pace, self.relays = kernel, kernel.dice, pace, relays
        self.clock_is_off = self._furthest = offset  # seconds by which somebody moved the machine's clock
        self._mixed = mixed
        self.oracle = judge(self.kernel, self.wall, pace.max_in_doubt)
        self.oracle.till = Till(
            relays, mixed, self.oracle.require, patience=GIVE_UP, first_wait=pace.retry_first_seconds
        )
        self.faults = Faults(self.kernel, self.oracle)
        self.network = Network(self.kernel, self.oracle, {name: Weather() for name in relays})
        self.database = database
        self.backup = None  # (file, what the oracle knew then)
        database.begin_run(people, self.kernel, self.faults, self.oracle, mixed=mixed)
        self.workers = []  # processes that live
        self.restarting = True
        self.summary = None  # of the worker that ended last
        self._numbers = Counter()
        self._worker_of = {}
        self._undo = {}

    # Time

    def wall(self):
        return EPOCH.timestamp() + self.kernel.now + self.clock_is_off

    def clock(self):
        if self.kernel.current is not None:
            self.kernel.current.process.check()
        return EPOCH + timedelta(seconds=self.kernel.now + self.clock_is_off)

    def move_clock(self, seconds):
        self.kernel.note(f"the clock jumps by {seconds:+.1f} s")
        self.clock_is_off += seconds
        self._furthest = max(self._furthest, self.clock_is_off)
        self.oracle.troubled = self.oracle.other_seconds = True

    def mend_clock(self):
        """No time that was ever shown is in the future any more."""
        self.clock_is_off = self._furthest

    @property
    def mailings(self):
        """Ids of those that were sent."""
        return list(self.oracle.in_doubt)

    # Processes

    def process(self, kind):
        self._numbers[kind] += 1
        return Process(f"{kind}-{self._numbers[kind]}")

    def start_worker(self, *, drain=False):
        process = self.process("worker")
        self.workers.append(process)
        self.kernel.spawn(process, lambda: self._work(process, drain), "main")
        return process

    def _work(self, process, drain):
        runtime = SimulatedRuntime(self.kernel, process)
        routes = [
            Route(
                name=name,
                make_backend=lambda name=name: self.network.backend(name, process),
                connections=way.connections,
                limits=way.limits,
                weight=way.weight,
            )
            for name, way in self.relays.items()
        ]
        worker = Worker(self.database, clock=self.clock, key=KEY, routes=routes, pace=self.pace, runtime=runtime)
        self._worker_of[process] = worker
        try:
            self.settle()
            self.summary = worker.run(drain=drain)
            self.kernel.note(f"{process.name} ends")
        except MailerError as error:
            self.kernel.note(f"{process.name} ends: {error.message}")
        except RuntimeError as error:
            if str(error) != "the backend has a bug":
                raise
            self.kernel.note(f"{process.name} ends: {error}")
        self.kernel.at(self.kernel.now, lambda: self._ended(process))

    def _ended(self, process):
        """Its other threads go with it; a service manager starts another."""
        if process in self.workers:
            self.workers.remove(process)
            self.kernel.bury(process)
        if self.restarting:
            self.kernel.at(self.kernel.now + 0.5 + self.dice.random(), self._restart)

    def _restart(self):
        if self.restarting:
            self.start_worker()

    def kill(self, process, *, restart=True):
        self.oracle.troubled = True
        if process in self.workers:
            self.workers.remove(process)
            self.kernel.kill(process)
            if restart:
                self.kernel.at(self.kernel.now + self.dice.random() * 2, self._restart)

    def freeze(self, process, seconds):
        """SIGSTOP, and SIGCONT so many seconds later."""
        self.oracle.troubled = True
        self.kernel.stop(process)
        self.kernel.at(self.kernel.now + seconds, lambda: self.kernel.cont(process))

    def ask_to_stop(self, process):
        """SIGTERM: a thread of the process itself hears it."""
        worker = self._worker_of.get(process)
        if worker is not None and process.alive:
            self.kernel.spawn(process, worker.stop, "signal")

    # People

    def command(self, kind, run):
        """Somebody gives a command, and gives it again while it fails."""
        process = self.process(kind)

        def patiently():
            for _ in range(PERSISTENCE):
                try:
                    return run()
                except MailerError:
                    self.kernel.sleep(1.0, "trying again")
            return None

        self.kernel.spawn(process, patiently, "main")
        return process

    def person(self, act):
        """A command that is one transaction: `act(connection, now)`."""
        return self.command("person", lambda: self._transaction(act))

    def _transaction(self, act):
        with self.database.writing() as connection:
            return act(connection, self.clock())

    def move(self, mailing_id, to):
        return self.person(lambda connection, now: mailings.move(connection, mailing_id, to, reason="", at=now))

    def resume(self, mailing_id):
        """As `mailer resume` does, which lets nothing begin that is not frozen, or whose rows are not all written."""

        def act(connection, now):
            one = mailings.get(connection, mailing_id)
            if one.edition_id is not None and one.state in (MailingState.PAUSED, MailingState.HELD):
                mailings.move(connection, mailing_id, MailingState.SENDING, at=now)

        return self.person(act)

    def cancel(self, mailing_id):
        def act(connection, now):
            if mailings.move(connection, mailing_id, MailingState.CANCELLED, reason="by hand", at=now):
                control.cancel_rows(connection, mailing_id)

        return self.person(act)

    def retry(self, mailing_id, state):
        def act(connection, now):
            one = mailings.get(connection, mailing_id)
            if one.state in (MailingState.CANCELLED, MailingState.EXPIRED):
                return
            give_up_at = now + timedelta(seconds=GIVE_UP)
            again = control.queue_again(connection, mailing_id, state, give_up_at=give_up_at)
            if again and one.state is MailingState.FINISHED:
                mailings.move(connection, mailing_id, MailingState.SENDING, at=now)

        return self.person(act)

    def leave(self, who):
        return self.person(
            lambda connection, now: subscriptions.leave(connection, who, list_name="news", mailing_id=None, at=now)
        )

    def suppress(self, who):
        def act(connection, now):
            key = email_of(who, mixed=self._mixed)
            suppressions.suppress(connection, key, reason=SuppressionReason.COMPLAINT, at=now)

        return self.person(act)

    def erase(self, who):
        def act(connection, now):
            if connection.scalar(sa.select(subscriber.c.id).where(subscriber.c.id == who)) is not None:
                person_changes.erase(connection, who, at=now)

        return self.person(act)

    # Backups

    def settle(self):
        """What each program does first that may send."""
        if reason := instance.settle(self.database, now=self.clock()):
            self.kernel.note(f"all is paused: {reason}")

    def back_up(self):
        """Somebody makes a backup while everything runs."""

        def command():
            instance.note_backup(self.database, self.clock(), now=self.clock())
            self.backup = self.database.copied(), self.oracle.remember()
            self.kernel.note("a backup is made")
            instance.backed_up(self.database, now=self.clock())

        return self.command("backup", command)

    def bring_back(self):
        """The machine fails, and somebody copies the backup to where the database was; then all begins again."""
        if self.backup is None or self.backup[1][1].keys() != self.oracle.mailing_states.keys():
            return
        self.kernel.note("the backup comes back")
        workers = len(self.workers)
        for process in {task.process.name: task.process for task in self.kernel.tasks}.values():
            self.kernel.bury(process)
        self.workers.clear()
        content, remembered = self.backup
        self.database.lay(content)
        self.oracle.comes_back(remembered)
        for _ in range(workers):
            self.kernel.at(self.kernel.now + self.dice.random(), self._restart)

    def send(self, *, in_doubt, send_by=None, undo=0.0):
        """Somebody sends a campaign: one transaction makes the mailing, then its rows are written, if the process lives.

        undo: seconds in which it can be taken back.
        """

        def freeze(connection, now):
            late = None if send_by is None else now + timedelta(seconds=send_by)
            number = connection.scalar(sa.select(sa.func.count()).select_from(mailing)) + 1
            values = {
                "slug": "letter", "number": number, "kind": "article", "list_name": "news", "in_doubt": in_doubt,
                "audience": Audience(list_name="news").to_json(), "state": MailingState.MATERIALISING,
                "edition_id": sa.select(sa.func.min(edition.c.id)).scalar_subquery(), "created_at": now, "starts_at": now,
                "send_by": late, "give_up_at": now + timedelta(seconds=GIVE_UP),
            }  # fmt: skip
            mailing_id = connection.scalar(sa.insert(mailing).values(values).returning(mailing.c.id))
            self.oracle.send_by[mailing_id] = None if late is None else int(late.timestamp())
            self._undo[mailing_id] = timedelta(seconds=undo)
            return mailing_id

        made = []

        def command():
            if not made:
                made.append(self._transaction(freeze))
            self._write_rows(made[0])

        return self.command("sender", command)

    def write_rows(self, mailing_id):
        """`resume`, where a sender died in the middle."""
        return self.command("sender", lambda: self._write_rows(mailing_id))

    def _write_rows(self, mailing_id):
        self.settle()
        at, undo = self.clock(), self._undo.get(mailing_id, timedelta(0))
        self.oracle.counted[self.oracle.actor] = (at + undo).timestamp()
        materialise.materialise(self.database, mailing_id, at=at, undo=undo)

    # Looking

    def live(self):
        """The mailings that are not over."""
        with self.database.reading() as connection:
            found = [mailings.get(connection, one) for one in self.mailings]
        return [one for one in found if one.state not in ENDED_MAILINGS]

    def check_sums(self):
        """The figures that people see add up."""
        with self.database.reading() as connection:
            for mailing_id in self.mailings:
                found = status_of(connection, mailings.get(connection, mailing_id), now=self.clock()).document()
                parts = sum(found[state.name.lower()] for state in RowState) + found["deferred"]
                self.oracle.require(parts == found["total"], f"status of {mailing_id} does not add up: {found}")

    def check_rates(self):
        """A clock that was moved has other seconds."""
        if not self.oracle.other_seconds:
            self.oracle.till.judge_rates()

    def sizes(self):
        with self.database.reading() as connection:
            return {one: mailings.get(connection, one).total for one in self.mailings}


#: Seconds after which nothing is retried.
GIVE_UP = 90.0
#: How often a person tries again.
PERSISTENCE = 60
