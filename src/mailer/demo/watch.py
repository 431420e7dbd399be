"""The demo's worker, and a way to wait for what it does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mailer.app import App
from mailer.delivery.observer import Observer
from mailer.domain.mailing import Mailing
from mailer.errors import MailerError

#: Far longer than any step takes; a demo that hangs would be worse than one that says that it failed.
_PATIENCE = 120.0
_STEP = 0.1


class Watch(Observer):
    """Hears from the worker which mailings are finished."""

    def __init__(self, stopping: threading.Event) -> None:
        """stopping: set when a person wants the demo to end; then waiting raises KeyboardInterrupt."""
        self._stopping = stopping
        self._changed = threading.Condition()
        self._finished: dict[int, Mailing] = {}
        self._trouble = ""

    @classmethod
    @contextmanager
    def over(cls, app: App, stopping: threading.Event) -> Iterator["Watch"]:
        """A worker works the queue in a thread until the block ends; what is on the wire is finished first."""
        watch = cls(stopping)
        worker = app.worker(observer=watch)

        def work() -> None:
            try:
                worker.run()
            except MailerError as error:
                watch.fail(error.message)

        thread = threading.Thread(target=work, name="worker")
        thread.start()
        try:
            yield watch
        finally:
            worker.stop()
            thread.join()

    def finished(self, mailing: Mailing) -> None:
        with self._changed:
            self._finished[mailing.id] = mailing
            self._changed.notify_all()

    def paused(self, mailing: Mailing, reason: str) -> None:
        self.fail(f"{mailing.slug} was paused: {reason}")

    def trouble(self, reason: str, seconds: float) -> None:  # noqa: ARG002
        self.fail(reason)

    def fail(self, reason: str) -> None:
        """Nothing that is waited for will come."""
        with self._changed:
            self._trouble = reason
            self._changed.notify_all()

    def wait_for(self, mailing_id: int) -> None:
        """Until the mailing is finished. Raises MailerError when it cannot be, KeyboardInterrupt when a person stops the demo."""
        with self._changed:
            for _ in range(int(_PATIENCE / _STEP)):
                if mailing_id in self._finished:
                    return
                if self._trouble:
                    raise MailerError(f"The demo's mailing did not go out: {self._trouble}")
                if self._stopping.is_set():
                    raise KeyboardInterrupt
                self._changed.wait(_STEP)
        raise MailerError("The demo's mailing did not go out in time.")
