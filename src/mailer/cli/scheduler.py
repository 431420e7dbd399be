"""`mailer scheduler`: lets armed campaigns go out when their time has come."""

from collections.abc import Callable

import click

from mailer.cli import long_running, service_manager
from mailer.cli.output import Output, instant

STEP = 0.2


@click.command()
@long_running.log_format
@click.pass_obj
def scheduler(output: Output, log_format: str | None) -> None:
    """Watch the clock until Ctrl-C. Several may run: nothing goes out twice. A worker must run too, to send what is due."""
    output.begin_log(log_format)
    fired = watch_the_clock(output, ready=lambda: service_manager.tell(service_manager.READY))
    output.document({"fired": fired})


def watch_the_clock(output: Output, *, ready: Callable[[], None], wanted: Callable[[], bool] = lambda: True) -> int:
    """Fire what is due until a signal comes, or nobody wants it any more; how many schedules that were."""
    import threading

    from mailer.delivery.foreground import stopped_by_signals
    from mailer.storage import schedules

    stop, telling = threading.Event(), output.app.teller().beside()
    with stopped_by_signals(stop.set), output.app.scheduler(told=output.say) as running, telling:
        with output.app.database.reading() as connection:
            armed = schedules.armed(connection)
        if armed:
            output.say(
                f"{len(armed)} armed, the first for {armed[0].next_when} ({instant(armed[0].next_when.at)}). Ctrl-C stops."
            )
        else:
            output.say("Nothing is armed yet. Ctrl-C stops.")
            output.next('schedule add SLUG --at "fri 09:00"')
        ready()
        while not stop.wait(STEP) and wanted():
            pass
    return running.fired
