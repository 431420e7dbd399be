"""`mailer schedule skip`, `pause`, `resume` and `remove`: a person changes what is armed; nothing else does."""

from typing import TYPE_CHECKING

import click

from mailer.cli.output import Output
from mailer.cli.schedule_words import next_ones, occurrence_document, time_lines
from mailer.errors import MailerError, Refused, UnknownName

if TYPE_CHECKING:
    from mailer.domain.armed import Schedule, State
    from mailer.domain.recurrence import Occurrence
    from mailer.storage.database import Connection

_which = click.argument("which", metavar="SLUG|ID")


@click.command()
@click.argument("slug")
@click.option("--undo", is_flag=True, help="Let the last one that was left out come after all.")
@click.pass_obj
def skip(output: Output, slug: str, *, undo: bool) -> None:
    """Leave out the next time of the campaign SLUG.

    Said again, the one after that too. --undo lets the last of them come after all.
    """
    changed = _take_back(output, slug) if undo else _leave_out(output, slug)
    with output.app.database.reading() as connection:
        one, coming = _coming(output, connection, slug)
    [line] = time_lines(one, [changed])
    output.say(f"{line} {'comes after all' if undo else 'is left out'}.")
    _say_next(output, one, coming)
    if not undo:
        output.next(f"schedule skip {slug} --undo")
    output.document(
        {
            "schedule": one.id,
            "campaign": one.slug,
            "restored" if undo else "skipped": occurrence_document(one, changed),
            "next": occurrence_document(one, coming[0]) if coming else None,
        }
    )


def _leave_out(output: Output, slug: str) -> "Occurrence":
    from mailer.domain.armed import Kind
    from mailer.launch import skip_next

    with output.app.database.reading() as connection:
        one, coming = _coming(output, connection, slug)
    if one.kind is Kind.AGAIN and len(coming) < 2:
        raise Refused(
            f"This is the last time that {slug} comes.", hint=f"`mailer schedule remove {slug}` ends it altogether."
        )
    return skip_next(output.app.desk, slug)


def _take_back(output: Output, slug: str) -> "Occurrence":
    from mailer.storage import past, schedules

    with output.app.database.writing() as connection:
        found = past.take_back_skip(connection, schedules.find(connection, slug), at=output.app.clock())
    if found is None:
        raise MailerError(
            f"No time of {slug} that is still to come was left out.", hint=f"`mailer schedule next {slug}` shows them."
        )
    return found


@click.command()
@_which
@click.pass_obj
def pause(output: Output, which: str) -> None:
    """Let nothing of it go out until `resume`.

    What is sending already goes on: `mailer pause` stops that.
    """
    from mailer.domain.armed import State
    from mailer.storage import schedules

    with output.app.database.writing() as connection:
        one = _find(connection, which)
        schedules.set_state(connection, one.id, State.PAUSED)
    output.say(f"{one.slug} is paused: nothing of it goes out until it is resumed.")
    output.next(f"schedule resume {which}")
    _document(output, one, State.PAUSED)


@click.command()
@_which
@click.pass_obj
def resume(output: Output, which: str) -> None:
    """Go on with what was paused.

    By a person, or because the database was set back. What would have come meanwhile does not come.
    """
    from mailer.cli.schedule_words import warn_no_scheduler
    from mailer.domain.armed import State
    from mailer.storage import schedules

    with output.app.database.writing() as connection:
        one = _find(connection, which)
        if one.state is State.PAUSED:
            schedules.resume(connection, one, at=output.app.clock())
        one = schedules.get(connection, one.id)
        coming = next_ones(connection, one, 1, now=output.app.clock())
    output.say(f"{one.slug} is {one.state}.")
    _say_next(output, one, coming)
    warn_no_scheduler(output)
    _document(output, one, one.state)


@click.command()
@_which
@click.pass_obj
def remove(output: Output, which: str) -> None:
    """Disarm a campaign: it goes out no more.

    What is sending already goes on: `mailer cancel` ends that.
    """
    from mailer.domain.armed import Kind, State
    from mailer.domain.mailing import MailingState
    from mailer.storage import mailings, schedules

    with output.app.database.writing() as connection:
        one = _find(connection, which)
        if one.kind is Kind.ONCE and one.mailing_id is not None:
            mailings.move(connection, one.mailing_id, MailingState.CANCELLED, reason="disarmed", at=output.app.clock())
            schedules.disarm(connection, one.mailing_id)
        else:
            schedules.set_state(connection, one.id, State.REMOVED)
        others = [each for each in schedules.standing(connection) if each.slug == one.slug]
    output.say(f"{_name(one)} is disarmed: it will not go out{' any more' if one.kind is Kind.AGAIN else ''}.")
    for each in others:
        output.warn(
            f"{_name(each)} is still armed for {each.next_when}." if each.next else f"{_name(each)} still stands."
        )
    _document(output, one, MailingState.CANCELLED if one.kind is Kind.ONCE else State.REMOVED)


def _find(connection: "Connection", which: str) -> "Schedule":
    """A slug means what comes round, if it does; else its next one-off. A number means the one-off's mailing."""
    from mailer.domain.armed import Kind
    from mailer.storage import schedules

    if not (which.isascii() and which.isdigit()):
        return schedules.find(connection, which)
    for one in schedules.standing(connection):
        if one.kind is Kind.ONCE and one.mailing_id == int(which):
            return one
    raise UnknownName(f"Mailing {which} is not scheduled.", hint="`mailer schedule list` shows what is.")


def _coming(output: Output, connection: "Connection", slug: str) -> "tuple[Schedule, list[Occurrence]]":
    from mailer.storage import schedules

    one = schedules.find(connection, slug)
    return one, next_ones(connection, one, 2, now=output.app.clock())


def _say_next(output: Output, one: "Schedule", coming: "list[Occurrence]") -> None:
    for line in time_lines(one, coming[:1]):
        output.say(f"Then comes {line}.")


def _document(output: Output, one: "Schedule", state: "State | str") -> None:
    mailing = one.mailing_id if one.rule is None else None
    output.document({"schedule": one.id, "mailing": mailing, "campaign": one.slug, "state": state})


def _name(one: "Schedule") -> str:
    return f"{one.slug} ({one.mailing_id})" if one.rule is None else one.slug
