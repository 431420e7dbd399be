"""Approval: asked for at the gate, given by a person who has looked.

What was approved and has become something else since is refused whatever the settings say; what nobody approved, only
where `sending.require_approval` asks for it.
"""

import logging
from dataclasses import dataclass
from typing import Any

from mailer.domain.approval import Approval, audience_hash, is_required
from mailer.domain.audience import Audience
from mailer.errors import Refused
from mailer.launch.plan import Desk, Draft, Order
from mailer.storage import approvals

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An approval, and how it stands to what there is now. misfit: why it is none of that, "" while it is."""

    approval: Approval
    misfit: str

    @property
    def words(self) -> str:
        said = f"approved {self.approval.words}"
        return f"{said}, but {self.misfit}" if self.misfit else said

    def document(self) -> dict[str, Any]:
        """`approval` of a JSON document."""
        given = self.approval
        fits = {"fits": not self.misfit, "reason": self.misfit or None}
        return {"by": given.approved_by, "at": given.at, "recipients": given.people, "key": given.key or None} | fits


def standing_approval(
    desk: Desk,
    slug: str,
    sources: str | None,
    audience: Audience,
    people: int | None = None,
    *,
    occurrence: tuple[int, str] | None = None,
) -> Standing | None:
    """What stands of a campaign, or of an `occurrence` (schedule's id and key); None while nobody approved it.

    sources: of what is compiled now, None when it cannot be. people: None where their number is not asked.
    """
    with desk.database.reading() as connection:
        found = (
            approvals.of_occurrence(connection, *occurrence) if occurrence else approvals.of_campaign(connection, slug)
        )
    return None if found is None else Standing(approval=found, misfit=found.misfit(sources, audience, people))


def refuse_unapproved(desk: Desk, order: Order, draft: Draft, people: int) -> None:
    """Raises Refused when what was approved is another now, or nobody approved what somebody must."""
    about = order.occurrence
    # The rest of an audience has other people, and fewer. A list grows while a campaign comes round, and a digest goes to
    # whoever wants what it then holds: of these the number is bound by the approval of a proof alone.
    varies = about is None and (order.comes_round or draft.issue is not None)
    number = None if draft.audience.without or varies else people
    standing = standing_approval(desk, draft.slug, draft.edition.sources, draft.audience, number, occurrence=about)
    command = f"mailer approve {draft.slug}{_options(order)}"
    if standing is not None and standing.misfit:
        raise Refused(
            f"{draft.slug} was {standing.words}.",
            hint=f"Look at it again: `{command}`. To take the approval back: `mailer approve {draft.slug} --withdraw`.",
        )
    if standing is None and not order.is_proofed and is_required(desk.settings.sending.require_approval, people):
        raise Refused(
            f"Nobody approved {draft.slug}, and sending.require_approval"
            f' is "{desk.settings.sending.require_approval}".',
            hint=f"Whoever answers for it looks at it, and says: `{command}`."
            if about is None
            else _of_proof(draft.slug),
        )


def give_approval(
    desk: Desk, draft: Draft, people: int, *, by: str, occurrence: tuple[int, str] | None = None
) -> Approval:
    """Write down that `by` has looked at the draft, for so many people; with `occurrence`, at the proof of that one."""
    schedule_id, key = occurrence or (None, "")
    given = Approval(
        slug=draft.slug,
        sources=draft.edition.sources,
        audience=audience_hash(draft.audience),
        people=people,
        approved_by=by,
        at=desk.clock(),
        schedule_id=schedule_id,
        key=key,
    )
    with desk.database.writing() as connection:
        approvals.add(connection, given)
    log.info("approval.given campaign=%s people=%d occurrence=%s", given.slug, given.people, key or "-")
    return given


def withdraw(desk: Desk, slug: str) -> int:
    """Take back all that was approved of a campaign; how many approvals that were."""
    with desk.database.writing() as connection:
        number = approvals.withdraw(connection, slug, at=desk.clock())
    log.info("approval.withdrawn campaign=%s approvals=%d", slug, number)
    return number


def _options(order: Order) -> str:
    """Those of `approve` that mean the people of the order."""
    given = {"--list": order.list_name, "--segment": order.segment, "--limit": order.limit}
    return "".join(f" {option} {value}" for option, value in given.items() if value is not None)


def _of_proof(slug: str) -> str:
    return f"The proof has a code: `mailer approve {slug} --code CODE`, then `mailer schedule run-now {slug}`."
