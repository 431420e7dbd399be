"""Runs a worker in the foreground of a command, until it is done or a signal asks it to stop.

Ctrl-C, SIGTERM and SIGHUP finish what is on the wire and give back the rest, so the mailing can be resumed; the same
signal once more does not wait for a slow relay. The worker runs in a thread and this one only waits: a signal's handler
runs here, and so never interrupts a thread that holds a lock which `stop` needs.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from mailer.delivery.summary import Summary
from mailer.delivery.worker import Worker

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
STEP = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A finished run; signal: what ended it, None if nothing did."""

    summary: Summary
    signal: signal.Signals | None


def run_in_foreground(worker: Worker, *, drain: bool, wanted: Callable[[], bool] = lambda: True) -> Ended:
    """Run `worker` to its end; the main thread only. `wanted` is asked now and then: False stops the worker.

    Raises what the worker raises.
    """
    outcome: list[Summary | BaseException] = []

    def run() -> None:
        try:
            outcome.append(worker.run(drain=drain))
        except BaseException as error:  # noqa: BLE001 (raised again below, in the thread that waits for it)
            outcome.append(error)

    thread = threading.Thread(target=run, name="worker")
    with stopped_by_signals(worker.stop) as received:
        thread.start()
        while thread.is_alive():
            thread.join(STEP)
            if not worker.stopped and not wanted():
                worker.stop()
    [result] = outcome
    if isinstance(result, BaseException):
        raise result
    return Ended(summary=result, signal=received[0] if received else None)


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[list[signal.Signals]]:
    """Within the block each of `SIGNALS` calls `stop`; the list holds those that came."""
    received: list[signal.Signals] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(signal.Signals(number))
        stop()

    before = {one: signal.signal(one, handle) for one in SIGNALS}
    try:
        yield received
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
