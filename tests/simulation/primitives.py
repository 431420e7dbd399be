"""What threads wait with, in the simulated machine: stands in for `mailer.runtime.Runtime`."""

from collections import deque

from mailer.runtime import Runtime


class SimulatedRuntime(Runtime):
    """Everything of one process that waits."""

    def __init__(self, kernel, process):
        self.kernel, self.process = kernel, process

    def monotonic(self):
        self.process.check()
        return 1000.0 + self.kernel.now  # a machine's clock does not begin at zero

    def chance(self):
        self.process.check()
        return self.kernel.dice.random()

    def thread(self, run, name):
        return Thread(self, run, name)

    def turns(self, name):
        return self

    def job(self, run, name):
        """A thread like any other: jobs that take turns do no more than threads might do by chance."""
        return Thread(self, run, name)

    @staticmethod
    def call(function):
        return function()

    def event(self):
        return Event(self)

    def condition(self):
        return Condition(self)

    def promise(self):
        return Promise(self)


class Thread:
    def __init__(self, runtime, run, name):
        self._runtime, self._run, self.name = runtime, run, name
        self._task = None

    def start(self):
        assert self._task is None, "a thread is started once"
        self._runtime.process.check()
        self._task = self._runtime.kernel.spawn(self._runtime.process, self._run, self.name)
        self._runtime.kernel.turn(f"start {self.name}")

    def is_alive(self):
        self._runtime.process.check()
        return self._task is not None and not self._task.ended

    def join(self, timeout=None):
        kernel = self._runtime.kernel
        kernel.turn(f"join {self.name}")
        if self.is_alive():
            self._task.joiners.append(kernel.current)
            if not kernel.block(f"wait for the end of {self.name}", timeout):
                self._task.joiners.remove(kernel.current)


class Event:
    def __init__(self, runtime):
        self._kernel, self._process = runtime.kernel, runtime.process
        self._is_set, self._waiting = False, []

    def is_set(self):
        self._process.check()
        return self._is_set

    def set(self):
        self._process.check()
        self._kernel.turn("set")
        self._is_set = True
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            self._kernel.wake(task)

    def clear(self):
        self._kernel.turn("clear")
        self._is_set = False

    def wait(self, timeout=None):
        self._kernel.turn("wait")
        if not self._is_set:
            self._waiting.append(self._kernel.current)
            if not self._kernel.block("wait for an event", timeout):
                self._waiting.remove(self._kernel.current)
        return self._is_set


class Condition:
    def __init__(self, runtime):
        self._kernel, self._process = runtime.kernel, runtime.process
        self._owner, self._queue, self._waiting = None, deque(), deque()

    def __enter__(self):
        self._kernel.turn("lock")
        self._acquire()
        return self

    def __exit__(self, *exception):
        self._release()

    def _acquire(self):
        self._process.check()
        while self._owner is not None:
            self._queue.append(self._kernel.current)
            self._kernel.block("wait for a lock")
        self._owner = self._kernel.current or "outside"

    def _release(self):
        self._owner = None
        if self._queue:
            self._kernel.wake(self._queue.popleft())

    def wait(self, timeout=None):
        assert self._owner is self._kernel.current, "only the owner of the lock may wait"
        self._waiting.append(self._kernel.current)
        self._release()
        woken = self._kernel.block("wait for a condition", timeout)
        if not woken:
            self._waiting.remove(self._kernel.current)
        self._acquire()
        return woken

    def wait_for(self, predicate, timeout=None):
        end = None if timeout is None else self._kernel.now + timeout
        while not (result := predicate()):
            left = None if end is None else end - self._kernel.now
            if left is not None and left <= 0:
                break
            self.wait(left)
        return result

    def notify(self, n=1):
        assert self._owner is (self._kernel.current or "outside"), "only the owner of the lock may notify"
        for _ in range(min(n, len(self._waiting))):
            self._kernel.wake(self._waiting.popleft())

    def notify_all(self):
        self.notify(len(self._waiting))


class Promise:
    def __init__(self, runtime):
        self._kernel, self._process = runtime.kernel, runtime.process
        self._done, self._result, self._waiting = False, None, []

    def done(self):
        self._process.check()
        return self._done

    def set_result(self, result):
        self._process.check()
        assert not self._done, "a promise is kept once"
        self._done, self._result = True, result
        for task in self._waiting:
            self._kernel.wake(task)
        self._kernel.turn("answer")

    def result(self, timeout=None):
        self._kernel.turn("ask")
        while not self._done:
            self._waiting.append(self._kernel.current)
            if not self._kernel.block("wait for an answer", timeout):
                self._waiting.remove(self._kernel.current)
                raise TimeoutError
        return self._result
