"""`mailer send --dry-run`: all that `send` would find out, ask and refuse, and nothing written."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mailer.cli.output import Output
from mailer.errors import Exit, MailerError

if TYPE_CHECKING:
    from mailer.launch import Order, Plan, Rehearsal


def dry_run(output: Output, order: "Order") -> int:
    """Everything that `send` would find out, and what it would refuse; nothing is written."""
    from mailer.cli.panel import drawing, show
    from mailer.launch import (
        Repeat,
        count_up,
        pass_gate,
        read_draft,
        refuse_broken,
        refuse_unexpected,
        refuse_unsigned,
        rehearse,
    )

    desk = output.app.desk
    order = replace(order, can_ask=True)  # what would be asked is no reason to refuse
    draft = read_draft(desk, order)
    plan = count_up(desk, draft, again=order.repeat is Repeat.AGAIN, starts_at=desk.clock())
    if order.expect is not None:
        refuse_unexpected(order, plan.people)
    with drawing(output, "Building every message once") as progress:
        rehearsal = rehearse(desk, draft, progress=progress.advance)
    show(output, plan, rehearsal)
    if draft.lack:
        output.say(f"Nothing would be sent: {draft.lack}.")
    try:
        pass_gate(desk, order, draft, starts_at=desk.clock())
        refuse_unsigned(desk.settings)
    except MailerError as refused:
        output.warn(f"`send` would refuse: {refused.message}")
    output.document(_document(plan, rehearsal))
    refuse_broken(draft, rehearsal)
    return Exit.OK


def _document(plan: "Plan", rehearsal: "Rehearsal") -> dict[str, Any]:
    from mailer.cli.view_words import views_document

    draft = plan.draft
    return {
        "mailing": None,
        "campaign": draft.slug,
        "recipients": 0 if draft.lack else plan.people,
        "state": "dry_run" if plan.people and not draft.lack else "empty",
        "largest_bytes": rehearsal.largest,
        "errors": len(rehearsal.errors),
        "unbuildable": [{"email": email, "reason": why} for email, why in rehearsal.errors.values()],
        "languages": dict(rehearsal.languages),
        "fallbacks": dict(rehearsal.fallbacks),
        "views": views_document(draft.views),
    }
