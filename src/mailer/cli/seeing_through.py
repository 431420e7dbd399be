"""Sees one mailing through: waits out its undo window, then works it here, or watches whoever works it already.

`send`, `resume` and `retry` end here. Ctrl-C at any moment leaves a mailing that goes on with the next worker.
"""

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from mailer.cli.output import Output, clock_time, invocation
from mailer.cli.working import conclude, how_to_go_on, in_words, work
from mailer.domain.mailing import Mailing, MailingState, RowState
from mailer.errors import Exit
from mailer.storage import heartbeats, mailings
from mailer.storage.heartbeats import Role
from mailer.storage.outage import Outage, patiently
from mailer.storage.status import Reason, Status, Waiting, status_of

if TYPE_CHECKING:
    from rich.progress import Progress

LOOK_EVERY = 0.5
STEP = 0.1


def see_through(output: Output, mailing_id: int) -> Exit:
    """Returns when the mailing is done, stopped, or waits for a retry; the exit code of what was done or seen."""
    mailing: Mailing | None = _look(output, mailing_id).mailing
    if mailing is not None and mailing.state is MailingState.WAITING:
        mailing = _wait_out_undo(output, mailing)
    if mailing is None:
        return Exit.INTERRUPTED
    if mailing.state not in (MailingState.WAITING, MailingState.SENDING):
        output.say(f"{mailing.slug} ({mailing.id}) is {mailing.state}.")
        return Exit.OK
    with output.app.database.reading() as connection:
        worked = heartbeats.alive(connection, Role.WORKER, now=output.app.clock(), mailing_id=mailing_id)
    return _watch(output, mailing_id) if worked else _work(output, mailing_id)


def _work(output: Output, mailing_id: int) -> Exit:
    ended = work(output, drain=True, only=mailing_id)
    output.say(f"Done: {in_words(ended.summary.ended)}.")
    return conclude(output, ended, only=mailing_id)


def _look(output: Output, mailing_id: int) -> Status:
    """A database that is away is waited for, like a worker does."""

    def look() -> Status:
        now = output.app.clock()
        with output.app.database.reading() as connection:
            return status_of(connection, mailings.get(connection, mailing_id), now=now, limits=output.app.limits)

    outage = Outage(
        away=lambda reason: output.warn(f"{reason} Trying again until it does."),
        back=lambda: output.say("The database answers again."),
    )
    return patiently(look, outage, seconds=output.app.settings.sending.lease_seconds, wait=time.sleep)


def _wait_out_undo(output: Output, mailing: Mailing) -> Mailing | None:
    """Until the undo window ends, or somebody cancels or pauses; None when Ctrl-C ends the waiting."""
    seconds = (mailing.starts_at - output.app.clock()).total_seconds()
    counting = sys.stderr.isatty() and not output.quiet
    looked, shown = 0.0, -1
    try:
        output.say(
            f"The first message leaves in {max(0, seconds):.0f} s. To stop it: {invocation()} cancel {mailing.id}"
        )
        while mailing.state is MailingState.WAITING and mailing.starts_at > output.app.clock():
            left = round((mailing.starts_at - output.app.clock()).total_seconds())
            if counting and left != shown:
                click.echo(f"\r  {left:>4} s ", nl=False, err=True)
                shown = left
            time.sleep(STEP)
            if time.monotonic() - looked > LOOK_EVERY:
                looked, mailing = time.monotonic(), _look(output, mailing.id).mailing
    except KeyboardInterrupt:
        output.say(f"\n{mailing.slug} ({mailing.id}) waits; to go on: {invocation()} resume {mailing.id}")
        return None
    if counting:
        click.echo("\r         \r", nl=False, err=True)
    return mailing


def _watch(output: Output, mailing_id: int) -> Exit:
    """Another process works it: show how it goes until it ends, waits, or that process is gone."""
    output.say("A worker is running and sends it; this only watches, and may be stopped.")
    first = status = _look(output, mailing_id)
    with _bar(output, status.counts.total) as bar:
        while status.mailing.state is MailingState.SENDING:
            if status.waiting_for is not None and status.waiting_for.reason is not Reason.RATE:
                break
            if bar is not None:
                settled = status.counts.total - status.counts.open
                bar.update(bar.task_ids[0], completed=settled)
            time.sleep(LOOK_EVERY)
            status = _look(output, mailing_id)
    if status.waiting_for is not None and status.waiting_for.reason is Reason.NO_WORKER:
        return _work(output, mailing_id)
    output.say(status_line(status))
    if status.waiting_for is not None:
        zone = ZoneInfo(output.app.settings.project.timezone)
        output.say(waiting_line(status.mailing, status.waiting_for, zone))
    ended_badly = [one.counts[RowState.FAILED] + one.counts[RowState.UNCERTAIN] for one in (first, status)]
    return Exit.SOME_RECIPIENTS_FAILED if ended_badly[1] > ended_badly[0] else Exit.OK


def _bar(output: Output, total: int) -> "AbstractContextManager[Progress | None]":
    if not sys.stderr.isatty() or output.quiet or output.as_json:
        return nullcontext(None)
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True))
    bar.add_task("sending", total=total)
    return bar


def status_line(status: Status) -> str:
    """One mailing on one line: what it is, and its numbers that are not zero."""
    mailing, rows = status.mailing, status.counts
    numbers = {state.name.lower(): number for state, number in rows.items() if number}
    if rows.deferred:
        numbers["queued"] -= rows.deferred
        numbers["deferred"] = rows.deferred
    said = "  ".join(f"{word} {number:,}" for word, number in numbers.items() if number)
    return f"{mailing.slug} ({mailing.id})  {mailing.state}  {said}".rstrip()


def waiting_line(mailing: Mailing, waiting: Waiting, zone: ZoneInfo) -> str:
    """Why nothing leaves just now, until when, and what a person can do about it."""
    until = f", until {clock_time(waiting.until, zone)}" if waiting.until else ""
    advice = {
        Reason.NO_WORKER: f"{invocation()} worker",
        Reason.PAUSED: how_to_go_on(mailing),
        Reason.HELD: how_to_go_on(mailing),
    }
    said = f"waits: {waiting.reason.replace('_', ' ')}{until}"
    return "; ".join(filter(None, (said, advice.get(waiting.reason))))
