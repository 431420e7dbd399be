"""`mailer worker`: works the queue until it is told to stop, or with --drain until nothing is due."""

import sys

import click

from mailer.cli.output import Output


@click.command(name="worker")
@click.option("--drain", is_flag=True, help="Leave when nothing is due any more, and say what is left for when.")
@click.option(
    "--processes", type=click.IntRange(1, 64), metavar="N", help="Worker processes; default: sending.processes."
)
@click.pass_obj
def worker(output: Output, *, drain: bool, processes: int | None) -> int:
    """Send what is queued.

    Any number of workers may run, here and on other machines: they share the queue and none sends what another has. Ctrl-C and
    SIGTERM finish what is on the wire and give back the rest; even kill -9 loses nobody.
    """
    from mailer.cli.working import conclude, document, in_words, work

    number = processes or max(1, output.app.settings.sending.processes)
    if number > 1:
        from mailer.cli.worker_processes import work_in_processes

        ended = work_in_processes(output, number, drain=drain)
    else:
        if not drain:
            output.say("Working the queue; Ctrl-C stops.")
        ended = work(output, drain=drain)
    output.say(f"Done: {in_words(ended.summary.counts)}.")
    code = conclude(output, ended, service=not drain)
    output.document(document(ended))
    sys.stdout.flush()
    return code
