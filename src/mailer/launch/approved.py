"""How what is armed stands to what somebody approved: for lists, and for whoever looks at the campaign."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailer.domain.approval import is_required
from mailer.domain.armed import Kind, Schedule
from mailer.errors import MailerError
from mailer.launch.approving import Standing, standing_approval
from mailer.launch.draft import audience_for, read_file, sources_now
from mailer.launch.plan import Desk, Order
from mailer.storage import approvals, audiences, proofs


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """proof_at: when the proof of what comes next was composed, None while it was not. must: it goes out only if approved."""

    proof_at: datetime | None
    standing: Standing | None
    must: bool

    @property
    def words(self) -> str:
        """Half a sentence; "" when there is nothing to say."""
        if self.standing is not None:
            return self.standing.words
        if self.must:
            return "nobody has approved it, and somebody must"
        return "its proof is mailed; nobody has approved it" if self.proof_at else ""

    def document(self) -> dict[str, Any]:
        """`approval` of a JSON document, None while nobody approved it, and when its proof was mailed."""
        return {"proof_at": self.proof_at, "approval": self.standing.document() if self.standing else None}


def approved(desk: Desk, one: Schedule) -> Approved:
    """By the proof of what comes next if it had one, else by the campaign as its file stands."""
    proof = None
    with desk.database.reading() as connection:
        if one.next is not None:
            proof = proofs.get(connection, one.id, one.next.key)
        found = (
            approvals.of_occurrence(connection, one.id, proof.key)
            if proof
            else approvals.of_campaign(connection, one.slug)
        )
        people = audiences.count(connection, one.audience, now=desk.clock()) if found else one.people
    standing = None
    if found is not None:
        counted = None if proof is None and one.kind is Kind.AGAIN else people
        sources = sources_now(desk, one.slug, one.audience.list_name) if desk.settings.root else found.sources
        about = (one.id, proof.key) if proof else None
        standing = standing_approval(desk, one.slug, sources, one.audience, counted, occurrence=about)
    must = is_required(desk.settings.sending.require_approval, people)
    return Approved(proof_at=proof.at if proof else None, standing=standing, must=must)


def approved_as_it_stands(desk: Desk, slug: str) -> Standing | None:
    """Of a campaign that nothing is armed of; None while nobody approved it, or its file cannot be read."""
    with desk.database.reading() as connection:
        found = approvals.of_campaign(connection, slug)
    if found is None:
        return None
    try:
        audience = audience_for(desk, read_file(desk, slug), Order(slug=slug), ())
    except MailerError:
        return None
    with desk.database.reading() as connection:
        people = audiences.count(connection, audience, now=desk.clock())
    return standing_approval(desk, slug, sources_now(desk, slug, audience.list_name), audience, people)
