"""The arithmetic of a rate: the generic cell rate algorithm (ITU-T I.371), in whole microseconds.

A bucket is one instant, the *theoretical arrival time*: when the next message would go if all went at even distances. It
may be ahead of now by `TOLERANCE`, so over any span of w seconds no more than `rate * (w + TOLERANCE) + 1` messages go:
a little is saved up while nobody looks, never more. One number that is written in the transaction of what it pays for
holds for any number of processes, and survives them.
"""

import math
from dataclasses import dataclass, replace

SECOND = 1_000_000
#: How much may be saved up. Too little to be felt as a burst; enough for small groups, and for a worker that wakes late.
TOLERANCE = SECOND // 4
#: A share of the rate that comes back with every minute in which nobody asked us to slow down.
RECOVERED_A_MINUTE = 0.1
#: Messages that were on their way together are refused together: that is one reason to slow down, not one for each.
ONE_EVENT = 10 * SECOND
#: Nothing is slowed down below one message a minute.
SLOWEST = 1 / 60
_MINUTE = 60 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What is kept of one rate; times are unix microseconds. slow: the share of the rate left at `slowed_at`, 1 for all."""

    tat: int = 0
    slow: float = 1.0
    slowed_at: int = 0

    def share(self, now: int) -> float:
        """The share of the rate that may be used now."""
        minutes = max(0, now - self.slowed_at) // _MINUTE
        return min(1.0, self.slow + RECOVERED_A_MINUTE * minutes)

    def interval(self, rate: float, now: int) -> int:
        """Microseconds between two messages, at `rate` messages a second and the share of it that is left."""
        slowed = rate * self.share(now)
        return max(1, round(SECOND / max(slowed, min(rate, SLOWEST))))

    def room(self, rate: float, now: int) -> int:
        """How many messages may go now."""
        interval = self.interval(rate, now)
        return max(0, (now + TOLERANCE - self._start(interval, now)) // interval + 1)

    def spent(self, number: int, rate: float, now: int) -> "Bucket":
        """After `number` messages, which are no more than there was room for."""
        interval, share = self.interval(rate, now), self.share(now)
        tat = self._start(interval, now) + number * interval
        return replace(self, tat=tat) if share < 1 else Bucket(tat=tat)

    def ready_at(self, rate: float, now: int) -> int:
        """When it is worth while to ask again: earlier than that there would be room for very few.

        Whoever wakes later than that by half of `TOLERANCE` has lost nothing.
        """
        return self._start(self.interval(rate, now), now) - TOLERANCE // 2

    def slowed(self, now: int) -> "Bucket":
        """Half as fast from now on, because a relay asked for it."""
        if self.slow < 1 and 0 <= now - self.slowed_at < ONE_EVENT:
            return self
        return replace(self, slow=self.share(now) / 2, slowed_at=now)

    def recovered_at(self) -> int:
        """When all of the rate is back, if nobody asks us to slow down again."""
        return self.slowed_at + math.ceil(round((1.0 - self.slow) / RECOVERED_A_MINUTE, 6)) * _MINUTE

    def _start(self, interval: int, now: int) -> int:
        """The theoretical arrival time as it counts now: nothing is saved from before.

        What lies further ahead than any message paid for comes from a clock that was set back, or from a rate that has
        been raised since: it counts for nothing, or it would hold up the mail for as long.
        """
        return max(now, self.tat) if self.tat <= now + TOLERANCE + max(interval, _MINUTE) else now
