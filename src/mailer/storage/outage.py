"""A database that is away for a while: somebody is told once, and it is asked again and again until it answers.

And one in which others are in the way for a moment: what a person asked for is begun anew.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from mailer.errors import DatabaseBusy, StorageError
from mailer.runtime import MACHINE, Runtime
from mailer.storage.database import Connection, Database

#: Seconds between tries, doubling from the one to the other.
FIRST, LONGEST = 0.25, 5.0
#: Seconds after which a change that a person asked for is not begun anew any more.
INSISTENCE = 30.0

Answer = TypeVar("Answer")


def _say_nothing(_reason: str = "") -> None:
    pass


class Outage:
    """What one thread knows of it."""

    def __init__(
        self,
        runtime: Runtime = MACHINE,
        *,
        away: Callable[[str], None] = _say_nothing,
        back: Callable[[], None] = _say_nothing,
    ) -> None:
        """away: told why, once for each outage. back: told when it is over."""
        self._runtime, self._away, self._back = runtime, away, back
        self._since = 0.0
        self._tries = 0

    def met(self, error: StorageError) -> float:
        """How many seconds to wait before trying again. Raises `error` when that would not help."""
        if not error.passing:
            raise error
        if not self._tries:
            self._since = self._runtime.monotonic()
        self._tries += 1
        if self._tries == 2:  # a single failure may be two transactions in each other's way
            self._away(error.message)
        return self._runtime.jittered(min(FIRST * 2.0 ** (self._tries - 1), LONGEST))

    def over(self) -> None:
        """It answered."""
        if self._tries > 1:
            self._back()
        self._tries = 0

    @property
    def seconds(self) -> float:
        """For how long it has been away."""
        return self._runtime.monotonic() - self._since if self._tries else 0.0


def patiently(step: Callable[[], Answer], outage: Outage, *, seconds: float, wait: Callable[[float], object]) -> Answer:
    """What `step` answers; it changes nothing, and may be asked again while the database is away.

    wait: sleeps for so many seconds. Raises StorageError when waiting does not help, or has not for `seconds`.
    """
    while True:
        try:
            answer = step()
        except StorageError as error:
            rest = outage.met(error)
            if outage.seconds > seconds:
                raise
            wait(rest)
        else:
            outage.over()
            return answer


def insistently(
    database: Database,
    step: Callable[[Connection], Answer],
    *,
    seconds: float = INSISTENCE,
    wait: Callable[[float], object] = time.sleep,
) -> Answer:
    """What `step` answers, in a transaction of its own: another one for as long as others are in the way of it.

    Of two that wait for each other's rows PostgreSQL breaks off one, whichever it likes, and SQLite whoever has waited
    too long: nothing of that one was changed. Raises DatabaseBusy if that goes on for `seconds`.
    """
    outage = Outage()
    while True:
        try:
            with database.writing() as connection:
                return step(connection)
        except DatabaseBusy as error:
            rest = outage.met(error)
            if outage.seconds > seconds:
                raise
            wait(rest)
