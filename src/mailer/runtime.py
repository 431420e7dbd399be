"""Threads, monotonic time and chance, as everything takes them that works beside something else.

A worker gets one `Runtime` and asks it for all it waits with, so a simulation can put its own in its place: one thread
runs at a time, in an order that a seed decides, and time passes when all of them wait. Only what *blocks* goes through
here; a lock that is held for a few instructions needs no stand-in.
"""

import gc
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class Runtime:
    """The machine's own."""

    def monotonic(self) -> float:
        """Seconds, of use only for differences."""
        return time.monotonic()

    def chance(self) -> float:
        """Evenly random in [0, 1)."""
        return random.random()  # noqa: S311 (jitter)

    def jittered(self, seconds: float) -> float:
        """About `seconds`, so that many do not look at the same moment."""
        return seconds * (0.8 + 0.4 * self.chance())

    def thread(self, run: Callable[[], None], name: str) -> threading.Thread:
        """A thread that is not started yet and does not keep the process alive."""
        return threading.Thread(target=run, name=name, daemon=True)

    def event(self) -> threading.Event:
        return threading.Event()

    def condition(self) -> threading.Condition:
        return threading.Condition()

    def future(self) -> Future[Any]:
        return Future()


def spare_collector() -> None:
    """For a process that is loaded and will now work for long: what is there stays, so it need not be looked through again.

    A worker makes hundreds of small objects for each message, and looking after them took a twentieth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


#: What is taken where nobody brings another.
MACHINE = Runtime()
