"""The ticker: looks every few seconds, and at the very instant, whether a schedule's time has come.

Schedules are rows of ours; APScheduler only says when to look. Its own job store would fire twice when shared and loses
jobs that it cannot read, so it is kept in memory and holds no more than the two looks. Several schedulers may run.
"""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Self

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from mailer.domain.count import people
from mailer.errors import MailerError, StorageError
from mailer.launch import Desk, fire_due
from mailer.storage import schedules
from mailer.storage.heartbeats import Role, beating
from mailer.storage.outage import Outage
from mailer.storage.wake import woken

log = logging.getLogger(__name__)
SWEEP_EVERY = 5.0


class Scheduler:
    """Fires due schedules from a thread of its own, from enter to exit. `fired`: how many it has dealt with."""

    def __init__(self, desk: Desk, *, every: float = SWEEP_EVERY, told: Callable[[str], None] = lambda _: None) -> None:
        """every: seconds between looks. told: is told in a sentence when something went out or went wrong."""
        self.fired = 0
        self._desk, self._told = desk, told
        # One thread: two looks at once would only wait for each other's transaction.
        self._ticker = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(1)})
        # A look that comes late is still wanted, and only once (APScheduler's own grace is a second).
        options = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        self._ticker.configure(job_defaults=options)
        self._every = every
        self._outage = Outage(away=self._away, back=lambda: told("The database answers again."))
        self._around = ExitStack()

    def __enter__(self) -> Self:
        self._around.enter_context(beating(self._desk.database, self._desk.clock, Role.SCHEDULER))
        self._around.enter_context(woken(self._desk.database, self._look_soon))
        trigger = IntervalTrigger(seconds=self._every, timezone=UTC)
        self._ticker.add_job(self.sweep, trigger, id="sweep", next_run_time=datetime.now(UTC))
        self._ticker.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._around.close()
        self._ticker.shutdown(wait=True)

    def sweep(self) -> None:
        """One look. What goes wrong is said, and the next look tries again."""
        try:
            fired = fire_due(self._desk)
            with self._desk.database.reading() as connection:
                next_at = schedules.earliest(connection)
        except StorageError as error:
            log.error("scheduler.failed error=%s", error.code)  # noqa: TRY400 (a sentence, not a traceback)
            self._ride_out(error)
            return
        except MailerError as error:
            log.error("scheduler.failed error=%s", error.code)  # noqa: TRY400 (as above)
            self._told(error.message)
            return
        self._outage.over()
        self.fired += len(fired)
        for mailing in fired:
            reason = f": {mailing.state_reason}" if mailing.state_reason else f", {people(mailing.total)}"
            self._told(f"{mailing.slug} ({mailing.id}) is {mailing.state}{reason}.")
        if next_at is not None:
            self._wake_at(next_at)

    def _ride_out(self, error: StorageError) -> None:
        """A database that is away is told of once, and looked for again sooner than the next sweep."""
        if error.passing:
            self._wake_at(datetime.now(UTC) + timedelta(seconds=self._outage.met(error)))
        else:
            self._told(error.message)

    def _away(self, reason: str) -> None:
        self._told(f"{reason} Trying again until it does.")

    def _look_soon(self) -> None:
        """Somebody changed a schedule."""
        if self._ticker.running:
            self._ticker.add_job(self.sweep, id="hint", replace_existing=True)

    def _wake_at(self, at: datetime) -> None:
        """Look again at the very instant; every look sets this anew."""
        self._ticker.add_job(self.sweep, DateTrigger(at, timezone=UTC), id="next", replace_existing=True)
