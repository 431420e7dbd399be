"""Tells what is to be told, from a thread beside whatever else a process does. Any number of processes may.

It never stops a mailing: what cannot be told now is tried again, longer and longer apart, for a day by mail and a few
times at the web address, and every failure is logged.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from mailer.alerts.letters import Letter, Letters, Page
from mailer.alerts.watch import Watch
from mailer.alerts.webhook import NotTold, post
from mailer.backend import Backend, Deferred, Refused
from mailer.domain.address import with_masked_addresses
from mailer.edition.dispatch import Dispatch
from mailer.edition.notice import notice
from mailer.errors import BackendError, EditionError, MailerError, StorageError
from mailer.settings import Settings
from mailer.storage import alerts
from mailer.storage.alerts import Alert, Channel
from mailer.storage.database import Database

log = logging.getLogger(__name__)
LOOK_EVERY = 2.0
#: Seconds between looks whether others are at work.
WATCH_EVERY = 30.0
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
#: What nobody could be told for so long is told no more: it would confuse.
STALE = timedelta(days=1)
MOST_POSTS = 6
#: Seconds that a process waits, when it ends, for what is just being told.
GRACE = 10.0


class Teller:
    """Tells on the channels that the settings name."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        make_backend: Callable[[], Backend],
        dispatch: Dispatch,
        make_key: Callable[[], bytes],
        watch: Watch,
    ) -> None:
        """make_backend, dispatch: those of the relay that carries alerts. make_key: the secret key, for proofs.

        watch: looks whether others are at work.
        """
        self._database, self._settings, self._clock = database, settings, clock
        self._make_backend, self._dispatch = make_backend, dispatch
        self._watch = watch
        self._letters = Letters(database, settings, make_key=make_key)
        self._channels = self._letters.channels

    def tell_due(self) -> int:
        """Tell all that is due; how many were told. What goes wrong is logged, and tried again later."""
        told = 0
        try:
            while (alert := self._take()) is not None:
                told += self._tell(alert)
        except MailerError as error:  # the database: the next look tries again
            # A database that is away for a moment is told of once, by whatever runs beside us.
            passes = isinstance(error, StorageError) and error.passing
            log.log(logging.INFO if passes else logging.WARNING, "alerts.failed error=%s", error.code)
        return told

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Tell, and watch, from a thread of its own while the block runs."""
        stop = threading.Event()
        thread = threading.Thread(target=self._go_on, args=(stop,), name="alerts", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(GRACE)  # what it does not come to the end of is told by another, later

    def _go_on(self, stop: threading.Event) -> None:
        watched_at = time.monotonic()
        while not stop.wait(LOOK_EVERY):
            if time.monotonic() - watched_at > WATCH_EVERY:
                watched_at = time.monotonic()
                self._watch.look()
            self.tell_due()

    def _take(self) -> Alert | None:
        now = self._clock()
        if not self._channels:
            return None
        with self._database.reading() as connection:
            if not alerts.any_due(connection, self._channels, now=now):
                return None
        with self._database.writing() as connection:
            return alerts.take(connection, self._channels, now=now)

    def _tell(self, alert: Alert) -> bool:
        if self._clock() - alert.at > STALE:
            self._close(alert, "too old: nobody could be told for a day")
            return False
        letter = self._letters.letter(alert)
        if letter is None:
            self._close(alert, "over")
            return False
        if alert.channel is Channel.WEBHOOK:
            return self._post(alert, letter)
        return self._mail(alert, letter)

    def _post(self, alert: Alert, letter: Letter) -> bool:
        try:
            post(self._settings.alerts.webhook, letter.told.document)
        except NotTold as error:
            if alert.attempts >= MOST_POSTS:
                self._close(alert, f"given up: {error}")
            else:
                self._put_off(alert, str(error))
            return False
        self._close(alert, "told")
        return True

    def _mail(self, alert: Alert, letter: Letter) -> bool:
        done = alert.told
        try:
            backend = self._make_backend()
            try:
                backend.open()
                for number, page in enumerate(letter.pages[done:], done + 1):
                    reason = self._send(backend, page, f"{letter.told.key}.{number}", alert)
                    if reason:
                        self._put_off(alert, reason, told=done)
                        return False
                    done += 1
            finally:
                backend.close()
        except BackendError as error:
            self._put_off(alert, error.message, told=done)
            return False
        self._close(alert, "told")
        return True

    def _send(self, backend: Backend, page: Page, key: str, alert: Alert) -> str:
        """Why to try again later, or "": it went, or never will. key: of the message, the same at every try."""
        organisation = self._settings.organisation
        try:
            message = notice(
                sender=organisation.from_address,
                name=organisation.name,
                to=page.to,
                subject=page.subject,
                text=page.text,
                html=page.html,
                at=self._clock(),
                dispatch=self._dispatch,
                key=key,
            )
        except EditionError as error:
            log.error("alert.unsendable alert=%d message=%s error=%s", alert.id, key, error.code)  # noqa: TRY400
            return ""
        receipt = backend.send(message)
        if isinstance(receipt, Deferred):
            return f"{receipt.code} {receipt.enhanced} {receipt.text}"
        if isinstance(receipt, Refused):
            log.error("alert.refused alert=%d message=%s code=%d", alert.id, key, receipt.code)
        return ""

    def _put_off(self, alert: Alert, reason: str, *, told: int = 0) -> None:
        wait = min(FIRST_WAIT * 2 ** min(alert.attempts - 1, 10), LONGEST_WAIT)
        reason = with_masked_addresses(reason)
        with self._database.writing() as connection:
            alerts.put_off(connection, alert.id, until=self._clock() + wait, told=told, outcome=reason)
        seconds = wait.total_seconds()
        log.warning("Alert %d could not be told by %s: %s. Again in %d s.", alert.id, alert.channel, reason, seconds)

    def _close(self, alert: Alert, outcome: str) -> None:
        with self._database.writing() as connection:
            alerts.close(connection, alert.id, outcome=outcome, at=self._clock())
        level = logging.INFO if outcome in ("told", "over") else logging.ERROR
        log.log(level, "alert.closed alert=%d channel=%s kind=%s", alert.id, alert.channel, alert.kind)
