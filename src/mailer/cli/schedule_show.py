"""`mailer schedule list`, `next` and `history`: what is armed, what comes, and what was."""

from typing import TYPE_CHECKING

import click

from mailer.cli.output import NUMBER, Output, invocation
from mailer.cli.schedule_words import (
    SHOWN,
    next_ones,
    occurrence_document,
    rule_words,
    schedule_document,
    time_lines,
)
from mailer.domain.count import people

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.domain.armed import Schedule
    from mailer.domain.recurrence import Occurrence
    from mailer.launch import Difference
    from mailer.storage.past import Past

_MANY = 20


@click.command(name="list")
@click.pass_obj
def list_(output: Output) -> None:
    """Show what is armed or paused, soonest first.

    With its rule and zone, the next time, how many people it had when it was armed, and what differs from its file.
    """
    from mailer.launch import approved, differences
    from mailer.storage import occurrences, schedules

    with output.app.database.reading() as connection:
        found = schedules.standing(connection)
        held = {
            one.id for one in found if (waiting := occurrences.held(connection, one.slug)) and waiting[0].id == one.id
        }
    documents, now = [], output.app.clock()
    for one in found:
        differs, approval = differences(output.app.desk, one), approved(output.app.desk, one)
        documents.append(schedule_document(one, differs) | {"held": one.id in held} | approval.document())
        for line in _lines(one, differs, now=now):
            output.data(line)
        if one.id in held:
            output.data(f"  an issue is held, for a person to look at; {invocation()} schedule run-now {one.slug}")
        if approval.words:
            output.data(f"  {approval.words}")
    output.document({"schedules": documents})
    if not found:
        output.say("Nothing is armed.")
        output.next('schedule add SLUG --every "fri 09:00"')


def _lines(one: "Schedule", differs: "tuple[Difference, ...]", *, now: "datetime") -> list[str]:
    from mailer.domain.armed import State

    mailing = f" ({one.mailing_id})" if one.rule is None else ""
    paused = "  PAUSED" if one.state is State.PAUSED else ""
    lines = [f"{one.slug}{mailing}  {rule_words(one)}  {one.terms.zone}{paused}"]
    word = "next" if one.next and one.next.at > now else "due since"
    coming = f"{word} {one.next_when}" if one.next else "nothing comes any more"
    lines.append(f"  {coming}, {people(one.people)} when it was armed")
    return lines + [f"  {each.words}" for each in differs]


@click.command(name="next")
@click.argument("slug", required=False, metavar="[SLUG]")
@click.option("-n", "number", type=NUMBER, default=SHOWN, metavar="N", help=f"So many; default: {SHOWN}.")
@click.pass_obj
def next_(output: Output, slug: str | None, number: int) -> None:
    """Show the next times of the campaign SLUG, or of all."""
    from mailer.domain.armed import State
    from mailer.storage import schedules

    now = output.app.clock()
    with output.app.database.reading() as connection:
        named = [schedules.find(connection, slug)] if slug is not None else schedules.standing(connection)
        chosen = [one for one in named if slug is not None or one.state is State.ARMED]
        coming = [(one, each) for one in chosen for each in next_ones(connection, one, number, now=now)]
    coming = sorted(coming, key=lambda pair: pair[1].at)[:number]
    for one in named:
        if one.state is State.PAUSED:
            output.warn(f"{one.slug} is paused: nothing of it goes out before `mailer schedule resume {one.slug}`.")
    if slug is not None:
        output.document([occurrence_document(one, each) for one, each in coming])
        for line in time_lines(named[0], [each for _, each in coming]):
            output.data(line)
    else:
        output.document([{"campaign": one.slug} | occurrence_document(one, each) for one, each in coming])
        _say_all(output, coming)
    if not coming:
        output.say("Nothing is to come.")


def _say_all(output: Output, coming: "list[tuple[Schedule, Occurrence]]") -> None:
    for one, each in coming:
        output.data(f"{one.when(each)}  {one.slug}")


@click.command()
@click.argument("slug")
@click.option("-n", "number", type=NUMBER, default=_MANY, metavar="N", help=f"The newest so many; default: {_MANY}.")
@click.pass_obj
def history(output: Output, slug: str, number: int) -> None:
    """Show what came of the times that were, and why."""
    from mailer.errors import UnknownName
    from mailer.storage import past

    with output.app.database.reading() as connection:
        found = past.of_slug(connection, slug, most=number)
        if not found and not past.knows(connection, slug):
            raise UnknownName(f"{slug} was never scheduled.", hint="`mailer schedule list` shows what is.")
    for each in found:
        output.data(_past_line(each))
    output.document({"campaign": slug, "occurrences": [_past_document(each) for each in found]})
    if not found:
        output.say(f"No time of {slug} has come yet.")


def _past_line(each: "Past") -> str:
    mailing = f" ({each.mailing_id})" if each.mailing_id is not None else ""
    why = f": {each.detail}" if each.detail else ""
    return f"{each.at:%a} {each.at.day} {each.at:%b %Y %H:%M} {each.at.tzinfo}  {each.outcome}{mailing}{why}"


def _past_document(each: "Past") -> dict[str, object]:
    return {
        "schedule": each.schedule_id,
        "local": f"{each.at:%Y-%m-%dT%H:%M}",
        "utc": each.at,
        "key": each.key,
        "dealt_with_at": each.dealt_with_at,
        "outcome": each.outcome,
        "reason": each.detail or None,
        "mailing": each.mailing_id,
    }
