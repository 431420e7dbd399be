"""Several worker processes under one command: started together, stopped together, their results added up.

Each is independent: its own database connection, relay connections and leases. They are spawned, never forked: a
database connection does not survive a fork. Each leads a process group of its own, so Ctrl-C on the terminal reaches
this process alone, which passes it on once. If this process is killed, they notice and stop.
"""

import multiprocessing
import os
from collections import Counter
from multiprocessing.connection import Connection

from mailer.cli.output import Output
from mailer.delivery.foreground import Ended, run_in_foreground, stopped_by_signals
from mailer.delivery.observer import Observer
from mailer.delivery.summary import Summary, what_is_left
from mailer.domain.mailing import Mailing
from mailer.errors import MailerError
from mailer.settings import Settings

Answer = Ended | MailerError | None  # None: it ended without a word


class Voice(Observer):
    """What a worker process says by itself; bars of several would overwrite each other."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def finished(self, mailing: Mailing) -> None:
        self._output.say(f"{mailing.slug} ({mailing.id}) is finished.")

    def paused(self, mailing: Mailing, reason: str) -> None:
        self._output.warn(f"{mailing.slug} ({mailing.id}) is paused: {reason}")


def work_in_processes(output: Output, number: int, *, drain: bool) -> Ended:
    """Run `number` workers to their end. Raises what the first of them raised."""
    app = output.app
    database, _ = app.database, app.secret_key  # made once, before many want to make it
    app.relays  # noqa: B018 (refused here once, not in every process)
    context = multiprocessing.get_context("spawn")
    pipes, children = [], []
    for _number in range(number):
        mine, theirs = context.Pipe(duplex=False)
        child = context.Process(target=_child, args=(app.settings, number, drain, theirs, os.getpid()))
        child.start()
        theirs.close()
        pipes.append(mine)
        children.append(child)
    output.say(f"Working the queue in {number} processes; Ctrl-C stops.")

    def stop() -> None:
        for child in children:
            child.terminate()  # SIGTERM: finish what is on the wire

    with stopped_by_signals(stop) as received:
        answers = []
        for pipe in pipes:
            answer = _answer(pipe)
            answers.append(answer)
            if not isinstance(answer, Ended):
                stop()
        for child in children:
            child.join()
    for answer in answers:
        if isinstance(answer, MailerError):
            raise answer
    if None in answers and not received:
        raise MailerError(
            "A worker process ended unexpectedly.",
            hint="Nobody is lost: what it held is taken over when its leases end. Run the worker again.",
        )
    total = _added([answer.summary for answer in answers if isinstance(answer, Ended)])
    total.left = what_is_left(database, now=app.clock(), only=None)
    return Ended(summary=total, signal=received[0] if received else None)


def _answer(pipe: Connection) -> Answer:
    try:
        answer: Answer = pipe.recv()
    except EOFError:
        return None
    return answer


def _added(summaries: list[Summary]) -> Summary:
    total = Summary(counts=sum((one.counts for one in summaries), Counter()))
    for one in summaries:
        total.paused |= one.paused
        total.relay_down = total.relay_down or one.relay_down
    return total


def _child(settings: Settings, number: int, drain: bool, pipe: Connection, parent: int) -> None:
    """One worker process."""
    from mailer.app import App

    os.setpgid(0, 0)
    worker = App(settings).worker(observer=Voice(Output()), processes=number)
    try:
        pipe.send(run_in_foreground(worker, drain=drain, wanted=lambda: os.getppid() == parent))
    except MailerError as error:
        pipe.send(error)
