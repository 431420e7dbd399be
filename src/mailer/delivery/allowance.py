"""How many rows a worker may have marked and not settled at one moment: what a `kill -9` may leave in doubt.

A row counts from before it is marked until its answer is handed in. That answer is committed with whatever is marked in its
place, or earlier, so the ledger never shows more rows on their way than this.
"""

from mailer.runtime import MACHINE, Runtime


class Allowance:
    """Shared by all connections of a worker. While it is withheld nobody gets anything of it."""

    def __init__(self, most: int, runtime: Runtime = MACHINE) -> None:
        self._left = most
        self._withheld = False
        self._changed = runtime.condition()

    def take(self, wanted: int, *, seconds: float = 0.0) -> int:
        """Up to `wanted` of what is left; waits for the first one."""
        with self._changed:
            self._changed.wait_for(lambda: self._available > 0, seconds)
            granted = min(wanted, self._available)
            self._left -= granted
            return granted

    @property
    def _available(self) -> int:
        return 0 if self._withheld else self._left

    def give_back(self, number: int) -> None:
        with self._changed:
            self._left += number
            self._changed.notify_all()

    def withhold(self) -> None:
        """Nothing can be marked now: the database is away."""
        self._withheld = True

    def allow(self) -> None:
        with self._changed:
            self._withheld = False
            self._changed.notify_all()
