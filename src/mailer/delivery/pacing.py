"""How fast: a token bucket for what one process gives to its relay."""

import threading

#: Seconds' worth of tokens that may pile up: enough to work in small groups, too little to be felt as a burst.
BURST_SECONDS = 0.2


class Bucket:
    """Grants `rate` messages a second, 0 for as many as are asked for. Threads share it; time is handed in (monotonic)."""

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self._most = max(1.0, rate * BURST_SECONDS)
        self._tokens, self._at = self._most, now
        self._lock = threading.Lock()

    def take(self, wanted: int, now: float) -> int:
        """How many of the `wanted` messages may go out now; they are paid for."""
        if not self.rate:
            return wanted
        with self._lock:
            self._fill(now)
            granted = min(wanted, int(self._tokens))
            self._tokens -= granted
            return granted

    def give_back(self, unused: int) -> None:
        """Messages that were granted and then did not go."""
        with self._lock:
            self._tokens = min(self._most, self._tokens + unused)

    def wait(self, now: float) -> float:
        """Seconds until one message may go."""
        if not self.rate:
            return 0.0
        with self._lock:
            self._fill(now)
            return max(0.0, (1 - self._tokens) / self.rate)

    def _fill(self, now: float) -> None:
        # A clock that steps back (a thread that read it earlier) adds nothing.
        self._tokens = min(self._most, self._tokens + max(0.0, now - self._at) * self.rate)
        self._at = max(self._at, now)
