"""The launch: how a campaign's file becomes a mailing whose rows wait in the ledger. The story is `launch`, below."""

from collections.abc import Callable

from mailer.domain.mailing import Mailing
from mailer.domain.schedule import When
from mailer.launch.approving import Standing, give_approval, standing_approval, withdraw
from mailer.launch.changes import refuse_changed
from mailer.launch.draft import audience_for, read_draft, read_file
from mailer.launch.firing import differs_from_armed, fire_due
from mailer.launch.freezing import arm, freeze, write_rows
from mailer.launch.gate import (
    count_up,
    pass_gate,
    refuse_no_organisers,
    refuse_no_relay,
    refuse_unexpected,
    refuse_unfit,
    refuse_unsigned,
)
from mailer.launch.issues import Issues
from mailer.launch.plan import Desk, Draft, NothingToSend, Order, Plan, Rehearsal, Repeat
from mailer.launch.rehearsal import blank_values, refuse_broken, rehearse

__all__ = [
    "Desk",
    "Draft",
    "Issues",
    "NothingToSend",
    "Order",
    "Plan",
    "Rehearsal",
    "Repeat",
    "Standing",
    "audience_for",
    "blank_values",
    "count_up",
    "differs_from_armed",
    "fire_due",
    "give_approval",
    "launch",
    "pass_gate",
    "read_draft",
    "read_file",
    "refuse_broken",
    "refuse_changed",
    "refuse_no_organisers",
    "refuse_no_relay",
    "refuse_unexpected",
    "refuse_unfit",
    "refuse_unsigned",
    "rehearse",
    "standing_approval",
    "withdraw",
    "write_rows",
]

#: Shows a person what would happen; raises Refused when they say no.
Approve = Callable[[Plan, Rehearsal], None]
#: Told how many more people are done.
Progress = Callable[[int], None]


def launch(
    desk: Desk, order: Order, approve: Approve, *, when: When | None = None, progress: Progress = lambda _: None
) -> Mailing | NothingToSend:
    """Send a campaign: everything up to rows that workers can claim; with `when`, up to a schedule that will do the rest.

    NothingToSend: and nothing was done. Raises UnknownName, InputProblems (findings in the files, or
    messages that cannot be built), Refused, SettingsError; then nothing was done either.
    """
    refuse_unfit(desk.settings)
    refuse_unsigned(desk.settings)
    draft = read_draft(desk, order)
    if draft.lack and when is None:  # an armed digest holds what is new by then
        return NothingToSend(draft.lack)
    plan = pass_gate(desk, order, draft, starts_at=when.at if when else desk.clock())
    if not plan.people:
        return NothingToSend(f"the audience of {order.slug} is empty")
    rehearsal = rehearse(desk, draft, progress=progress)
    refuse_broken(draft, rehearsal)
    approve(plan, rehearsal)
    if when is not None:
        return arm(desk, plan, when)
    return write_rows(desk, freeze(desk, plan, rehearsal))
