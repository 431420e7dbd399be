"""`mailer send`: a campaign goes out. What is shown, asked and printed is here; what happens is `mailer.launch`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.output import NUMBER, Output
from mailer.domain.count import people
from mailer.errors import Exit, UsageError

if TYPE_CHECKING:
    from mailer.domain.mailing import Mailing
    from mailer.domain.wish import Wish
    from mailer.launch import Again, Once, Order


def audience_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `send` and `schedule add` that say who is mailed, and that nobody need be asked."""
    for option in reversed(_AUDIENCE_OPTIONS):
        command = option(command)
    return command


_AUDIENCE_OPTIONS = (
    click.option("--list", "list_name", metavar="L", help="Mail this list instead of the campaign's."),
    click.option("--segment", metavar="S", help="Mail this segment instead of the campaign's audience."),
    click.option("--limit", type=NUMBER, metavar="N", help="Mail a random sample of so many."),
    click.option("--rest", is_flag=True, help="Mail those who have not had an earlier mailing of it."),
    click.option("--again", is_flag=True, help="Mail everybody once more."),
    click.option(
        "--expect", type=click.IntRange(0), metavar="N", help="Refuse if the number of people differs (by 2 %)."
    ),
    click.option("--yes", "confirmed", is_flag=True, help="Do not ask; without a terminal this needs --expect."),
)


@click.command()
@click.argument("slug")
@audience_options
@click.option("--at", metavar="WHEN", help='Later: "2026-11-27 09:00", "fri 09:00", "in 10m".')
@click.option("--dry-run", is_flag=True, help="Build every message, write and send nothing.")
@click.option("--queue-only", is_flag=True, help="Queue it, and leave the sending to a worker.")
@click.pass_obj
def send(output: Output, /, *, at: str | None, dry_run: bool, queue_only: bool, **options: Any) -> int:
    """Send the campaign SLUG to the people it is for.

    Checks it, builds every message once, shows what would happen and asks; then works the queue here until it is done.
    Ctrl-C leaves a mailing that can be resumed.
    """
    order = order_of(output, **options)
    if dry_run:
        from mailer.cli.dry_run import dry_run as run_dry

        return run_dry(output, order)
    if at is None and not queue_only:
        output.app.refuse_unknown_backends()  # before anything is queued that could not go on from here
    mailing = start(output, order, once=None if at is None else _once(output, order.slug, at))
    if mailing is None:
        return Exit.OK
    code = Exit.OK
    if at is None and not queue_only:
        from mailer.cli.seeing_through import see_through

        code = see_through(output, mailing.id)
    elif at is None:
        output.next(f"status {mailing.slug}")
    return report(output, mailing.id, code)


def order_of(
    output: Output,
    *,
    slug: str,
    list_name: str | None = None,
    segment: str | None = None,
    limit: int | None = None,
    rest: bool = False,
    again: bool = False,
    expect: int | None = None,
    confirmed: bool = False,
) -> "Order":
    """The options of `send` and `schedule add` as an order."""
    from mailer.launch import Order, Repeat

    if rest and again:
        raise UsageError("--rest and --again mean different people.", hint="Choose one of them.")
    return Order(
        slug=slug,
        list_name=list_name,
        segment=segment,
        limit=limit,
        repeat=Repeat.REST if rest else Repeat.AGAIN if again else Repeat.REFUSE,
        expect=expect,
        confirmed=confirmed,
        can_ask=output.interactive,
    )


def start(output: Output, order: "Order", *, once: "Once | None" = None) -> "Mailing | None":
    """Queue the mailing, or with `once` arm it; None, and it is said, when there is nobody to mail, or nothing new."""
    from mailer.cli.panel import asking, drawing
    from mailer.cli.schedule_words import warn_no_scheduler
    from mailer.launch import NothingToSend, launch

    when, proof = (once.when, once.proof) if once else (None, None)
    with drawing(output, "Building every message once") as progress:
        approve = asking(output, order, once, before=progress.stop)
        mailing = launch(output.app.desk, order, approve, when=when, proof=proof, progress=progress.advance)
    if isinstance(mailing, NothingToSend):
        output.say(f"Nothing to send: {mailing.reason}. Nothing was done.")
        output.document({"mailing": None, "campaign": order.slug, "recipients": 0, "state": "empty"})
        return None
    if when is not None:
        output.say(f"Scheduled for {when} as mailing {mailing.id}.")
        warn_no_scheduler(output)
        output.next("schedule list")
    else:
        output.say(f"Queued as mailing {mailing.id}: {people(mailing.total)}.")
    return mailing


def settled(output: Output, slug: str, wish: "Wish") -> "Once | Again":
    """When that is, by the real clock: the scheduler knows no other. Raises UsageError for what cannot be."""
    from mailer.launch import read_file, settle, wished

    app = output.app
    campaign = read_file(app.desk, slug).campaign
    return settle(wished(campaign, wish), now=app.clock(), zone=app.settings.project.timezone)


def _once(output: Output, slug: str, at: str) -> "Once":
    from mailer.domain.wish import Wish
    from mailer.launch import Once

    once = settled(output, slug, Wish(at=at))
    assert isinstance(once, Once)
    return once


def report(output: Output, mailing_id: int, code: int) -> int:
    """The document of a mailing, as it stands now."""
    from mailer.domain.mailing import MailingState, RowState
    from mailer.storage import audiences, mailings

    with output.app.database.reading() as connection:
        mailing, rows = mailings.get(connection, mailing_id), mailings.counts(connection, mailing_id)
        recipients = mailing.total
        if mailing.state is MailingState.SCHEDULED:
            audience = mailings.audience_of(connection, mailing_id)
            recipients = audiences.count(connection, audience, now=output.app.clock())
    state = mailing.state
    output.document({"mailing": mailing.id, "campaign": mailing.slug, "recipients": recipients, "state": state})
    failed = rows[RowState.FAILED] + rows[RowState.UNCERTAIN]
    return Exit.SOME_RECIPIENTS_FAILED if code == Exit.OK and failed else code
