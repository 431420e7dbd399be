"""Several processes under one command: started together, watched, stopped together.

Each is independent: its own database connection, relay connections and leases. They are spawned, never forked: a
database connection does not survive a fork. Each leads a process group of its own, so Ctrl-C on the terminal reaches
the one that started them alone, which passes it on once. If that one is killed, they notice and stop.

A part that dies without a word is started again, after a second, then two, then four, at most a minute. A part that
was asked to stop, by whomever, takes the others with it. So does one that cannot even begin: its reason is raised.
"""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from mailer.cli import service_manager
from mailer.cli.output import Output
from mailer.delivery.foreground import SIGNALS, stopped_by_signals
from mailer.errors import MailerError

log = logging.getLogger(__name__)
LONGEST_WAIT = 60.0
#: A part that has lived so long is new to trouble: the wait before it is started again begins anew.
STEADY = 60.0
STEP = 0.2


class Tether:
    """What a part knows of the command that started it."""

    def __init__(self, pipe: Connection, parent: int) -> None:
        self._pipe, self._parent = pipe, parent

    def wanted(self) -> bool:
        """Whether the command that started us still lives. To be asked now and then."""
        return os.getppid() == self._parent

    def ready(self) -> None:
        """Tell it that we are at work."""
        _tell(self._pipe, _READY)


#: What a part is: called in its own process with its output, a tether and its arguments; what it returns is its answer,
#: and not None. Spawning finds it by its module and name.
Run = Callable[..., object]
_READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process. output: made by `Output.for_part`, so that it says who speaks."""

    output: Output
    run: Run
    arguments: tuple[object, ...] = ()

    @property
    def name(self) -> str:
        return self.output.part


@dataclass(eq=False, slots=True, kw_only=True)
class _Child:
    part: Part
    process: BaseProcess
    pipe: Connection
    began: float


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How it ended. answers: what the parts returned, in the order of their ends. received: the first signal that came to us."""

    answers: list[object] = field(default_factory=list)
    received: signal.Signals | None = None
    died: bool = False  #: a part ended without a word, and was not started again


class Supervisor:
    """Runs parts to their end; the main thread only. `said` is told in a sentence what becomes of them."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        said: Callable[[str], None],
        lasting: bool,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """lasting: parts work until they are stopped, so one that dies is started again. ready: called when all are at work."""
        self._parts, self._said, self._lasting, self._ready = parts, said, lasting, ready
        self._context = multiprocessing.get_context("spawn")
        self._children: list[_Child] = []
        self._waiting: list[tuple[float, Part]] = []  #: (when to start it again, in monotonic seconds)
        self._failures: dict[str, int] = {}
        self._at_work: set[str] = set()
        self._error: MailerError | None = None
        self._stopping = self._told_ready = False

    def stop(self) -> None:
        """Ask all to stop: finish what is on the wire. The second call breaks off what waits for a reply."""
        self._stopping = True
        service_manager.tell(service_manager.STOPPING)
        for child in self._children:
            child.process.terminate()

    def run(self) -> Outcome:
        """Raises the error of the first part that could not begin, or could not go on where parts do not last."""
        resource_tracker.ensure_running()  # it would unblock the signals that are blocked while a part is started
        outcome = Outcome()
        with stopped_by_signals(self.stop) as received:
            try:
                self._watch(outcome)
            except BaseException:  # a terminal that is gone, say: there is nobody left who could be told
                self.stop()
                for child in self._children:
                    child.process.join()
                raise
        if self._error is not None:
            raise self._error
        outcome.received = received[0] if received else None
        return outcome

    def _watch(self, outcome: Outcome) -> None:
        for part in self._parts:
            self._start(part)
        while self._children or (self._waiting and not self._stopping):
            for pipe in connection.wait([child.pipe for child in self._children], STEP):
                self._hear(next(child for child in self._children if child.pipe is pipe), outcome)
            self._start_again()

    def _start(self, part: Part) -> None:
        """A stop that comes meanwhile waits until the part can be told."""
        with _signals_later():
            if self._stopping:
                return
            mine, theirs = self._context.Pipe(duplex=False)
            process = self._context.Process(target=_live, args=(part, theirs, os.getpid()), name=part.name)
            process.start()
            theirs.close()
            self._children.append(_Child(part=part, process=process, pipe=mine, began=time.monotonic()))

    def _start_again(self) -> None:
        now = time.monotonic()
        for due in [one for one in self._waiting if one[0] <= now]:
            self._waiting.remove(due)
            self._start(due[1])

    def _hear(self, child: _Child, outcome: Outcome) -> None:
        try:
            word = child.pipe.recv()
        except EOFError:
            word = None
        if word == _READY:
            self._at_work.add(child.part.name)
            if len(self._at_work) == len(self._parts) and not self._told_ready:
                self._told_ready = True
                service_manager.tell(service_manager.READY)
                self._ready()
            return
        with _signals_later():
            self._children.remove(child)
        child.pipe.close()
        child.process.join()
        self._ended(child, word, outcome)

    def _ended(self, child: _Child, word: object, outcome: Outcome) -> None:
        name = child.part.name
        if word is not None and not isinstance(word, MailerError):
            outcome.answers.append(word)
            if self._lasting and not self._stopping:
                self._said(f"{name} was asked to stop, and so the others are.")
                self.stop()
        elif self._stopping:
            self._error = self._error or (word if isinstance(word, MailerError) else None)
        elif self._lasting and (word is None or name in self._at_work):
            self._again(child, word)
        else:
            self._error, outcome.died = word, word is None
            self.stop()

    def _again(self, child: _Child, word: MailerError | None) -> None:
        name, now = child.part.name, time.monotonic()
        failures = 0 if now - child.began > STEADY else self._failures.get(name, 0)
        self._failures[name] = failures + 1
        wait = min(2.0**failures, LONGEST_WAIT)
        why = word.message if word else f"ended unexpectedly ({_way(child.process.exitcode)})."
        self._said(f"{name}: {why} Starting it again in {wait:.0f} s.")
        self._waiting.append((now + wait, child.part))


@contextmanager
def _signals_later() -> Iterator[None]:
    """Signals that come within the block come at its end; a process started within begins with them blocked."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _way(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {-code}"
    return f"exit code {code}"


def _live(part: Part, pipe: Connection, parent: int) -> None:
    """The life of one part, in its own process."""
    os.setpgid(0, 0)
    # One Ctrl-C may have come before we left the group; whoever started us passes it on. Each part takes signals as it needs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    output = part.output
    output.begin_log(output.log_format)
    try:
        _tell(pipe, part.run(output, Tether(pipe, parent), *part.arguments))
    except MailerError as error:
        _tell(pipe, error)
    except Exception as error:
        if output.log_format != "json":
            raise
        log.critical("part.broke", exc_info=True)
        raise SystemExit(1) from error
    finally:
        output.close()


def _tell(pipe: Connection, word: object) -> None:
    with suppress(BrokenPipeError):  # whoever started us is gone, which `wanted` says too
        pipe.send(word)
