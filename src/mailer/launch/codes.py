"""Approving an occurrence by the code that stands in its proof: whoever has the code has seen exactly this issue."""

from collections.abc import Sequence

from mailer.domain.approval import Approval
from mailer.domain.armed import Outcome, State
from mailer.domain.proof import Proof
from mailer.domain.recurrence import Occurrence
from mailer.domain.schedule import When
from mailer.edition.approval_code import approval_code, same_code
from mailer.errors import Refused
from mailer.launch.approving import give_approval
from mailer.launch.composing import compose
from mailer.launch.plan import Desk, NothingToSend
from mailer.launch.proofs import ahead, turn_for
from mailer.storage import proofs, schedules
from mailer.storage.database import Connection


def approve_proof(desk: Desk, slug: str, code: str, *, by: str) -> tuple[When, Approval]:
    """Approve the occurrence whose proof has that code; when it goes out, and what was written down.

    It is composed once more, so what is approved is what is there now. Raises Refused for a code of another composition or
    of what is over, and what composing raises when the campaign is another now.
    """
    with desk.database.reading() as connection:
        made = proofs.newest(connection, slug)
        proof = next((one for one in made if same_code(code, code_of(desk, one))), None)
        if proof is None:
            raise _wrong_code(connection, slug, made)
        one, outcome = schedules.get(connection, proof.schedule_id), proofs.outcome(connection, proof)
    occurrence = Occurrence(at=proof.fire_at, key=proof.key)
    when = one.when(occurrence)
    if outcome not in (None, Outcome.HELD) or one.state is State.REMOVED:
        what = f"was {outcome}" if outcome else "is armed no more"
        raise Refused(
            f"The issue of {slug} for {when} {what}: there is nothing to approve any more.",
            hint="The proof of another one has a code of its own.",
        )
    now = max(desk.clock(), proof.fire_at)
    issue = compose(ahead(desk, now), turn_for(one, occurrence, now=now), for_proof=True)
    if isinstance(issue, NothingToSend):
        raise Refused(f"Of what this proof showed nothing can be sent any more: {issue.reason}.")
    people = issue.rehearsal.people
    return when, give_approval(desk, issue.draft, people, by=by, occurrence=(one.id, proof.key))


def code_of(desk: Desk, proof: Proof) -> str:
    """What stands in the proof's mail."""
    return approval_code(
        desk.key, schedule_id=proof.schedule_id, occurrence=proof.key, sources=proof.sources, items=proof.shown.items
    )


def _wrong_code(connection: Connection, slug: str, made: Sequence[Proof]) -> Refused:
    if not made:
        return Refused(
            f"No proof of {slug} was mailed, so there is no code to approve it by.",
            hint=f"`mailer approve {slug}` approves the campaign as its file stands.",
        )
    newest = made[0]
    when = schedules.get(connection, newest.schedule_id).when(Occurrence(at=newest.fire_at, key=newest.key))
    return Refused(
        f"That is not the code of the newest proof of {slug}, which shows the issue for {when}.",
        hint="Once the text, the items or the time are another, so is the code: take it from the newest mail.",
    )
