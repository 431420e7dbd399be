"""`mailer schedule`: what is armed to go out at a time. Nothing else arms anything; saving a file never does."""

from typing import Any

import click

from mailer.cli.output import Output
from mailer.cli.send import audience_options, order_of, report, start
from mailer.errors import Exit, MailerError


@click.group()
def schedule() -> None:
    """Let campaigns go out later. A running `scheduler` queues them when their time has come, and a `worker` sends them."""


@schedule.command()
@click.argument("slug")
@click.option("--at", required=True, metavar="WHEN", help='"2026-11-27 09:00", "fri 09:00", "in 10m".')
@audience_options
@click.pass_obj
def add(output: Output, /, *, at: str, **options: Any) -> int:
    """Arm the campaign SLUG, through the whole gate of `send`. It is checked, compiled and counted again when it goes out."""
    mailing = start(output, order_of(output, **options), at=at)
    if mailing is not None:
        report(output, mailing.id, Exit.OK)
        output.next("scheduler")
    return Exit.OK


@schedule.command(name="list")
@click.pass_obj
def list_(output: Output) -> None:
    """Show what is armed, soonest first."""
    from mailer.launch import differs_from_armed
    from mailer.storage import schedules

    with output.app.database.reading() as connection:
        found = schedules.armed(connection)
    documents = []
    for one in found:
        differs = differs_from_armed(output.app.desk, one)
        documents.append(
            {
                "mailing": one.mailing_id,
                "campaign": one.slug,
                "local": one.next_when.local.isoformat(timespec="minutes"),
                "timezone": one.next_when.zone,
                "utc": one.next_when.at,
                "file_differs": differs,
            }
        )
        output.data(
            f"{one.slug} ({one.mailing_id})  {one.next_when}" + ("  file differs from what is armed" if differs else "")
        )
    output.document({"schedules": documents})
    if not found:
        output.say("Nothing is armed.")


@schedule.command()
@click.argument("mailing", metavar="SLUG|ID")
@click.pass_obj
def remove(output: Output, mailing: str) -> None:
    """Disarm a campaign: it will not go out."""
    from mailer.domain.mailing import MailingState
    from mailer.storage import mailings, schedules

    with output.app.database.writing() as connection:
        one = mailings.find(connection, mailing)
        if one.state is not MailingState.SCHEDULED:
            raise MailerError(f"{one.slug} ({one.id}) is not armed: it is {one.state}.")
        mailings.move(connection, one.id, MailingState.CANCELLED, reason="disarmed", at=output.app.clock())
        schedules.disarm(connection, one.id)
    output.say(f"{one.slug} ({one.id}) is disarmed: it will not go out.")
    output.document({"mailing": one.id, "campaign": one.slug, "state": MailingState.CANCELLED})
