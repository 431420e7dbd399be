"""The launch: how a campaign's file becomes a mailing whose rows wait in the ledger. The story is `launch`, below."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from mailer.domain.armed import Schedule
from mailer.domain.mailing import Mailing
from mailer.domain.schedule import When
from mailer.launch.approved import Approved, approved, approved_as_it_stands
from mailer.launch.approving import Standing, give_approval, standing_approval, withdraw
from mailer.launch.arming import arm_again, refuse_armed
from mailer.launch.by_hand import run_now, skip_next
from mailer.launch.changes import refuse_changed
from mailer.launch.codes import approve_proof
from mailer.launch.differing import Difference, differences
from mailer.launch.draft import audience_for, read_draft, read_file
from mailer.launch.feeds import Asker, fetch_due
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
from mailer.launch.issues import Issues, issue_now
from mailer.launch.plan import Approve, Desk, Draft, NothingToSend, Order, Plan, Rehearsal, Repeat
from mailer.launch.proofs import compose_proofs
from mailer.launch.rehearsal import blank_values, refuse_broken, rehearse
from mailer.launch.timing import Again, Once, settle, wished
from mailer.launch.views import narrowed

__all__ = [
    "Again",
    "Approve",
    "Approved",
    "Asker",
    "Desk",
    "Difference",
    "Draft",
    "Issues",
    "NothingToSend",
    "Once",
    "Order",
    "Plan",
    "Rehearsal",
    "Repeat",
    "Standing",
    "approve_proof",
    "approved",
    "approved_as_it_stands",
    "audience_for",
    "blank_values",
    "compose_proofs",
    "count_up",
    "differences",
    "differs_from_armed",
    "fetch_due",
    "fire_due",
    "give_approval",
    "issue_now",
    "launch",
    "launch_again",
    "narrowed",
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
    "run_now",
    "settle",
    "skip_next",
    "standing_approval",
    "wished",
    "withdraw",
    "write_rows",
]

#: Told how many more people are done.
Progress = Callable[[int], None]


def launch(
    desk: Desk,
    order: Order,
    approve: Approve,
    *,
    when: When | None = None,
    proof: timedelta | None = None,
    progress: Progress = lambda _: None,
) -> Mailing | NothingToSend:
    """Send a campaign: everything up to rows that workers can claim; with `when`, up to a schedule that will do the rest.

    proof: so long before `when` a proof is mailed. NothingToSend: and nothing was done. Raises UnknownName, InputProblems
    (findings in the files, or messages that cannot be built), Refused, SettingsError; then nothing was done either.
    """
    if proof is not None:
        refuse_no_organisers(desk.settings)
        order = replace(order, is_proofed=True)
    ready = _ready(desk, order, approve, when.at if when else None, progress)
    if isinstance(ready, NothingToSend):
        return ready
    plan, rehearsal = ready
    if when is not None:
        return arm(desk, plan, when, proof=proof)
    return write_rows(desk, freeze(desk, plan, rehearsal))


def launch_again(
    desk: Desk, order: Order, again: Again, approve: Approve, *, progress: Progress = lambda _: None
) -> Schedule | NothingToSend:
    """Arm a campaign that comes round, through the same gate: it is asked once, for all the times to come.

    NothingToSend and what is raised: as `launch`; Refused also when it comes round already.
    """
    if again.terms.proof is not None:
        refuse_no_organisers(desk.settings)
    refuse_armed(desk, order.slug)
    # That it was sent before is no reason against what is meant to repeat.
    order = replace(order, repeat=Repeat.AGAIN, is_proofed=again.terms.proof is not None)
    ready = _ready(desk, order, lambda plan, rehearsal: approve(_repeating(plan), rehearsal), again.first.at, progress)
    return ready if isinstance(ready, NothingToSend) else arm_again(desk, ready[0], again)


def _ready(
    desk: Desk, order: Order, approve: Approve, starts_at: datetime | None, progress: Progress
) -> tuple[Plan, Rehearsal] | NothingToSend:
    """Everything before anything is written. starts_at: None for now."""
    refuse_unfit(desk.settings)
    refuse_unsigned(desk.settings)
    draft = read_draft(desk, order)
    if starts_at is not None:  # an armed digest holds what is new by then
        draft = draft.for_later
    elif draft.lack:
        return NothingToSend(draft.lack)
    plan = pass_gate(desk, order, draft, starts_at=starts_at or desk.clock())
    if not plan.people:
        return NothingToSend(draft.nobody)
    rehearsal = rehearse(desk, draft, progress=progress)
    refuse_broken(draft, rehearsal)
    approve(plan, rehearsal)
    return plan, rehearsal


def _repeating(plan: Plan) -> Plan:
    return replace(plan, again=False, comes_round=True)
