"""`mailer why`: one person and one campaign: would they get it, why, and what became of it."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from mailer.cli.output import Output
from mailer.errors import UnknownName

if TYPE_CHECKING:
    from mailer.domain.audience import Audience
    from mailer.domain.mailing import Mailing
    from mailer.storage.reasons import Step, Verdict
    from mailer.storage.status import Waiting


@click.command()
@click.argument("email")
@click.argument("mailing", metavar="SLUG|ID")
@click.pass_obj
def why(output: Output, email: str, mailing: str) -> None:
    """Say whether EMAIL would get a campaign, rule by rule, and what became of every attempt."""
    from mailer.storage import reasons, subscribers

    app = output.app
    sent, audience = _mailings(output, mailing)
    with app.database.reading() as connection:
        person = subscribers.find_by_email(connection, email)
        if person is None:
            raise UnknownName(f"There is nobody with the address {email}.", hint="`mailer subscribers list` shows all.")
        verdicts = reasons.verdicts(connection, audience, person, now=app.clock())
        history = [step for one in sent for step in reasons.steps(connection, one, person)]
        waits = reasons.waiting_for(connection, sent[-1], person, now=app.clock(), limits=app.limits) if sent else None
    would = all(one.ok for one in verdicts)
    slug = sent[-1].slug if sent else mailing
    output.document(
        {
            "email": email,
            "campaign": slug,
            "would_receive": would,
            "reasons": [{"rule": one.rule, "ok": one.ok, "detail": one.detail} for one in verdicts],
            "history": [
                {
                    "at": step.at,
                    "state": step.word,
                    "detail": step.detail,
                    "mailing": step.mailing_id,
                    "relay": step.relay or None,
                }
                for step in history
            ],
            "waiting_for": {"reason": waits.reason, "until": waits.until} if waits else None,
        }
    )
    _print(output, email, slug, verdicts, history)
    if waits:
        _print_waiting(output, sent[-1], waits)


def _mailings(output: Output, which: str) -> "tuple[list[Mailing], Audience]":
    """The mailings that are meant, oldest first, and the audience to judge by: the newest's, else the file's."""
    from mailer.launch import Order, audience_for, issue_now, narrowed, read_file
    from mailer.storage import mailings

    desk = output.app.desk
    with desk.database.reading() as connection:
        of_slug = mailings.of_slug(connection, which)
        found = of_slug if of_slug or not which.isdigit() else [mailings.find(connection, which)]
        if found:
            return found, mailings.audience_of(connection, found[-1].id)
    file = read_file(desk, which)
    return [], narrowed(audience_for(desk, file, Order(slug=which), ()), issue_now(desk, file))


def _print(output: Output, email: str, slug: str, verdicts: "list[Verdict]", history: "list[Step]") -> None:
    would = all(one.ok for one in verdicts)
    output.data(f"{email} {'would get' if would else 'would not get'} {slug} now:")
    for verdict in verdicts:
        detail = f"  ({verdict.detail})" if verdict.detail else ""
        output.data(f"  {'yes' if verdict.ok else 'no ':3}  {verdict.rule}{detail}")
    output.data("What happened:" if history else "Nothing was sent to them.")
    for step in history:
        at = f"{step.at.astimezone():%Y-%m-%d %H:%M:%S}"
        by = f"by {step.relay}: " if step.relay else ""
        output.data(f"  {at}  mailing {step.mailing_id}  {step.word}  {by}{step.detail}".rstrip(": "))


def _print_waiting(output: Output, mailing: "Mailing", waits: "Waiting") -> None:
    from mailer.cli.seeing_through import waiting_line

    output.data(f"It {waiting_line(mailing, waits, ZoneInfo(output.app.settings.project.timezone))}")
    if waits.reason in (waits.reason.PAUSED, waits.reason.HELD) and mailing.state_reason:
        output.data(f"  {mailing.state_reason}")
