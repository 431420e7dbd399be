"""The worker: takes due rows from the ledger, makes their messages, gives them to the relay, writes what became of them.

    steps             claim, prolong leases, reap what dead workers left, finish mailings
    outlets           one for each relay: a shelf of claimed parcels and the relay's connections (`outlet`)
    connections       build, have marked, put on the wire, read receipts (`carrier`)
    committer         every pending mark and receipt of all connections in one commit (`committer`)

Connections whose backend takes turns are jobs of one thread (`turns`), the others threads of their own; so are the steps and the
committer, but where the ledger is SQLite and all relays take turns: then the whole worker is one thread's.

Any number of workers, in any number of processes, share one ledger and need not know of each other. In memory are a few hundred
recipients and the messages that are on the wire, whatever the size of the audience.

`stop()` ends a worker within a second when it is idle: nothing new is taken, what is on the wire is finished, the rest
is given back. A second `stop()` does not wait for a slow relay either; what waits for its reply is then uncertain.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial

from mailer.delivery.carrier import Bench
from mailer.delivery.committer import Committer
from mailer.delivery.intake import Intake
from mailer.delivery.observer import Observer, by_mailing
from mailer.delivery.outlet import Outlet
from mailer.delivery.pace import Pace, Route
from mailer.delivery.slowing import Slowing
from mailer.delivery.summary import Summary, what_is_left
from mailer.delivery.trouble import Trouble
from mailer.delivery.work import Settlement, Work
from mailer.domain.mailing import Mailing, MailingState, RowState
from mailer.errors import StorageError
from mailer.runtime import MACHINE, Runtime
from mailer.storage import mailings
from mailer.storage.database import Database
from mailer.storage.heartbeats import Role, beating
from mailer.storage.ledger import Batch, Ledger
from mailer.storage.ledger_outlook import outlook
from mailer.storage.outage import Outage

logger = logging.getLogger(__name__)
REAP_EVERY = 5.0
#: How often an idle worker looks for work; jittered, so that many do not look at once.
LOOK_EVERY = 1.0
STEP = 0.2
#: A worker whose own thread takes longer over one step hangs: it gives no sign of life until it goes on.
HANGS_AFTER = 60.0
#: How long a stopping worker waits for replies before it breaks off.
GRACE = 30.0


class Worker:
    """One worker. `run` it once, in any thread."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime],
        key: bytes,
        routes: Sequence[Route],
        pace: Pace,
        observer: Observer | None = None,
        only: int | None = None,
        runtime: Runtime = MACHINE,
        woken: Callable[[Callable[[], None]], AbstractContextManager[None]] = lambda _poke: nullcontext(),
    ) -> None:
        """key: signs links. routes: the relays, at least one. only: work this mailing alone.

        woken: a block in which `poke` is called when there is something to do.
        """
        self._database, self._clock, self._only, self._runtime = database, clock, only, runtime
        self._woken, self._pace = woken, pace
        self._observer, self._summary = observer or Observer(), Summary()
        self._asked, self._hurry, self._ending = runtime.event(), runtime.event(), runtime.event()
        #: Something happened that this worker's own thread should look at.
        self._nudge = runtime.event()
        self._telling = threading.Lock()
        self._works: list[Work] = []
        self._error: Exception | None = None
        self._reap_at = self._moved_at = self._look_at = 0.0
        self._to_pause: list[tuple[Mailing, str]] = []
        self._outage = Outage(runtime, away=self._away, back=self._back)
        self._ledger = Ledger(database, clock)
        self._turns = runtime.turns("worker")
        # A server that is asked may take its time, while SQLite's work is done in whatever thread asks.
        self._is_alone = database.is_sqlite and all(route.takes_turns for route in routes)
        self._committer = self._make_committer()
        self._slowing = Slowing(database, clock, runtime)
        self._outlets = self._make_outlets(routes)
        self._trouble = Trouble(self._outlets, runtime, telling=self._telling, tell=self._observer.trouble)
        self._intake = Intake(
            database, self._ledger, self._outlets, clock=clock, runtime=runtime, key=key, only=only, pace=pace
        )

    def _make_committer(self) -> Committer:
        return Committer(
            self._ledger,
            max_in_doubt=self._pace.max_in_doubt,
            runtime=self._runtime,
            make_thread=self._turns.job if self._is_alone else self._runtime.thread,
            settled=self._settled,
            failed=self._crashed,
        )

    def _make_outlets(self, routes: Sequence[Route]) -> list[Outlet]:
        share = self._pace.max_in_doubt // sum(route.connections for route in routes)
        return [
            Outlet(
                route,
                share_of_doubt=share,
                runtime=self._runtime,
                ran_low=self._nudge.set,
                make_bench=self._bench,
            )
            for route in routes
        ]

    def _bench(self, outlet: Outlet) -> Bench:
        return Bench(
            relay=outlet.route.name,
            shelf=outlet.shelf,
            committer=self._committer,
            make_backend=outlet.route.make_backend,
            clock=self._clock,
            runtime=self._runtime,
            make_thread=self._turns.job if outlet.route.takes_turns else self._runtime.thread,
            stopping=self._ending,
            pace=self._pace,
            idle_timeout=outlet.route.idle_timeout,
            halt=self._halt,
            welcomed=outlet.welcomes,
            refused=partial(self._refused, outlet),
            trouble=lambda reason, seconds: self._trouble.met(outlet, reason, seconds),
            slow_down=partial(self._slowing.asked, outlet.route.name),
            crashed=self._crashed,
        )

    def poke(self) -> None:
        """Look now for work; any thread may call it. A hint: without it the worker looks a second later."""
        self._look_at = 0.0
        self._nudge.set()

    def stop(self) -> None:
        """Ask it to stop. The second call breaks off what waits for a reply."""
        if self._asked.is_set():
            self._hurry.set()
        self._asked.set()
        self._end()

    @property
    def stopped(self) -> bool:
        """Whether somebody asked it to stop."""
        return self._asked.is_set()

    def run(self, *, drain: bool = False) -> Summary:
        """Work until told to stop.

        drain: return as soon as nothing may go. That waits for rates and for the leases of dead workers, not for retries,
        quotas, hours, the undo window or pauses, nor for a relay that is down; `Summary.left` says what is left.
        A database that is away is waited for: draining, for the length of a lease, else for as long as it takes.
        Raises StorageError when the ledger cannot be written; what was settled before is kept.
        """
        beats = beating(
            self._database,
            self._clock,
            Role.WORKER,
            mailing_id=self._only,
            runtime=self._runtime,
            moving=lambda: self._runtime.monotonic() - self._moved_at < HANGS_AFTER,
            trouble=self._trouble.now,
        )
        self._moved_at = self._runtime.monotonic()
        with beats, self._woken(self.poke):
            self._committer.start()
            for outlet in self._outlets:
                outlet.start()
            try:
                if self._is_alone:
                    self._turns.call(lambda: self._go_on(drain=drain))
                else:
                    self._go_on(drain=drain)
            finally:
                self._shut_down()
        if self._error is not None:
            raise self._error
        if self._trouble.everywhere:
            self._summary.relay_down = self._trouble.now()
        sharing = [outlet for outlet in self._outlets if not outlet.standby] or self._outlets
        limits = {outlet.route.name: outlet.route.limits for outlet in sharing}
        self._summary.left = what_is_left(self._database, now=self._clock(), only=self._only, limits=limits)
        return self._summary

    def _go_on(self, *, drain: bool) -> None:
        while not self._ending.is_set() and self._try_step(drain=drain):
            pass

    def _try_step(self, *, drain: bool) -> bool:
        """As `_step`; rides out a database that is away."""
        self._moved_at = self._runtime.monotonic()
        try:
            return self._step(drain=drain)
        except StorageError as error:
            seconds = self._outage.met(error)
            if drain and self._outage.seconds > self._pace.lease_seconds:
                raise
            self._look_at = 0.0  # which tells whether it is back
            self._ending.wait(seconds)
            return True

    def _step(self, *, drain: bool) -> bool:
        """One look around. False: draining, and nothing is due."""
        now = self._runtime.monotonic()
        self._pause_at_last()
        if now >= self._reap_at:
            self._reap_at = now + self._runtime.jittered(REAP_EVERY)
            self._reap()
            self._outage.over()
        self._intake.hold()
        usable = self._intake.usable()
        for outlet in self._outlets:
            if outlet.down or (outlet not in usable and len(self._outlets) > 1):
                self._intake.give_back(outlet.shelf.clear())
        if not usable and all(outlet.down or outlet.set_aside for outlet in self._outlets):
            self._wait(STEP)
            return not drain or self._intake.in_hand > 0
        if now >= self._look_at:
            self._look_at = now + self._runtime.jittered(LOOK_EVERY)
            self._works = self._intake.look()
            self._outage.over()
        claims = list(self._intake.fill())
        for work, batch in claims:
            self._took(work, batch)
        if claims:
            return True
        if self._intake.in_hand:
            self._wait(min(STEP, self._intake.wait))
        elif not self._rest_is_waiting() and drain:
            return False
        else:
            self._wait(min(max(STEP, self._look_at - self._runtime.monotonic()), self._intake.wait))
        return True

    def _wait(self, seconds: float) -> None:
        """Until something happens: a shelf runs low, all that we hold is settled, a poke, the end."""
        self._nudge.wait(seconds)
        self._nudge.clear()

    def _rest_is_waiting(self) -> bool:
        """Finish what is done; whether anything of the others may go now, or is in the hands of another worker.

        What is due, or will be, and has to wait for a quota or for the hours may not; that time is added to the deadline of
        retries.
        """
        waiting, put_off = False, self._intake.put_off
        for work in self._works:
            with self._database.reading() as connection:
                view = outlook(connection, work.mailing.id, now=self._clock())
            if view.done:
                self._finish(work.mailing)
            since = self._clock() if view.due else view.next_due
            if since is not None and put_off is not None and since < put_off:
                with self._database.writing() as connection:
                    mailings.excuse_wait(connection, work.mailing.id, since=since, until=put_off)
            waiting |= bool((view.due and put_off is None) or view.in_hand)
        return waiting

    def _finish(self, mailing: Mailing) -> None:
        now = self._clock()
        with self._database.writing() as connection:
            done = mailings.finish_if_done(connection, mailing.id, at=now)
        if done:
            self._look_at = 0.0
            with self._telling:
                self._observer.finished(mailing)

    def _reap(self) -> None:
        reaped = self._ledger.reap()
        if reaped:
            self._look_at = 0.0
            logger.info(
                "leases reaped: released=%d uncertain=%d resent=%d", reaped.released, reaped.uncertain, reaped.resent
            )
            self._summary.counts[RowState.UNCERTAIN] += reaped.uncertain

    def _shut_down(self) -> None:
        """Finish what is on the wire, write what became of it, give back the rest."""
        self._end()
        give_up = self._runtime.monotonic() + GRACE
        while any(outlet.alive for outlet in self._outlets):
            self._moved_at = self._runtime.monotonic()
            for outlet in self._outlets:
                if self._hurry.is_set() or self._runtime.monotonic() > give_up:
                    outlet.abort()
                outlet.join(STEP / len(self._outlets))
            self._try(self._intake.hold, again=True)
        self._committer.close(self._hurry.is_set)
        self._try(self._intake.release)

    def _try(self, step: Callable[[], None], *, again: bool = False) -> None:
        """While shutting down: what cannot be written now is taken care of when its lease runs out, or `again` in a moment."""
        try:
            step()
        except StorageError as error:
            if not (again and error.passing):
                self._error = self._error or error

    def _end(self) -> None:
        self._ending.set()
        for outlet in self._outlets:
            outlet.close()
        self._nudge.set()

    # What the threads tell

    def _took(self, work: Work, batch: Batch) -> None:
        """Rows that ended when they were claimed."""
        counts = Counter(
            {RowState.SUPPRESSED: batch.suppressed, RowState.EXPIRED: batch.expired, RowState.FAILED: batch.failed}
        )
        self._tell(work.mailing, +counts)

    def _settled(self, settlements: Sequence[Settlement]) -> None:
        for mailing, counts in by_mailing(settlements):
            self._tell(mailing, counts)
        self._trouble.over({one.outcome.relay for one in settlements if one.outcome.state is RowState.SENT})
        if not self._intake.in_hand:
            self._nudge.set()

    def _tell(self, mailing: Mailing, counts: "Counter[RowState]") -> None:
        with self._telling:
            self._summary.counts += counts
            if counts:
                self._observer.settled(mailing, counts)

    def _halt(self, work: Work, reason: str) -> None:
        """Pause a mailing; from when this returns nothing more of it is marked, by any worker.

        While the database is away nothing is marked anyway; then this worker's own thread pauses it before all else.
        """
        work.halted = True
        try:
            self._pause(work.mailing, reason)
        except StorageError as error:
            if not error.passing:
                raise
            self._to_pause.append((work.mailing, reason))

    def _pause_at_last(self) -> None:
        while self._to_pause:
            self._pause(*self._to_pause[0])
            del self._to_pause[0]

    def _pause(self, mailing: Mailing, reason: str) -> None:
        with self._database.writing() as connection:
            paused = mailings.move(connection, mailing.id, MailingState.PAUSED, reason=reason, at=self._clock())
        if paused:
            logger.info("mailing paused: mailing=%d", mailing.id)
            with self._telling:
                self._summary.paused[mailing.id] = reason
                self._observer.paused(mailing, reason)

    def _refused(self, outlet: Outlet, reason: str, works: Sequence[Work]) -> None:
        """Others carry the mail of a relay that refuses us; when none takes us a person must act first."""
        if said := self._trouble.refused(outlet, reason):
            for work in works:
                self._halt(work, said)

    def _away(self, reason: str) -> None:
        logger.info("database.away")
        with self._telling:
            self._observer.database_away(reason)

    def _back(self) -> None:
        logger.info("database.back")
        with self._telling:
            self._observer.database_back()

    def _crashed(self, error: Exception) -> None:
        """A thread cannot go on: stop, and let `run` raise the first reason."""
        self._error = self._error or error
        self._end()
