"""Several worker processes under one command: their results added up. `supervisor` starts, watches and stops them."""

from collections import Counter

from mailer.cli.output import Output
from mailer.cli.supervisor import Part, Supervisor, Tether
from mailer.delivery.foreground import Ended, run_in_foreground
from mailer.delivery.observer import Observer
from mailer.delivery.summary import Summary, what_is_left
from mailer.domain.mailing import Mailing
from mailer.errors import MailerError


class Voice(Observer):
    """What a worker process says by itself; bars of several would overwrite each other."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def finished(self, mailing: Mailing) -> None:
        self._output.say(f"{mailing.slug} ({mailing.id}) is finished.")

    def paused(self, mailing: Mailing, reason: str) -> None:
        self._output.warn(f"{mailing.slug} ({mailing.id}) is paused: {reason}")

    def trouble(self, reason: str, seconds: float) -> None:
        self._output.warn(f"{reason} Trying again in {max(1, round(seconds))} s.")

    def database_away(self, reason: str) -> None:
        self._output.warn(f"{reason} Trying again until it does; nothing is lost.")

    def database_back(self) -> None:
        self._output.say("The database answers again.")


def work_in_processes(output: Output, number: int, *, drain: bool) -> Ended:
    """Run `number` workers to their end. Raises what the first of them raised."""
    prepare(output)
    output.say(f"Working the queue in {number} processes; Ctrl-C stops.")
    outcome = Supervisor(worker_parts(output, number, drain=drain), said=output.warn, lasting=not drain).run()
    if outcome.died and outcome.received is None:
        raise MailerError(
            "A worker process ended unexpectedly.",
            hint="Nobody is lost: what it held is taken over when its leases end. Run the worker again.",
        )
    total = added([answer.summary for answer in outcome.answers if isinstance(answer, Ended)])
    total.left = what_is_left(output.app.database, now=output.app.clock(), only=None, limits=output.app.limits)
    return Ended(summary=total, signal=outcome.received)


def prepare(output: Output) -> None:
    """Make once what many would want to make at once, and refuse once what each would refuse."""
    _ = output.app.database, output.app.secret_key, output.app.relays, output.app.signer


def worker_parts(output: Output, number: int, *, drain: bool = False) -> list[Part]:
    """`number` workers that share the relays' rates and connections."""
    names = ["worker"] if number == 1 else [f"worker {each}" for each in range(1, number + 1)]
    return [Part(output=output.for_part(name), run=_work, arguments=(number, drain)) for name in names]


def added(summaries: list[Summary]) -> Summary:
    total = Summary(counts=sum((one.counts for one in summaries), Counter()))
    for one in summaries:
        total.paused |= one.paused
        total.relay_down = total.relay_down or one.relay_down
    return total


def _work(output: Output, tether: Tether, number: int, drain: bool) -> Ended:
    """One worker process."""
    worker, teller = output.app.worker(observer=Voice(output), processes=number), output.app.teller()
    tether.ready()
    with teller.beside():
        ended = run_in_foreground(worker, drain=drain, wanted=tether.wanted)
    if ended.signal is None:
        teller.tell_due()  # there may be nobody else to do it
    return ended
