"""The ticker: looks every few seconds, and at the very instant, whether the time of something has come.

Schedules are rows of ours; APScheduler only says when to look. Its own job store would fire twice when shared and loses
jobs that it cannot read, so it is kept in memory and holds no more than the looks. Several schedulers may run.

Each step below has a thread of its own, so none waits for another: not a time that has come for a feed that hangs, and no
step for one that fails.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from mailer.errors import MailerError, StorageError
from mailer.launch import Desk, compose_proofs, fetch_due, fire_due
from mailer.storage import proofs, schedules
from mailer.storage.database import Connection
from mailer.storage.heartbeats import Role, beating
from mailer.storage.outage import Outage
from mailer.storage.wake import woken

log = logging.getLogger(__name__)
SWEEP_EVERY = 5.0
#: Seconds by which this machine's clock may be put back before the looks are set anew.
_PUT_BACK = 1.0
#: Is told in a sentence what happened.
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that a scheduler sees to.

    look: does what is due; how much that was. The event is set when nobody waits for it any more. next_at: when something
    is due next, None if nobody knows. heeds_hints: it looks at once when somebody changes a schedule, too.
    """

    name: str
    look: Callable[[Desk, Told, threading.Event], int]
    next_at: Callable[[Connection], datetime | None] = lambda _connection: None
    heeds_hints: bool = False


def _fire(desk: Desk, told: Told, _stopped: threading.Event) -> int:
    return len(fire_due(desk, told=told))


def _proof(desk: Desk, told: Told, _stopped: threading.Event) -> int:
    return compose_proofs(desk, told=told)


def _ask_feeds(desk: Desk, _told: Told, stopped: threading.Event) -> int:
    return fetch_due(desk, stopped)


STEPS: tuple[Step, ...] = (
    Step(name="fire", look=_fire, next_at=schedules.earliest, heeds_hints=True),
    Step(name="proof", look=_proof, next_at=proofs.earliest),
    Step(name="feeds", look=_ask_feeds),
)


class Scheduler:
    """Fires due schedules from threads of its own, from enter to exit. `fired`: how many mailings it has dealt with."""

    def __init__(self, desk: Desk, *, every: float = SWEEP_EVERY, told: Told = lambda _: None) -> None:
        """every: seconds between looks. told: is told in a sentence when something went out or went wrong."""
        self._desk, self._every = desk, every
        self._stopped = threading.Event()
        self._watches = [_Watch(step, desk, told, self._wake_at, stopped=self._stopped) for step in STEPS]
        # Its jobs only say that it is time. One that comes late is still wanted, and only once (its own grace is a second).
        options = {"coalesce": True, "misfire_grace_time": None}
        self._ticker = BackgroundScheduler(timezone=UTC, job_defaults=options)
        self._around = ExitStack()

    @property
    def fired(self) -> int:
        return self._watches[0].done

    def __enter__(self) -> Self:
        self._around.enter_context(beating(self._desk.database, self._desk.clock, Role.SCHEDULER))
        for target in (self._watch_the_clock, *(watch.run for watch in self._watches)):
            thread = threading.Thread(target=target, name="scheduler", daemon=True)
            thread.start()
            self._around.callback(thread.join)
        self._around.enter_context(woken(self._desk.database, self._heed))
        self._look_regularly()
        self._ticker.start()
        self._around.callback(self._ticker.shutdown)
        self._around.callback(self._stop)
        return self

    def __exit__(self, *exception: object) -> None:
        self._around.close()

    def _stop(self) -> None:
        self._stopped.set()
        self._look_soon()

    def sweep(self) -> None:
        """One look of every step. What goes wrong is said, and the next look tries again."""
        for watch in self._watches:
            watch.look()

    def _look_regularly(self) -> None:
        trigger, now = IntervalTrigger(seconds=self._every, timezone=UTC), datetime.now(UTC)
        self._ticker.add_job(self._look_soon, trigger, id="regular", next_run_time=now, replace_existing=True)

    def _look_soon(self) -> None:
        for watch in self._watches:
            watch.due.set()

    def _heed(self) -> None:
        """Somebody changed a schedule, or the mail that goes out."""
        for watch in self._watches:
            if watch.step.heeds_hints:
                watch.due.set()

    def _wake_at(self, watch: "_Watch", at: datetime) -> None:
        """Look again at the very instant; every look sets this anew."""
        self._ticker.add_job(watch.due.set, DateTrigger(at, timezone=UTC), id=watch.step.name, replace_existing=True)

    def _watch_the_clock(self) -> None:
        """The ticker waits for times of day: were the clock put back by an hour, it would not look for an hour."""
        ahead = time.time() - time.monotonic()
        while not self._stopped.wait(self._every):
            now_ahead = time.time() - time.monotonic()
            if now_ahead < ahead - _PUT_BACK:
                log.warning("scheduler.clock_put_back seconds=%.0f", ahead - now_ahead)
                self._look_regularly()
            ahead = now_ahead


class _Watch:
    """One step, again and again, whatever happens. due: it is to look, now or once its present look is over.

    done: how much it has dealt with.
    """

    def __init__(
        self,
        step: Step,
        desk: Desk,
        told: Told,
        wake_at: Callable[["_Watch", datetime], None],
        *,
        stopped: threading.Event,
    ) -> None:
        self.step, self.done, self.due = step, 0, threading.Event()
        self._desk, self._told, self._wake_at, self._stopped = desk, told, wake_at, stopped
        self._outage = Outage(away=self._away, back=lambda: told("The database answers again."))
        self._trouble = ""

    def run(self) -> None:
        """Look whenever it is time, until the scheduler stops."""
        while not self._stopped.is_set():
            self.due.wait()
            self.due.clear()
            if not self._stopped.is_set():
                self.look()

    def look(self) -> None:
        """What goes wrong is said once, and tried again at the next look."""
        try:
            began = self._desk.clock()
            self.done += self.step.look(self._desk, self._told, self._stopped)
            with self._desk.database.reading() as connection:
                next_at = self.step.next_at(connection)
        except StorageError as error:
            self._ride_out(error)
        except MailerError as error:
            self._failed(error.code)
            self._say_once(error.message)
        except Exception as error:  # whatever it is, the ticker goes on
            log.exception("scheduler.failed step=%s", self.step.name)
            self._say_once(f"{type(error).__name__} in the scheduler ({self.step.name}): its log says where.")
        else:
            self._outage.over()
            self._trouble = ""
            # What was due already and is still there cannot be done just now: the next regular look tries again.
            if next_at is not None and next_at > began:
                self._wake_at(self, datetime.now(UTC) + max(next_at - self._desk.clock(), timedelta(0)))

    def _failed(self, code: str) -> None:
        log.error("scheduler.failed step=%s error=%s", self.step.name, code)

    def _ride_out(self, error: StorageError) -> None:
        """A database that is away is told of once, and looked for again sooner than the next sweep."""
        if error.passing:
            log.info("scheduler.waits step=%s error=%s", self.step.name, error.code)
            self._wake_at(self, datetime.now(UTC) + timedelta(seconds=self._outage.met(error)))
        else:
            self._failed(error.code)
            self._say_once(error.message)

    def _away(self, reason: str) -> None:
        self._told(f"{reason} Trying again until it does.")

    def _say_once(self, sentence: str) -> None:
        if sentence != self._trouble:
            self._told(sentence)
        self._trouble = sentence
