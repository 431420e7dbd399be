"""`mailer scheduler`: lets armed campaigns go out when their time has come."""

import click

from mailer.cli.output import Output, instant


@click.command()
@click.pass_obj
def scheduler(output: Output) -> None:
    """Watch the clock until Ctrl-C. Several may run: nothing goes out twice. A worker must run too, to send what is due."""
    import threading

    from mailer.delivery.foreground import stopped_by_signals
    from mailer.storage import schedules

    with output.app.database.reading() as connection:
        armed = schedules.armed(connection)
    stop = threading.Event()
    with stopped_by_signals(stop.set), output.app.scheduler(told=output.say) as running:
        if armed:
            output.say(
                f"{len(armed)} armed, the first for {armed[0].when} ({instant(armed[0].when.at)}). Ctrl-C stops."
            )
        else:
            output.say("Nothing is armed yet. Ctrl-C stops.")
            output.next('schedule add SLUG --at "fri 09:00"')
        stop.wait()
    output.document({"fired": running.fired})
