"""The issue of one occurrence, composed: when it fires, and before that for its proof.

The campaign is compiled again from its files, and is what was armed or is refused. Of a digest that had a proof exactly
the items that were shown are in it: what is newer waits, and what cannot be shown any more is left out and told.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mailer.domain.armed import Kind, Schedule
from mailer.domain.campaign_file import CampaignFile
from mailer.domain.left_out import Why
from mailer.domain.proof import Proof
from mailer.errors import Refused
from mailer.launch.draft import compile_draft, earlier_mailings, read_file, same_content, surroundings
from mailer.launch.gate import counts_as_sent, pass_gate
from mailer.launch.plan import Desk, Draft, NothingToSend, Order, Rehearsal, Repeat
from mailer.launch.rehearsal import refuse_broken, rehearse
from mailer.launch.turn import Turn
from mailer.rendering.surroundings import Surroundings
from mailer.storage import proofs


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What goes out: compiled, and every message built once. left_out: what should be in it and is not, a sentence each."""

    draft: Draft
    rehearsal: Rehearsal
    left_out: tuple[str, ...] = ()


def compose(desk: Desk, turn: Turn, *, for_proof: bool = False) -> Composed | NothingToSend:
    """The issue of an occurrence, through the whole gate of `send`. Raises what that raises, or Refused if it is not as armed.

    for_proof: somebody is to look at it, so nobody need have approved it yet. The desk's clock may then be ahead, so feeds
    are not asked.
    """
    proof = _proof_of(desk, turn)
    draft = _as_armed(desk, turn, proof, asks_feeds=not for_proof)
    plan = pass_gate(desk, _order(turn, proof, for_proof=for_proof), draft, starts_at=turn.now)
    if draft.lack or not plan.people:
        return NothingToSend(draft.lack or "there was nobody to mail")
    rehearsal = rehearse(desk, draft)
    refuse_broken(draft, rehearsal)
    return Composed(draft=draft, rehearsal=rehearsal, left_out=tuple(_left_out(draft, proof)))


def _proof_of(desk: Desk, turn: Turn) -> Proof | None:
    with desk.database.reading() as connection:
        return proofs.get(connection, turn.schedule.id, turn.occurrence.key)


def _order(turn: Turn, proof: Proof | None, *, for_proof: bool) -> Order:
    one = turn.schedule
    return Order(
        slug=one.slug,
        repeat=Repeat.AGAIN,  # what comes round is meant to
        is_proofed=for_proof,
        comes_round=for_proof or one.kind is Kind.AGAIN,
        # One that had no proof, being too late for it, is approved as the file stands, or not at all.
        occurrence=(one.id, turn.occurrence.key) if proof and not for_proof else None,
    )


def _as_armed(desk: Desk, turn: Turn, proof: Proof | None, *, asks_feeds: bool) -> Draft:
    """The campaign compiled again. Raises InputProblems or UnknownName if that fails, Refused if it is another now."""
    one, shown = turn.schedule, proof.shown if proof else None
    file = read_file(desk, one.slug)
    around = surroundings(desk, rest=bool(one.audience.without), shown=shown, asks_feeds=asks_feeds)
    if one.kind is Kind.ONCE:
        _refuse_overtaken(desk, one, file, around)
    draft = compile_draft(desk, file, one.audience, around)
    if draft.edition.sources != one.sources:
        again = "cancel this" if one.kind is Kind.ONCE else f"`mailer schedule remove {one.slug}`"
        raise Refused(f"the file, or what it uses, differs from what is armed: {again}, then schedule it again")
    # A digest that goes out by the clock nobody wrote (RFC 3834 §5).
    meta = replace(draft.edition.meta, automatic=draft.issue is not None)
    return replace(draft, edition=replace(draft.edition, meta=meta))


def _refuse_overtaken(desk: Desk, one: Schedule, file: CampaignFile, around: Surroundings) -> None:
    """Raises Refused when the campaign was sent since it was armed: people would get it twice."""
    assert one.mailing_id is not None
    same = same_content(desk, file, around, earlier_mailings(desk, file.slug))
    sent = [each.mailing.id for each in same if each.mailing.id > one.mailing_id and counts_as_sent(each)]
    if sent:
        raise Refused(f"it was sent since this was armed: mailing {sent[-1]}")


def _left_out(draft: Draft, proof: Proof | None) -> Iterator[str]:
    """What somebody has to mend, and what was shown and cannot go out any more, by its headline."""
    if draft.issue is None:
        return
    for one in draft.issue.left_out:
        if one.why is Why.BROKEN:
            yield f'"{one.headline}" is left out: its file has errors ({one.detail})'
    if proof is not None:
        there = {item.key for item in draft.issue.items}
        shown = zip(proof.shown.items, proof.facts.held, strict=True)
        yield from (f'"{headline}" stood in the proof, and is gone' for key, headline in shown if key not in there)
