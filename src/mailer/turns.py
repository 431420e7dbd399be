"""Jobs that take turns in one thread.

Threads of Python that each have a little to do between two waits spend much of their time on taking the interpreter away
from each other. A *job* is written like a thread, in plain calls that wait, but a wait hands the thread to the next job
that has something to do, and nothing else does: so many jobs cost what one loop costs.

    turns = Turns("worker")                  # one thread, from the first job that starts until the last one has ended
    turns.job(run, "relay-1").start()        # as a threading.Thread

A job waits for links by `readable` and `writable`, for others by what is in `waiting`. Whatever else blocks holds up all jobs of
its thread. Where the system has no `poll` (Windows) a job is a thread.
"""

import contextlib
import logging
import math
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

from greenlet import greenlet

from mailer.callers import Callers
from mailer.waiting import HERE, Event, Promise

logger = logging.getLogger(__name__)
T = TypeVar("T")
POSSIBLE = hasattr(select, "poll")
#: Seconds: `poll` takes no more than some weeks.
LONGEST_LOOK = 3600.0


class Thread(Protocol):
    """What a job and a thread have in common."""

    def start(self) -> None: ...
    def is_alive(self) -> bool: ...
    def join(self, timeout: float | None = None) -> None: ...


class Job:
    """Something to do; made by `Turns.job`."""

    def __init__(self, turns: "Turns", run: Callable[[], None], name: str) -> None:
        self.turns, self.run, self.name = turns, run, name
        self.greenlet: greenlet | None = None  # made in the thread in which it runs
        self.sleeper: JobSleeper | None = None  # its wait of just now
        self._ended = Event()

    def start(self) -> None:
        self.turns.begin(self)

    def is_alive(self) -> bool:
        return not self._ended.is_set()

    def join(self, timeout: float | None = None) -> None:
        self._ended.wait(timeout)

    def work(self) -> None:
        try:
            self.run()
        except Exception as error:  # noqa: BLE001 (the other jobs of the thread go on)
            logger.error("job broke off: job=%s error=%s", self.name, type(error).__name__)  # noqa: TRY400 (may quote people)
        finally:
            self.turns.end(self)
            self._ended.set()


class JobSleeper:
    """One wait of a job."""

    __slots__ = ("job", "woken")

    def __init__(self, job: Job) -> None:
        self.job, self.woken = job, False

    def sleep(self, seconds: float | None) -> bool:
        """Called in the job: until `wake` (True), or for so long (False)."""
        return self.job.turns.park(self, seconds)

    def wake(self) -> None:
        """From any thread."""
        self.woken = True
        self.job.turns.resume(self)


class Turns:
    """The jobs of one thread. Only `job`, and what a job has, may be called from anywhere."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._jobs: set[Job] = set()
        self._running = False  # there is a thread for them
        self.now: Job | None = None  #: whose turn it is
        self.callers = Callers()
        self._ready: deque[JobSleeper] = deque()
        self._deadlines: dict[JobSleeper, float] = {}
        self._links: dict[int, JobSleeper] = {}  # who waits for which file descriptor
        self._polling = False  # our thread asks the system, or is about to: who has news must poke it

    def job(self, run: Callable[[], None], name: str) -> Thread:
        """One more of them; it begins when it is started."""
        return Job(self, run, name) if POSSIBLE else threading.Thread(target=run, name=name, daemon=True)

    def begin(self, job: Job) -> None:
        with self._lock:
            if not self._running:
                self._running = True
                self._poll = select.poll()
                self._near, self._far = socket.socketpair()
                self._near.settimeout(0.0)
                self._far.settimeout(0.0)
                self._poll.register(self._far, select.POLLIN)
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
            self._jobs.add(job)
        job.sleeper = JobSleeper(job)
        job.sleeper.wake()

    def end(self, job: Job) -> None:
        with self._lock:
            self._jobs.remove(job)

    def call(self, function: Callable[[], T]) -> T:
        """What it returns or raises as one of the jobs, for a thread that waits for it."""
        promise: Promise[T] = Promise()
        self.job(lambda: promise.keep(function), "call").start()
        return promise.result()

    def _sleeper(self) -> JobSleeper:
        assert self.now is not None, "only jobs run in this thread"
        return JobSleeper(self.now)

    def park(self, sleeper: JobSleeper, seconds: float | None) -> bool:
        """Called in the sleeper's job: let the others have their turns until it is woken, or so long."""
        sleeper.job.sleeper = sleeper
        if seconds is not None:
            self._deadlines[sleeper] = time.monotonic() + seconds
        self._hub.switch()
        self._deadlines.pop(sleeper, None)
        return sleeper.woken

    def resume(self, sleeper: JobSleeper) -> None:
        """It has been woken. From any thread."""
        self._ready.append(sleeper)
        if self._polling:
            with contextlib.suppress(OSError):  # it is full: poked often enough; or closed: all have ended
                self._near.send(b"!")

    def await_link(self, job: Job, link: int, what: int, seconds: float) -> bool:
        """Whether something happened there within so long. One job at a time may wait for one file descriptor."""
        sleeper = self._links[link] = JobSleeper(job)
        self._poll.register(link, what)
        try:
            return self.park(sleeper, seconds)
        finally:
            self._poll.unregister(link)
            del self._links[link]

    def _run(self) -> None:
        self._hub = greenlet.getcurrent()
        _HERE.turns = self
        HERE.make_sleeper = self._sleeper
        while self._go_on():
            self._look()
            for _ in range(len(self._ready)):
                sleeper = self._ready.popleft()
                if sleeper.job.sleeper is sleeper:  # else it was woken twice, or too late
                    self._turn(sleeper.job)

    def _go_on(self) -> bool:
        with self._lock:
            if not self._jobs:
                self._running = False
                self.callers.dismiss()
                self._near.close()
                self._far.close()
            return self._running

    def _turn(self, job: Job) -> None:
        if job.greenlet is None:
            job.greenlet = greenlet(job.work)
        job.sleeper, self.now = None, job
        job.greenlet.switch()
        self.now = None

    def _look(self) -> None:
        """Whose wait is over: by the system's word, or because its time is up. Waits itself if nobody has anything to do."""
        soonest = min(self._deadlines.values(), default=math.inf)
        self._polling = True
        left = 0.0 if self._ready else min(max(0.0, soonest - time.monotonic()), LONGEST_LOOK)
        found = self._poll.poll(math.ceil(left * 1000))
        self._polling = False
        for link, _ in found:
            if sleeper := self._links.get(link):
                sleeper.woken = True
                self._ready.append(sleeper)
            elif link == self._far.fileno():
                self._far.recv(4096)
        now = time.monotonic()
        if now >= soonest:
            self._ready.extend(sleeper for sleeper, deadline in self._deadlines.items() if now >= deadline)


class _Here(threading.local):
    turns: Turns | None = None


_HERE = _Here()


def current() -> Job | None:
    """Whose turn it is in this thread; None where no jobs are."""
    turns = _HERE.turns
    return turns.now if turns else None


def readable(job: Job, link: int, seconds: float) -> bool:
    """Whether there is something to read within so many seconds: data, the end or an error. job: the one that asks."""
    return job.turns.await_link(job, link, select.POLLIN, seconds)


def writable(job: Job, link: int, seconds: float) -> bool:
    """Whether something may be written within so many seconds."""
    return job.turns.await_link(job, link, select.POLLOUT, seconds)


def apart(call: Callable[[], T]) -> T:
    """The result of a call that takes long: in a job another thread makes it, and the other jobs go on."""
    job = current()
    return call() if job is None else job.turns.callers.make(call)
