"""`mailer approve`: somebody has looked at a campaign, or at the proof of an occurrence, and answers for it."""

import getpass
import os
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import NUMBER, Output, instant
from mailer.domain.count import counted, people
from mailer.errors import Refused, UsageError

if TYPE_CHECKING:
    from mailer.domain.approval import Approval

MOST_NAME = 100


@click.command()
@click.argument("slug")
@click.option("--by", metavar="NAME", help="Who approves; default: your login name. Nobody verifies it.")
@click.option("--code", metavar="CODE", help="Approve the next occurrence, by the code that stands in its proof.")
@click.option("--withdraw", is_flag=True, help="Take back all that was approved of it.")
@click.option("--list", "list_name", metavar="L", help="For this list instead of the campaign's.")
@click.option("--segment", metavar="S", help="For this segment instead of the campaign's audience.")
@click.option("--limit", type=NUMBER, metavar="N", help="For a random sample of so many.")
@click.option("--yes", "confirmed", is_flag=True, help="Do not ask; without a terminal --by says as much.")
@click.pass_obj
def approve(
    output: Output, /, *, slug: str, by: str | None, code: str | None, withdraw: bool, confirmed: bool, **audience: Any
) -> None:
    """Say that you have looked at the campaign SLUG, and that it may go out as it is.

    Shows what `send` would show, and asks. What is approved is the text with all it uses, for whom, and how many they are;
    once one of these is another, `send` and `schedule` refuse until somebody looks again.
    """
    if withdraw:
        _withdraw(output, slug, alone=not (code or by or confirmed or any(audience.values())))
        return
    name = _name(by)
    if code is not None:
        if any(audience.values()):
            raise UsageError("--code stands for a proof, and that says for whom it is.", hint="Leave the others out.")
        _approve_proof(output, slug, code, name)
        return
    _approve_file(output, slug, name, confirmed=confirmed or (by is not None and not output.interactive), **audience)


def _approve_file(output: Output, slug: str, name: str, *, confirmed: bool, **audience: Any) -> None:
    from mailer.cli.panel import drawing, show
    from mailer.launch import Order, Repeat, count_up, give_approval, read_draft, refuse_broken, rehearse

    desk = output.app.desk
    draft = read_draft(desk, Order(slug=slug, repeat=Repeat.AGAIN, **audience))
    plan = count_up(desk, draft, again=False, starts_at=desk.clock())
    if not plan.people:
        raise Refused(f"Nobody would be mailed: the audience of {slug} is empty, so there is nothing to approve.")
    with drawing(output, "Building every message once") as progress:
        rehearsal = rehearse(desk, draft, progress=progress.advance)
    refuse_broken(draft, rehearsal)
    show(output, plan, rehearsal)
    if draft.lack:
        output.warn(f"As it stands nothing would be sent: {draft.lack}. What it will hold is no part of this approval.")
    if not confirmed:
        _ask(output, name)
    given = give_approval(desk, draft, plan.people, by=name)
    output.say(f"Approved by {name}: {slug} for {people(plan.people)}.")
    output.document(approval_document(given))
    output.next(f"send {slug}")


def _ask(output: Output, name: str) -> None:
    if not output.interactive:
        raise Refused(
            "An approval is somebody's word, and there is nobody to ask.",
            hint="Look at it with `mailer preview`, then say who answers for it: --by NAME.",
        )
    output.confirm(f"Approve it as {name}? Type y", "y")


def _approve_proof(output: Output, slug: str, code: str, name: str) -> None:
    from mailer.launch import approve_proof

    when, given = approve_proof(output.app.desk, slug, code, by=name)
    output.say(f"Approved by {name}: the issue of {slug} for {when}, to {people(given.people)}.")
    occurrence = {"key": given.key, "local": when.local.isoformat(timespec="minutes"), "timezone": when.zone}
    output.document(approval_document(given) | {"occurrence": occurrence | {"utc": when.at}})


def _withdraw(output: Output, slug: str, *, alone: bool) -> None:
    from mailer.launch import withdraw

    if not alone:
        raise UsageError("--withdraw takes everything back, and nothing beside it.", hint="Use it alone.")
    number = withdraw(output.app.desk, slug)
    output.say(f"Taken back: {counted(number, 'approval')} of {slug}." if number else f"Nobody had approved {slug}.")
    output.document({"campaign": slug, "withdrawn": number})


def approval_document(given: "Approval") -> dict[str, Any]:
    """An approval in a JSON document."""
    return {
        "campaign": given.slug,
        "by": given.approved_by,
        "at": instant(given.at),
        "recipients": given.people,
        "sources": given.sources,
    }


def _name(given: str | None) -> str:
    """Who approves, on one line."""
    name = _login() if given is None else given.strip()
    if not name or not name.isprintable() or len(name) > MOST_NAME:
        raise UsageError(
            f"A name is one line of at most {MOST_NAME} characters.", hint='Say who approves: --by "Ana Souza".'
        )
    return name


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        return f"user {os.getuid()}"
