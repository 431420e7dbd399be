"""What threads wait with for each other, and jobs that take turns in one of them (`turns`): `Condition`, `Event`, `Promise`.

They are as those of `threading`, but for one thing: how the one who waits sleeps is for its thread to say.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Sleeper(Protocol):
    """One wait."""

    def sleep(self, seconds: float | None) -> bool:
        """Until `wake` (True), or for so long (False). Called by the one who waits, once."""

    def wake(self) -> None:
        """Called once, from any thread."""


class _ThreadSleeper:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def sleep(self, seconds: float | None) -> bool:
        return self._lock.acquire(timeout=-1 if seconds is None else seconds)

    def wake(self) -> None:
        self._lock.release()


class Here(threading.local):
    """Of one thread: how whoever runs in it waits."""

    make_sleeper: Callable[[], Sleeper] = staticmethod(_ThreadSleeper)


HERE = Here()


class Condition:
    """As `threading.Condition`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # so that a signal's handler may notify whatever its thread was at
        self._sleepers: deque[Sleeper] = deque()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def wait_for(self, predicate: Callable[[], object], timeout: float | None = None) -> bool:
        """Until it is true, or for so many seconds; whether it is."""
        if predicate():
            return True
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return False
            self._wait(left)
            if predicate():
                return True

    def _wait(self, seconds: float | None) -> None:
        sleeper = HERE.make_sleeper()
        self._sleepers.append(sleeper)
        self._lock.release()
        try:
            sleeper.sleep(seconds)
        finally:
            self._lock.acquire()
            with contextlib.suppress(ValueError):
                self._sleepers.remove(sleeper)  # it was not woken

    def notify(self) -> None:
        if self._sleepers:
            self._sleepers.popleft().wake()

    def notify_all(self) -> None:
        while self._sleepers:
            self._sleepers.popleft().wake()


class Event:
    """As `threading.Event`."""

    def __init__(self) -> None:
        self._set = False
        self._changed = Condition()

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        with self._changed:
            self._set = True
            self._changed.notify_all()

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        with self._changed:
            return self._changed.wait_for(self.is_set, timeout)


class Promise(Generic[T]):
    """A result that one makes and another waits for."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._kept = False
        self._result: T
        self._error: BaseException | None = None

    def set_result(self, result: T) -> None:
        with self._changed:
            self._result, self._kept = result, True
            self._changed.notify_all()

    def keep(self, call: Callable[[], T]) -> None:
        """Let it be what `call` returns or raises."""
        try:
            self.set_result(call())
        except BaseException as error:  # noqa: BLE001 (it belongs to whoever waits)
            with self._changed:
                self._error, self._kept = error, True
                self._changed.notify_all()

    def result(self) -> T:
        """The result, once it is there; raises what came instead of one."""
        with self._changed:
            self._changed.wait_for(lambda: self._kept)
        if self._error is not None:
            raise self._error
        return self._result
