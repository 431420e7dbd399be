"""`mailer demo`: see the whole thing work, on this machine alone."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli.output import Output, invocation
from mailer.cli.show_page import show_page
from mailer.errors import Exit

if TYPE_CHECKING:
    import threading

    from mailer.demo.play import Played

#: Time to look at the inbox before the scheduled mailing comes; a script does not look.
_AHEAD, _AHEAD_ONCE = timedelta(seconds=8), timedelta(seconds=1)


@click.command()
@click.option("--once", is_flag=True, help="End after sending and print the summary.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="The page's port; default: one that is free.")
@click.option("--keep", is_flag=True, help="Keep the folder with the project, its database and the messages.")
@click.pass_obj
def demo(output: Output, *, once: bool, port: int | None, keep: bool) -> int:
    """Show real campaigns travel the whole way: import, check, send, inbox, leave, schedule.

    Everything happens in a temporary folder and on loopback: no project, setting or relay of yours is looked at.
    """
    from tempfile import mkdtemp

    from mailer.web.server import until_signalled

    with until_signalled() as stopping:
        folder = Path(mkdtemp(prefix="mailer-demo-"))
        try:
            return _run(output, folder, stopping, once=once, port=port)
        finally:
            if keep:
                output.say(f"Kept: {folder}   Look at it: {invocation()} status --project {folder / 'project'}")
            else:
                shutil.rmtree(folder, ignore_errors=True)


def _run(output: Output, folder: Path, stopping: "threading.Event", *, once: bool, port: int | None) -> int:
    from mailer.demo.play import PLANNED, perform
    from mailer.demo.stage import set_up
    from mailer.demo.story import Story

    story = Story(PLANNED, tell=lambda sentence: output.say(f"  {sentence}"))
    with set_up(folder, port=port, story=story.steps, stopping=stopping) as stage:
        output.say(f"The example project is running, with an inbox of its own: {stage.inbox_url}")
        if not once:
            show_page(output, stage.inbox_url)
        played = perform(stage, story, ahead=_AHEAD_ONCE if once else _AHEAD)
        failed = _sum_up(output, played)
        if not once:
            output.say(f"Read the messages, leave a list, press undo: {stage.inbox_url}")
            output.say("Stop with Ctrl-C; then everything is cleared away.")
            stopping.wait()
    output.next("init our-group")
    return Exit.SOME_RECIPIENTS_FAILED if failed else Exit.OK


def _sum_up(output: Output, played: "Played") -> int:
    """Print what it came to; how many messages failed."""
    from mailer.domain.mailing import RowState

    sent, failed = played.total(RowState.SENT), played.total(RowState.FAILED)
    output.data(
        f"{len(played.mailings)} mailings: {sent} sent, {failed} failed, {played.inbox} in the inbox, {played.seconds:.1f} s."
    )
    output.document(
        {
            "mailings": [one.document() for one in played.mailings],
            "sent": sent,
            "failed": failed,
            "inbox": played.inbox,
            "seconds": round(played.seconds, 3),
        }
    )
    return failed
