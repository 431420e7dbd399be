"""`mailer status`: how mailings stand."""

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from mailer.cli.output import Output, clock_time, invocation
from mailer.cli.schedule_words import occurrence_document

if TYPE_CHECKING:
    from mailer.domain.armed import Schedule
    from mailer.launch import Approved, Difference
    from mailer.storage.status import Status

LOOK_EVERY = 1.0
_MOST_CAUSES = 5


@click.command()
@click.argument("mailing", required=False, metavar="[SLUG|ID]")
@click.option("-w", "--watch", is_flag=True, help="Look again and again until it is over; Ctrl-C stops looking.")
@click.pass_obj
def status(output: Output, mailing: str | None, *, watch: bool) -> None:
    """Show how a mailing stands, or all of them: numbers, speed, and what it waits for."""
    from mailer.domain.mailing import LIVE_MAILINGS

    found = _statuses(output, mailing)
    while watch and any(one.mailing.state in LIVE_MAILINGS for one in found):
        if sys.stdout.isatty() and not output.as_json:
            click.clear()
            _print(output, found)
        time.sleep(LOOK_EVERY)
        found = _statuses(output, mailing)
    documents = [_document(output, one) for one in found]
    output.document(documents[0] if mailing is not None else {"mailings": documents})
    _print(output, found)
    if not found:
        output.say("Nothing was sent yet.")
        output.next("send SLUG")


def _statuses(output: Output, mailing: str | None) -> "list[Status]":
    from mailer.storage import mailings
    from mailer.storage.status import status_of

    now = output.app.clock()
    with output.app.database.reading() as connection:
        every = mailings.everything(connection) if mailing is None else [mailings.find(connection, mailing)]
        return [status_of(connection, one, now=now, limits=output.app.limits) for one in every]


def _document(output: Output, one: "Status") -> dict[str, Any]:
    found = _schedule(output, one)
    coming = (
        None if found is None or found.rule is None or found.next is None else occurrence_document(found, found.next)
    )
    differs = None
    if found is not None and output.app.settings.root is not None:
        differs = bool(differences_of(output, found))
    approval = approval_of(output, found).document() if found else {"proof_at": None, "approval": None}
    return one.document() | {"file_differs": differs, "next_issue": coming} | approval


def _schedule(output: Output, one: "Status") -> "Schedule | None":
    """What will send the mailing, or has and will send the next issue; None if nothing will."""
    from mailer.storage import schedules

    with output.app.database.reading() as connection:
        return next((each for each in schedules.standing(connection) if each.mailing_id == one.mailing.id), None)


def differences_of(output: Output, one: "Schedule") -> "tuple[Difference, ...]":
    from mailer.launch import differences

    return differences(output.app.desk, one)


def approval_of(output: Output, one: "Schedule") -> "Approved":
    from mailer.launch import approved

    return approved(output.app.desk, one)


def _print(output: Output, found: "list[Status]") -> None:
    for one in found:
        for line in _lines(one, ZoneInfo(output.app.settings.project.timezone)):
            output.data(line)
        schedule = _schedule(output, one)
        if schedule is None:
            continue
        if schedule.rule and schedule.next:
            output.data(f"  the next issue comes {schedule.next_when}")
        if schedule.state == "paused":
            output.data(f"  but its schedule is paused; {invocation()} schedule resume {schedule.slug}")
        if words := approval_of(output, schedule).words:
            output.data(f"  {words}")
        for each in differences_of(output, schedule):
            output.warn(f"{one.mailing.slug}: {each.words}.")


def _lines(one: "Status", zone: ZoneInfo) -> Iterator[str]:
    from mailer.cli.seeing_through import status_line, waiting_line

    mailing, waiting = one.mailing, one.waiting_for
    yield status_line(one)
    if mailing.redirect_to:
        yield f"  a rehearsal: everything goes to {mailing.redirect_to}"
    if mailing.state_reason:
        yield f"  {mailing.state_reason}"
    for trouble in one.trouble:
        yield f"  a relay cannot be used: {trouble}"
    for slow in one.slowed:
        share = "under 1%" if slow.share < 0.01 else f"{slow.share:.0%}"
        yield (
            f"  {slow.relay} asked for less mail to {slow.provider.word} mailboxes: {share} of the speed, more with"
            f" each minute, all of it at {clock_time(slow.until, zone)} if it does not ask again"
        )
    if one.rate and one.eta is not None:
        yield f"  {one.rate:g} a second, about {one.eta:,} s left"
    if waiting is not None:
        yield f"  {waiting_line(mailing, waiting, zone)}"
    if mailing.state == "scheduled":
        yield f"  goes out at {mailing.starts_at.astimezone(zone):%a %d %b %Y %H:%M} {zone.key}"
    if one.unattended and (waiting is None or waiting.until is not None):
        yield f"  but no {one.unattended} is running, and so nothing happens then; {invocation()} {one.unattended}"
    for failure in one.failures[:_MOST_CAUSES]:
        yield f"  {failure.state.name.lower()} {failure.count:,} at {failure.provider}: {failure.cause}"
    if mailing.state == "finished":
        yield from _how_to_try_again(one)
    if one.unsubscribed:
        yield f"  unsubscribed {one.unsubscribed:,}"


def _how_to_try_again(one: "Status") -> Iterator[str]:
    from mailer.domain.mailing import RowState

    again = f"{invocation()} retry {one.mailing.id}"
    if any(each.state is RowState.FAILED and not each.is_of_address for each in one.failures):
        yield f"  to try again where the address is not at fault: {again}"
    if one.counts[RowState.UNCERTAIN]:
        yield f"  to send again to those in doubt, of whom some had it: {again} --uncertain"
