"""A machine in which simulated processes run, one thread at a time, in an order that a seed decides.

A thread is a greenlet: it runs until it waits or reaches a point at which the real machine might have turned to another one
(`turn`), and then the dice say who is next. Time passes with every step, and leaps to the next alarm when all wait. So a run
is a function of its seed: the same seed gives the same steps, every time and everywhere.

A process that is killed never does anything again: all its threads get `Killed` where they stand, and whatever they then
touch (a lock, the database, the network, the clock) raises it once more, so no `finally` has any effect. One that is stopped
(SIGSTOP) holds what it holds and goes on later as if nothing had been.
"""

import heapq
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field

from greenlet import getcurrent, greenlet

#: What a step of a thread takes, in seconds.
STEP = 0.0002


class Killed(BaseException):
    """The process of this thread is dead. No `except Exception` may catch it."""


class Stuck(AssertionError):
    """Everybody waits, and nothing will wake anybody."""


class Endless(AssertionError):
    """It goes on and on."""


@dataclass(eq=False)
class Process:
    """What `kill -9` and SIGSTOP strike."""

    name: str
    alive: bool = True
    stopped: bool = False
    tasks: "list[Task]" = field(default_factory=list)

    def check(self):
        if not self.alive:
            raise Killed


class Task:
    """One thread."""

    __slots__ = ("ended", "greenlet", "joiners", "name", "process", "ready", "waits", "woken")

    def __init__(self, process, name, run):
        self.process, self.name, self.greenlet = process, name, run
        self.ended = self.woken = False
        self.ready = True
        self.waits = 0  # how often it has waited: an alarm for an earlier wait is none for this one
        self.joiners = []


class Kernel:
    """Call everything but `turn` and `block` from anywhere; these two from a task."""

    def __init__(self, seed, *, most_steps=200_000):
        self.dice = random.Random(seed)
        self.now = 0.0
        self.steps, self._most_steps = 0, most_steps
        self.trace = []  # (time, thread, what)
        self.struck = Counter()  # what happened to processes
        self.failure = None  # (thread, exception) that nobody caught
        self.current = None
        #: Chance that the running thread goes on at a point where others might run: bursts find other faults than ping-pong.
        self.sticky = self.dice.choice((0.0, 0.5, 0.85))
        #: Chance at each step that a thread is held up, as on a busy machine, and for how many seconds at most.
        self.hiccup, self.longest_hiccup = self.dice.choice(((0.0, 0.0), (0.002, 0.5), (0.005, 0.1)))
        self._hub = getcurrent()
        self.tasks = []
        self._alarms, self._at_steps = [], []
        self._order = itertools.count()

    # Threads

    def spawn(self, process, run, name):
        """Start a thread of `process`."""

        def main():
            try:
                run()
            except Killed:
                pass
            except BaseException as error:  # noqa: BLE001 (reported by whoever runs the kernel)
                self.failure = self.failure or (task.name, error)
            finally:
                self._bury(task)

        task = Task(process, f"{process.name}/{name}", None)
        task.greenlet = greenlet(main, parent=self._hub)
        self.tasks.append(task)
        process.tasks.append(task)
        return task

    def turn(self, what):
        """The real machine might turn to another thread here."""
        task = self.current
        if task is None:
            return
        task.process.check()
        self.trace.append((self.now, task.name, what))
        if self.sticky and self.dice.random() < self.sticky:
            return
        self._hub.switch()
        task.process.check()

    def block(self, what, seconds=None):
        """Wait until somebody wakes this thread (True), or for so many seconds (False)."""
        task = self.current
        task.process.check()
        self.trace.append((self.now, task.name, what))
        task.ready = task.woken = False
        task.waits += 1
        if seconds is not None:
            turn = task.waits
            self.at(self.now + max(0.0, seconds), lambda: self._time_is_over(task, turn))
        self._hub.switch()
        task.process.check()
        return task.woken

    @staticmethod
    def _time_is_over(task, turn):
        if task.waits == turn:
            task.ready = True

    @staticmethod
    def wake(task):
        task.ready = task.woken = True

    def sleep(self, seconds, what="sleep"):
        self.block(what, seconds)

    # Processes and time

    def at(self, when, act):
        """Do something at a time, outside of any thread."""
        heapq.heappush(self._alarms, (when, next(self._order), act))

    def after_steps(self, number, act):
        """Do something after so many more steps: where much happens, and not while everybody waits."""
        heapq.heappush(self._at_steps, (self.steps + number, next(self._order), act))

    def note(self, what):
        """Something that no thread did."""
        self.trace.append((self.now, "*", what))

    def kill(self, process):
        self.note(f"kill -9 {process.name}")
        self.struck["killed"] += 1
        self.bury(process)

    def bury(self, process):
        """It is gone, with all its threads. Not from a thread: use `at`."""
        assert self.current is None
        process.alive = process.stopped = False
        for task in list(process.tasks):
            self._unwind(task)

    def stop(self, process):
        self.note(f"SIGSTOP {process.name}")
        self.struck["frozen"] += 1
        process.stopped = True

    def cont(self, process):
        self.note(f"SIGCONT {process.name}")
        process.stopped = False

    def run(self, until):
        """Let things happen until `until()`. Raises whatever a thread did not catch, Stuck and Endless."""
        while not until():
            self._ring()
            ready = [task for task in self.tasks if task.ready and not task.process.stopped]
            if ready:
                self._step(ready)
            elif self._alarms:
                self.now = max(self.now, self._alarms[0][0])
            else:
                raise Stuck("everybody waits: " + ", ".join(task.name for task in self.tasks))
            if self.failure:
                name, error = self.failure
                raise AssertionError(f"thread {name} ended with {type(error).__name__}: {error}") from error

    def _ring(self):
        while self._at_steps and self._at_steps[0][0] <= self.steps:
            heapq.heappop(self._at_steps)[2]()
        while self._alarms and self._alarms[0][0] <= self.now:
            heapq.heappop(self._alarms)[2]()

    def _step(self, ready):
        self.steps += 1
        if self.steps > self._most_steps:
            raise Endless(f"no end after {self.steps} steps and {self.now:.0f} seconds")
        task = ready[int(self.dice.random() * len(ready))]
        self.now += STEP
        if self.hiccup and self.dice.random() < self.hiccup:
            self._hold_up(task)
        else:
            self._switch_to(task)

    def _hold_up(self, task):
        """It is ready, and gets no turn for a while."""
        task.ready = False
        turn = task.waits
        self.at(self.now + self.dice.random() * self.longest_hiccup, lambda: self._time_is_over(task, turn))

    def _switch_to(self, task):
        self.current = task
        try:
            task.greenlet.switch()
        finally:
            self.current = None

    def _unwind(self, task):
        """Let `Killed` run through it; whatever it does on the way raises it again."""
        self.current = task
        try:
            for _ in range(1000):
                if not task.greenlet:
                    break
                task.greenlet.throw(Killed)
            else:
                raise AssertionError(f"{task.name} does not die")
        finally:
            self.current = None
        if not task.ended:  # it had not begun
            self._bury(task)

    def _bury(self, task):
        task.ended = True
        self.tasks.remove(task)
        task.process.tasks.remove(task)
        for other in task.joiners:
            self.wake(other)

    def close(self):
        """Let go of every thread."""
        for process in {task.process.name: task.process for task in self.tasks}.values():
            self.bury(process)
