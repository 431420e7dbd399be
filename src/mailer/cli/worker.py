"""`mailer worker`: works the queue until it is told to stop, or with --drain until nothing is due."""

import sys

import click

from mailer.cli import long_running, service_manager
from mailer.cli.output import Output


@click.command(name="worker")
@click.option("--drain", is_flag=True, help="Leave when nothing is due any more, and say what is left for when.")
@long_running.processes
@long_running.log_format
@click.pass_obj
def worker(output: Output, *, drain: bool, processes: int | None, log_format: str | None) -> int:
    """Send what is queued.

    Any number of workers may run, here and on other machines: they share the queue and none sends what another has. Ctrl-C,
    SIGTERM and SIGHUP finish what is on the wire and give back the rest; even kill -9 loses nobody.
    """
    from mailer.cli.working import conclude, document, in_words, work

    output.begin_log(log_format)
    number = processes or max(1, output.app.settings.sending.processes)
    if number > 1:
        from mailer.cli.worker_processes import work_in_processes

        ended = work_in_processes(output, number, drain=drain)
    else:
        if not drain:
            output.say("Working the queue; Ctrl-C stops.")
        service_manager.tell(service_manager.READY)
        ended = work(output, drain=drain)
    output.say(f"Done: {in_words(ended.summary.ended)}.")
    code = conclude(output, ended, service=not drain)
    output.document(document(ended))
    sys.stdout.flush()
    return code
