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
from typing import Any

from mailer.turns import Thread, Turns
from mailer.waiting import Condition, Event, Promise


class Runtime:
    """The machine's own."""

    #: Seconds, of use only for differences. The system's own: it is asked many times for each message.
    monotonic: Callable[[], float] = staticmethod(time.monotonic)

    def chance(self) -> float:
        """Evenly random in [0, 1)."""
        return random.random()  # noqa: S311 (jitter)

    def jittered(self, seconds: float) -> float:
        """About `seconds`, so that many do not look at the same moment."""
        return seconds * (0.8 + 0.4 * self.chance())

    def thread(self, run: Callable[[], None], name: str) -> Thread:
        """A thread that is not started yet and does not keep the process alive."""
        return threading.Thread(target=run, name=name, daemon=True)

    def turns(self, name: str) -> Turns:
        """For jobs that share one thread."""
        return Turns(name)

    def event(self) -> Event:
        return Event()

    def condition(self) -> Condition:
        return Condition()

    def promise(self) -> Promise[Any]:
        return Promise()


def spare_collector() -> None:
    """For a process that is loaded and will now work for long: what is there stays, so it need not be looked through again.

    A worker makes hundreds of small objects for each message, and looking after them took a twentieth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


#: What is taken where nobody brings another.
MACHINE = Runtime()
