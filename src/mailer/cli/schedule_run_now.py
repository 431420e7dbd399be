"""`mailer schedule run-now`: a person does not wait for the clock."""

import click

from mailer.cli.output import Output
from mailer.domain.count import people
from mailer.errors import Exit


@click.command(name="run-now")
@click.argument("slug")
@click.option("--expect", type=click.IntRange(0), metavar="N", help="Refuse if the number of people differs (by 2 %).")
@click.option("--yes", "confirmed", is_flag=True, help="Do not ask; without a terminal this needs --expect.")
@click.option("--queue-only", is_flag=True, help="Queue it, and leave the sending to a worker.")
@click.pass_obj
def run_now(output: Output, slug: str, *, expect: int | None, confirmed: bool, queue_only: bool) -> int:
    """Let what is held go out now, or an extra issue.

    What of the schedule of SLUG is held; else one that is due and waits; else an issue beside the regular ones. The regular next one stays as it is. What goes out once goes out now instead. It passes the gate of `send`, and asks.
    """
    from mailer.cli.panel import asking
    from mailer.cli.send import report
    from mailer.launch import NothingToSend, Order, Plan, Rehearsal, refuse_unexpected, run_now

    order = Order(slug=slug, expect=expect, confirmed=confirmed, can_ask=output.interactive)
    ask = asking(output, order, before=lambda: None)

    def approve(plan: Plan, rehearsal: Rehearsal) -> None:
        refuse_unexpected(order, plan.people)
        _say_held(output, slug)
        ask(plan, rehearsal)

    mailing = run_now(output.app.desk, slug, approve)
    if isinstance(mailing, NothingToSend):
        output.say(f"Nothing to send: {mailing.reason}. Nothing was done.")
        output.document({"mailing": None, "campaign": slug, "recipients": 0, "state": "empty"})
        return Exit.OK
    output.say(f"Queued as mailing {mailing.id}: {people(mailing.total)}.")
    code = Exit.OK
    if queue_only:
        output.next(f"status {mailing.id}")
    else:
        from mailer.cli.seeing_through import see_through

        code = see_through(output, mailing.id)
    return report(output, mailing.id, code)


def _say_held(output: Output, slug: str) -> None:
    """Why it did not go out by itself, if that is what is let go."""
    from mailer.storage import mailings, occurrences

    with output.app.database.reading() as connection:
        found = occurrences.held(connection, slug)
        if found is None or found[0].mailing_id is None:
            return
        reason = mailings.get(connection, found[0].mailing_id).state_reason
    one, held = found
    output.say(f"The issue of {one.when(held)} was held: {reason}.")
