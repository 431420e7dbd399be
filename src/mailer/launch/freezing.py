"""The moment a mailing comes into being: content, audience and row in one transaction, or nothing at all.

Two `send`s of one campaign at once both see which number its next mailing will have, and both insert it; the database
lets one of them. The other is told so and has changed nothing.
"""

import logging
from datetime import datetime, timedelta

from mailer.domain.audience import Audience
from mailer.domain.mailing import InDoubt, Mailing, MailingState
from mailer.domain.schedule import When
from mailer.edition.format import dump
from mailer.errors import Refused
from mailer.launch.plan import Desk, Draft, Plan, Rehearsal
from mailer.storage import digest_items, editions, mailings, materialise, media, schedules
from mailer.storage.database import Connection
from mailer.storage.mailings import Content

log = logging.getLogger(__name__)


def freeze(desk: Desk, plan: Plan, rehearsal: Rehearsal) -> int:
    """Store the edition with the files it links and the mailing that will send it; its id. Raises Refused."""
    at, draft = desk.clock(), plan.draft
    with desk.database.writing() as connection:
        content = store_content(connection, desk, draft, at=at)
        mailing_id = _add(connection, plan, MailingState.MATERIALISING, content, at=at)
        carry_items(connection, mailing_id, draft)
        fail_unbuildable(connection, mailing_id, rehearsal, at=at)
    log.info("mailing.frozen mailing=%d campaign=%s people=%d", mailing_id, draft.slug, plan.people)
    return mailing_id


def arm(desk: Desk, plan: Plan, when: When, *, proof: timedelta | None = None) -> Mailing:
    """Let the campaign go out at `when`: it is frozen then, from the same files. Raises Refused.

    proof: so long before that a proof is mailed.
    """
    at, draft = desk.clock(), plan.draft
    content = content_of(desk, draft, edition_id=None, starts_at=when.at)
    with desk.database.writing() as connection:
        mailing_id = _add(connection, plan, MailingState.SCHEDULED, content, at=at)
        schedules.arm_once(
            connection,
            slug=draft.slug,
            when=when,
            audience=draft.audience,
            people=plan.people,
            sources=draft.edition.sources,
            mailing_id=mailing_id,
            at=at,
            proof=proof,
        )
        armed = mailings.get(connection, mailing_id)
    log.info("schedule.armed mailing=%d campaign=%s at=%s", mailing_id, draft.slug, when.at.isoformat())
    return armed


def store_content(connection: Connection, desk: Desk, draft: Draft, *, at: datetime) -> Content:
    """Keep the edition and the files it links, and say all that a mailing of it is."""
    media.put(connection, draft.media)
    edition_id = editions.store(connection, sources=draft.edition.sources, content=dump(draft.edition), at=at)
    return content_of(desk, draft, edition_id=edition_id, starts_at=at)


def write_rows(desk: Desk, mailing_id: int) -> Mailing:
    """One row for everybody in the frozen audience; goes on where a process that died had stopped."""
    undo = timedelta(seconds=desk.settings.sending.undo_seconds)
    # Receivers learn to know a new relay by the mail that is most welcome: those who joined last have waited for ours.
    warming_up = any(relay.warm_up for relay in desk.settings.relays)
    materialise.materialise(desk.database, mailing_id, at=desk.clock(), undo=undo, newest_first=warming_up)
    with desk.database.reading() as connection:
        return mailings.get(connection, mailing_id)


def content_of(desk: Desk, draft: Draft, *, edition_id: int | None, starts_at: datetime) -> Content:
    # What a digest holds when its time has come is not known before.
    title, audience = draft.edition.meta.title, draft.audience if edition_id is None else draft.readers
    return content(desk, title, audience, edition_id=edition_id, starts_at=starts_at, send_by=draft.send_by)


def content(
    desk: Desk, title: str, audience: Audience, *, edition_id: int | None, starts_at: datetime, send_by: datetime | None
) -> Content:
    """All that a mailing is, under the settings as they are now."""
    settings = desk.settings.sending
    return Content(
        edition_id=edition_id,
        title=title,
        audience=audience.resolved(starts_at),
        starts_at=starts_at,
        send_by=send_by,
        give_up_at=starts_at + timedelta(seconds=settings.undo_seconds, hours=settings.give_up_hours),
        in_doubt=InDoubt(settings.in_doubt),
        redirect_to=settings.redirect_to,
    )


def carry_items(connection: Connection, mailing_id: int, draft: Draft) -> None:
    """Write down what a digest holds, so that no other issue holds it too. Raises Refused if one was quicker."""
    if draft.issue is not None and not digest_items.carry(connection, mailing_id, draft.slug, draft.issue):
        raise Refused(
            f"Another issue of {draft.slug} took up some of the same items a moment ago; this one did nothing.",
            hint=f"Look at `mailer status {draft.slug}`; `mailer send {draft.slug}` sends what it left.",
        )


def fail_unbuildable(connection: Connection, mailing_id: int, rehearsal: Rehearsal, *, at: datetime) -> None:
    """Those for whom there is no message fail here, with the reason, far from the wire."""
    reasons = {who: reason for who, (_, reason) in rehearsal.errors.items()}
    materialise.fail_unbuildable(connection, mailing_id, reasons, at=at)


def _add(connection: Connection, plan: Plan, state: MailingState, content: Content, *, at: datetime) -> int:
    slug, kind = plan.draft.slug, plan.draft.edition.meta.kind
    mailing_id = mailings.add(
        connection, slug=slug, number=plan.draft.number, kind=kind, state=state, content=content, at=at
    )
    if mailing_id is None:
        raise Refused(
            f"Another `send` of {slug} began a moment ago; this one did nothing.",
            hint=f"Look at `mailer status {slug}`.",
        )
    return mailing_id
