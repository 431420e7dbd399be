"""Where claimed parcels wait for a connection. Short: memory does not grow with the audience."""

from collections import deque
from collections.abc import Callable, Sequence

from mailer.delivery.work import Parcel
from mailer.runtime import MACHINE, Runtime


class Shelf:
    """A queue between the one thread that claims and the threads that carry."""

    def __init__(self, runtime: Runtime = MACHINE, *, low: int = 0, ran_low: Callable[[], None] = lambda: None) -> None:
        """ran_low: called by whoever takes, each time no more than `low` parcels are left."""
        self._parcels: deque[Parcel] = deque()
        self._changed = runtime.condition()
        self._low, self._ran_low = low, ran_low
        self.closed = False

    def __len__(self) -> int:
        return len(self._parcels)

    def put(self, parcels: Sequence[Parcel]) -> None:
        with self._changed:
            self._parcels.extend(parcels)
            self._changed.notify_all()

    def put_back(self, parcels: Sequence[Parcel]) -> None:
        """Return parcels that were taken and not touched, to the front."""
        with self._changed:
            self._parcels.extendleft(reversed(parcels))
            self._changed.notify_all()

    def take(self, most: int) -> list[Parcel]:
        """Up to `most` parcels, now; none when the shelf is empty or closed."""
        with self._changed:
            before = len(self._parcels)
            number = 0 if self.closed else min(most, before)
            taken = [self._parcels.popleft() for _ in range(number)]
        if before > self._low >= before - number:
            self._ran_low()
        return taken

    def wait(self, seconds: float) -> bool:
        """Wait until there is something to take, or the shelf is closed. Whether there is."""
        with self._changed:
            self._changed.wait_for(lambda: self._parcels or self.closed, seconds)
            return bool(self._parcels) and not self.closed

    def remove(self, condition: Callable[[Parcel], bool]) -> list[Parcel]:
        """Take off it whatever meets the condition."""
        with self._changed:
            removed = [parcel for parcel in self._parcels if condition(parcel)]
            if removed:
                self._parcels = deque(parcel for parcel in self._parcels if not condition(parcel))
            return removed

    def clear(self) -> list[Parcel]:
        """Take everything off it."""
        return self.remove(lambda _: True)

    def close(self) -> None:
        """Nothing can be taken from now on; whoever waits is woken."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
