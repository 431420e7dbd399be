"""Threads that make calls for somebody who does other things meanwhile: `Callers`.

To start a thread for a call costs twice what it costs to hand the call to one that waits for it, and a worker has a call
made for each of its commits.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

from mailer.waiting import Promise

T = TypeVar("T")
#: What one of them gets: calls to make, and None at the end.
Tasks = SimpleQueue[Callable[[], None] | None]


class Callers:
    """As many as there are calls at a time. All that ask them are in one thread."""

    def __init__(self) -> None:
        self._idle: list[Tasks] = []

    def make(self, call: Callable[[], T]) -> T:
        """What `call` returns or raises."""
        promise: Promise[T] = Promise()
        tasks = self._idle.pop() if self._idle else _caller()
        tasks.put(lambda: promise.keep(call))
        try:
            return promise.result()
        finally:
            self._idle.append(tasks)

    def dismiss(self) -> None:
        """Let them end: nobody waits for one any more."""
        while self._idle:
            self._idle.pop().put(None)


def _caller() -> Tasks:
    tasks: Tasks = SimpleQueue()
    threading.Thread(target=_work, args=(tasks,), name="caller", daemon=True).start()
    return tasks


def _work(tasks: Tasks) -> None:
    while (task := tasks.get()) is not None:
        task()
