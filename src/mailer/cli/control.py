"""`mailer pause`, `resume`, `cancel`, `retry`: a person steps in while a mailing runs, or afterwards."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from mailer.cli.output import Output
from mailer.errors import Exit, MailerError, Refused, UsageError

if TYPE_CHECKING:
    from mailer.domain.mailing import Mailing, RowState
    from mailer.storage.database import Connection
    from mailer.storage.status import Status

_which = click.argument("mailing", required=False, metavar="[SLUG|ID]")
_queue_only = click.option("--queue-only", is_flag=True, help="Leave the sending to a worker.")


@click.command()
@_which
@click.option("--all", "everything", is_flag=True, help="Everything that runs.")
@click.pass_obj
def pause(output: Output, mailing: str | None, *, everything: bool) -> None:
    """Stop a mailing at once; what was marked for the wire still goes. `resume` goes on, nobody is lost or mailed twice."""
    from mailer.domain.mailing import BY_HAND, MailingState
    from mailer.storage import mailings
    from mailer.storage.outage import insistently

    running = frozenset({MailingState.WAITING, MailingState.SENDING})
    if everything and mailing is not None:
        raise UsageError("--all pauses everything; name no mailing with it.")

    def stop(connection: "Connection") -> list["Mailing"]:
        chosen = mailings.everything(connection, states=running) if everything else [mailings.find(connection, mailing)]
        for one in chosen:
            paused = mailings.move(connection, one.id, MailingState.PAUSED, reason=BY_HAND, at=output.app.clock())
            if not paused and one.state not in (MailingState.PAUSED, MailingState.HELD):
                raise MailerError(f"{_name(one)} is {one.state}: there is nothing to pause.")
        return chosen

    chosen = insistently(output.app.database, stop)
    found = [_status(output, one.id) for one in chosen]
    for after in found:
        output.say(f"{_name(after.mailing)} is {after.mailing.state}: {_done(after)}.")
        output.next(f"resume {after.mailing.id}")
    if everything and not found:
        output.say("Nothing is running.")
    documents = [after.document() for after in found]
    output.document({"mailings": documents} if everything else documents[0])


@click.command()
@_which
@click.option(
    "--as-approved", is_flag=True, help="Go on with what was frozen, although the campaign's file has changed."
)
@_queue_only
@click.pass_obj
def resume(output: Output, mailing: str | None, *, as_approved: bool, queue_only: bool) -> int:
    """Go on with a mailing that was paused, held or interrupted."""
    from mailer.domain.mailing import MailingState
    from mailer.launch import refuse_changed, refuse_unfit, write_rows
    from mailer.storage import mailings
    from mailer.storage.outage import insistently

    one = _find(output, mailing)
    refuse_unfit(output.app.settings)
    if one.state is MailingState.MATERIALISING:
        one = write_rows(output.app.desk, one.id)
    elif one.state in (MailingState.PAUSED, MailingState.HELD):
        refuse_changed(output.app.desk, one, as_approved=as_approved)
        at = output.app.clock()
        insistently(output.app.database, lambda it: mailings.move(it, one.id, MailingState.SENDING, at=at))
    elif one.state not in (MailingState.WAITING, MailingState.SENDING):
        raise MailerError(f"{_name(one)} is {one.state}: there is nothing to resume.")
    return _go_on(output, one.id, queue_only=queue_only)


@click.command()
@_which
@click.pass_obj
def cancel(output: Output, mailing: str | None) -> None:
    """End a mailing: whoever has not had it will not. `send SLUG --rest` can mail them later."""
    from mailer.domain.mailing import BY_HAND, MailingState
    from mailer.storage import control, mailings, schedules
    from mailer.storage.outage import insistently

    def end(connection: "Connection") -> "Mailing":
        one = mailings.find(connection, mailing)
        if not mailings.move(connection, one.id, MailingState.CANCELLED, reason=BY_HAND, at=output.app.clock()):
            raise MailerError(f"{_name(one)} is {one.state}: there is nothing to cancel.")
        control.cancel_rows(connection, one.id)
        schedules.disarm(connection, one.id)
        return one

    one = insistently(output.app.database, end)
    after = _status(output, one.id)
    output.say(f"{_name(one)} is cancelled: {_done(after)}.")
    if after.counts.total:
        output.next(f"send {one.slug} --rest")
    output.document(after.document())


@click.command()
@_which
@click.option("--failed", "which", flag_value="failed", help="Those that failed, but for bad addresses (the default).")
@click.option("--uncertain", "which", flag_value="uncertain", help="Those that may have had it, and may get it twice.")
@_queue_only
@click.pass_obj
def retry(output: Output, mailing: str | None, *, which: str | None, queue_only: bool) -> int:
    """Try again with those that failed, or are in doubt: the same messages, with a new deadline for retries."""
    from mailer.domain.mailing import MailingState, RowState
    from mailer.launch import refuse_unfit
    from mailer.storage import control, mailings
    from mailer.storage.outage import insistently

    state, now = RowState[(which or "failed").upper()], output.app.clock()
    refuse_unfit(output.app.settings)
    give_up_at = now + timedelta(hours=output.app.settings.sending.give_up_hours)

    def queue(connection: "Connection") -> tuple["Mailing", int]:
        one = mailings.find(connection, mailing)
        one = mailings.hold(connection, one.id)  # so that it cannot end between the look and the step
        if one.send_by is not None and one.send_by <= now:
            raise Refused(f"{_name(one)} was to be sent by {one.send_by:%-d %B %Y %H:%M} UTC, and that is over.")
        again = control.queue_again(connection, one.id, state, give_up_at=give_up_at)
        if again and one.state is MailingState.FINISHED:
            mailings.move(connection, one.id, MailingState.SENDING, at=now)
        elif again and one.state in (MailingState.CANCELLED, MailingState.EXPIRED):
            raise MailerError(
                f"{_name(one)} is {one.state}.", hint=f"Send to the rest: `mailer send {one.slug} --rest`."
            )
        return one, again

    one, again = insistently(output.app.database, queue)
    if not again:
        return _nothing_to_retry(output, one, state)
    output.say(f"{again:,} are queued again.")
    return _go_on(output, one.id, queue_only=queue_only)


def _nothing_to_retry(output: Output, one: "Mailing", state: "RowState") -> int:
    output.say(f"{_name(one)} has nobody {state.name.lower()} for whom another try would make sense.")
    output.document(_status(output, one.id).document())
    return Exit.OK


def _go_on(output: Output, mailing_id: int, *, queue_only: bool) -> int:
    """Work it or watch it, and print how it stands then."""
    from mailer.cli.seeing_through import see_through

    code = Exit.OK if queue_only else see_through(output, mailing_id)
    output.document(_status(output, mailing_id).document())
    if queue_only:
        output.next(f"status {mailing_id}" if _is_worked(output, mailing_id) else "worker --drain")
    return code


def _is_worked(output: Output, mailing_id: int) -> bool:
    from mailer.storage import heartbeats
    from mailer.storage.heartbeats import Role

    with output.app.database.reading() as connection:
        return heartbeats.alive(connection, Role.WORKER, now=output.app.clock(), mailing_id=mailing_id)


def _find(output: Output, mailing: str | None) -> "Mailing":
    from mailer.storage import mailings

    with output.app.database.reading() as connection:
        return mailings.find(connection, mailing)


def _status(output: Output, mailing_id: int) -> "Status":
    from mailer.storage import mailings
    from mailer.storage.status import status_of

    with output.app.database.reading() as connection:
        return status_of(
            connection, mailings.get(connection, mailing_id), now=output.app.clock(), limits=output.app.limits
        )


def _name(mailing: "Mailing") -> str:
    return f"{mailing.slug} ({mailing.id})"


def _done(one: "Status") -> str:
    """What was sent and what was not."""
    from mailer.domain.mailing import RowState

    sent = one.counts[RowState.SENT]
    in_flight = one.counts[RowState.SENDING]
    rest = one.counts.total - sent - in_flight
    on_wire = f", {in_flight:,} are on their way" if in_flight else ""
    return f"{sent:,} were sent{on_wire}, {rest:,} were not"
