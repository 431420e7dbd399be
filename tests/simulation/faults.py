"""How databases fail, in the simulated machine."""

import sqlite3
from dataclasses import dataclass

import sqlalchemy as sa


@dataclass
class Faults:
    """What happens to transactions just now; chances in [0, 1]."""

    kernel: object
    oracle: object
    gone: bool = False  #: it does not answer
    full: bool = False  #: whoever writes finds the disk full
    refused: float = 0.0  #: the transaction does not begin
    cut: float = 0.0  #: the link breaks before the commit, and nothing was written
    cut_late: float = 0.0  #: the commit succeeds, and the link breaks before anybody hears of it
    broken: float = 0.0  #: the disk has errors
    disk_seconds: float = 0.0  #: how long a commit takes at most

    def clear(self):
        self.gone = self.full = False
        self.refused = self.cut = self.cut_late = self.broken = self.disk_seconds = 0.0

    def begin(self):
        if self.gone or self._strikes(self.refused):
            self._away("connection refused")

    def before_commit(self):
        if self.full:
            self._fault("database or disk is full")
        if self._strikes(self.broken):
            self._fault("disk I/O error")
        if self.disk_seconds:
            self.kernel.sleep(self.kernel.dice.random() * self.disk_seconds, "writing")

    def commit(self):
        if self.gone or self._strikes(self.cut):
            self._away("server closed the connection unexpectedly")

    def committed(self):
        if self._strikes(self.cut_late):
            self._away("server closed the connection after the commit")

    def _strikes(self, chance):
        return bool(chance) and self.kernel.current is not None and self.kernel.dice.random() < chance

    def _away(self, text):
        """As the driver of a server says it."""
        self._note(text)
        raise sa.exc.OperationalError(None, None, ConnectionError(text), connection_invalidated=True)

    def _fault(self, text):
        """As SQLite says it."""
        self._note(text)
        raise sa.exc.OperationalError(None, None, sqlite3.OperationalError(text))

    def _note(self, text):
        self.oracle.troubled = True
        self.oracle.counts["database faults"] += 1
        self.kernel.turn(f"database: {text}")
