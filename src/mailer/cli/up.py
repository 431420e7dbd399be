"""`mailer up`: the pages, the scheduler and the workers in one process tree, watched and stopped as one."""

from functools import partial
from typing import TYPE_CHECKING

import click

from mailer.cli import long_running
from mailer.cli.output import Output

if TYPE_CHECKING:
    from mailer.cli.supervisor import Tether


@click.command()
@long_running.host
@long_running.port
@long_running.processes
@long_running.log_format
@click.pass_obj
def up(output: Output, *, host: str | None, port: int | None, processes: int | None, log_format: str | None) -> int:
    """Run all that a mailing needs: serve, scheduler and worker, each in a process of its own.

    One that dies is started again. Ctrl-C, SIGTERM and SIGHUP stop them all: what is on the wire is finished, the rest is
    given back. With a database server any number of machines may run more workers beside it.
    """
    import signal

    from mailer.cli.supervisor import Part, Supervisor
    from mailer.cli.worker_processes import added, prepare, worker_parts
    from mailer.cli.working import conclude, document, in_words
    from mailer.delivery.foreground import Ended
    from mailer.delivery.summary import what_is_left

    output.begin_log(log_format)
    prepare(output)
    number = processes or max(1, output.app.settings.sending.processes)
    parts = [
        Part(output=output.for_part("web"), run=_web, arguments=(host, port)),
        Part(output=output.for_part("scheduler"), run=_scheduler),
        *worker_parts(output, number),
    ]
    outcome = Supervisor(parts, said=output.warn, lasting=True, ready=partial(_at_work, output)).run()
    summary = added([answer.summary for answer in outcome.answers if isinstance(answer, Ended)])
    summary.left = what_is_left(output.app.database, now=output.app.clock(), only=None, limits=output.app.limits)
    # Without a signal to us, one of the parts got it: being stopped is a service's normal end.
    ended = Ended(summary=summary, signal=outcome.received or signal.SIGTERM)
    output.say(f"Done: {in_words(summary.ended)}.")
    code = conclude(output, ended, service=True)
    output.document(document(ended))
    return code


def _at_work(output: Output) -> None:
    output.say("All is at work. Stop with Ctrl-C.")
    output.next("status --watch")


def _web(output: Output, tether: "Tether", host: str | None, port: int | None) -> str:
    from mailer.cli.serve import serve_pages

    return serve_pages(output, host, port, ready=tether.ready, wanted=tether.wanted)


def _scheduler(output: Output, tether: "Tether") -> int:
    from mailer.cli.scheduler import watch_the_clock

    return watch_the_clock(output, ready=tether.ready, wanted=tether.wanted)
