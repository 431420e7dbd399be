"""A relay asks for less mail: it is noted where all workers see it, and told once."""

import logging
import math
import threading
from collections.abc import Callable
from datetime import datetime

from mailer.domain.gcra import ONE_EVENT, SECOND
from mailer.domain.provider import Provider
from mailer.errors import StorageError
from mailer.runtime import Runtime
from mailer.storage import buckets
from mailer.storage.database import Database

logger = logging.getLogger(__name__)


class Slowing:
    """Any thread may use it. What was on its way together comes back together: that is one reason to go slower."""

    def __init__(self, database: Database, clock: Callable[[], datetime], runtime: Runtime) -> None:
        self._database, self._clock, self._runtime = database, clock, runtime
        self._heard: dict[tuple[str, Provider], float] = {}
        self._lock = threading.Lock()

    def asked(self, relay: str, provider: Provider) -> None:
        """The relay wants less for that group. While the database is away nothing is claimed anyway."""
        now = self._runtime.monotonic()
        with self._lock:
            if now < self._heard.get((relay, provider), -math.inf) + ONE_EVENT / SECOND:
                return
            self._heard[relay, provider] = now
        try:
            share = buckets.slow_down(self._database, relay, provider, clock=self._clock)
        except StorageError as error:
            if not error.passing:
                raise
        else:
            logger.info("relay asked for less: relay=%s group=%s share=%.2f", relay, provider.word, share)
