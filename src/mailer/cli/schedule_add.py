"""`mailer schedule add`: a campaign is armed, for once or for again and again."""

from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import Output
from mailer.cli.send import audience_options, order_of, report, settled, start
from mailer.domain.count import people
from mailer.errors import Exit, UsageError

if TYPE_CHECKING:
    from mailer.domain.armed import Schedule
    from mailer.launch import Again, Order


@click.command()
@click.argument("slug")
@click.option("--at", metavar="WHEN", help='Once: "2026-11-27 09:00", "fri 09:00", "in 10m".')
@click.option(
    "--every", metavar="PHRASE", help='Again and again: "fri 09:00", "weekdays 18:30", "monthly last fri 09:00", "30m".'
)
@click.option("--cron", metavar="LINE", help='Again and again, as in a crontab: "0 9 * * fri". 0 and 7 are Sunday.')
@click.option(
    "--timezone", metavar="ZONE", help="Where these times are read; default: the campaign's, else project.timezone."
)
@click.option("--until", metavar="DAY", help="Nothing comes after this day: 2026-12-31.")
@click.option("--window", metavar="HOURS", help="Only what comes within these hours: 08:00-20:00.")
@click.option(
    "--catch-up",
    type=click.Choice(["latest", "skip", "all"]),
    help="What was missed while nothing ran: send the latest (default), skip it, or send all.",
)
@click.option("--proof", metavar="TIME", help="Mail the issue to the organisers so long before it goes out: 16h.")
@audience_options
@click.pass_obj
def add(output: Output, /, *, slug: str, **options: Any) -> int:
    """Arm a campaign, through the gate of `send`.

    Without a time, as its file proposes. It is checked, compiled and counted again each time it goes out. What comes round is confirmed once, here, for all its
    times to come.
    """
    from mailer.domain.wish import Wish
    from mailer.launch import Once

    wish = Wish(**{name: options.pop(name) for name in Wish.__dataclass_fields__})
    when = settled(output, slug, wish)
    order = order_of(output, slug=slug, **options)
    if isinstance(when, Once):
        mailing = start(output, order, once=when)
        return Exit.OK if mailing is None else report(output, mailing.id, Exit.OK)
    _refuse_for_once(options)
    armed = _arm(output, order, when)
    if armed is not None:
        _report(output, armed)
    return Exit.OK


def _refuse_for_once(options: dict[str, Any]) -> None:
    """A sample is drawn for one mailing, and who had it before matters to one that is not meant to repeat."""
    for name in ("rest", "again", "limit"):
        if options[name]:
            raise UsageError(
                f"--{name} is about one mailing, and this comes round again.",
                hint="Leave it out, or name a segment: --segment S.",
            )


def _arm(output: Output, order: "Order", again: "Again") -> "Schedule | None":
    """None, and it is said, when there is nobody to mail."""
    from mailer.cli.panel import asking, drawing
    from mailer.launch import NothingToSend, launch_again

    with drawing(output, "Building every message once") as progress:
        approve = asking(output, order, again, before=progress.stop)
        armed = launch_again(output.app.desk, order, again, approve, progress=progress.advance)
    if isinstance(armed, NothingToSend):
        output.say(f"Nothing to send: {armed.reason}. Nothing was done.")
        output.document(
            {"schedule": None, "mailing": None, "campaign": order.slug, "recipients": 0, "state": "empty", "next": []}
        )
        return None
    return armed


def _report(output: Output, one: "Schedule") -> None:
    from mailer.cli.schedule_words import (
        SHOWN,
        next_ones,
        occurrence_document,
        rule_words,
        time_lines,
        warn_no_scheduler,
    )

    with output.app.database.reading() as connection:
        times = next_ones(connection, one, SHOWN, now=output.app.clock())
    output.say(f"Armed: {one.slug} goes out {rule_words(one)}, to those who are in its audience then.")
    output.say(f"Now they are {people(one.people)}. The next times:")
    if one.terms.proof and times and times[0].at - one.terms.proof <= output.app.clock():
        output.warn("The proof of the first is mailed as soon as a scheduler runs: less than its time is left.")
    for line in time_lines(one, times):
        output.data(f"  {line}")
    output.document(
        {
            "schedule": one.id,
            "mailing": None,
            "campaign": one.slug,
            "recipients": one.people,
            "state": one.state,
            "rule": rule_words(one),
            "timezone": one.terms.zone,
            "next": [occurrence_document(one, each) for each in times],
        }
    )
    warn_no_scheduler(output)
    output.next(f"schedule next {one.slug}")
