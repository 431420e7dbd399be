"""What happens when a schedule's time has come: the campaign is compiled again, and goes out if it is what was armed.

Any number of schedulers may call `fire_due` at the same moment, and any of them may die anywhere in it: all that takes
time is done first and changes nothing; then one transaction writes the occurrence, the edition and the mailing, and
only one scheduler's transaction can. Rows that were not written before a crash are written by the next sweep.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from mailer.domain.campaign_file import CampaignFile
from mailer.domain.mailing import Mailing, MailingState
from mailer.errors import MailerError, Refused, StorageError
from mailer.launch.draft import (
    compile_draft,
    earlier_mailings,
    read_file,
    same_content,
    sources_now,
    surroundings,
)
from mailer.launch.freezing import carry_items, fail_unbuildable, store_content, write_rows
from mailer.launch.gate import counts_as_sent, pass_gate
from mailer.launch.plan import Desk, Draft, Order, Rehearsal, Repeat
from mailer.launch.rehearsal import refuse_broken, rehearse
from mailer.rendering.surroundings import Surroundings
from mailer.storage import mailings, schedules
from mailer.storage.database import Connection
from mailer.storage.schedules import Outcome, Schedule

log = logging.getLogger(__name__)


def fire_due(desk: Desk) -> list[Mailing]:
    """Deal with everything whose time has come, and finish what a crash left half written; the mailings as they are now."""
    with desk.database.reading() as connection:
        due = schedules.armed(connection, until=desk.clock())
        half_written = mailings.everything(connection, states=frozenset({MailingState.MATERIALISING}))
    for mailing in half_written:
        write_rows(desk, mailing.id)
    ours = [_mailing(one) for one in due if fire(desk, one)]
    with desk.database.reading() as connection:
        return [mailings.get(connection, mailing_id) for mailing_id in ours]


def fire(desk: Desk, one: Schedule) -> bool:
    """Deal with one schedule: it goes out, or is held, or ends. False if another scheduler was first."""
    now = desk.clock()
    if now - one.next_when.at > timedelta(hours=desk.settings.schedule.grace_hours):
        return _end(desk, one, Outcome.EXPIRED, f"it was due at {one.next_when}, and nothing was running then", at=now)
    try:
        draft = _as_armed(desk, one)
        plan = pass_gate(desk, Order(slug=one.slug, repeat=Repeat.AGAIN), draft, starts_at=now)
        rehearsal = rehearse(desk, draft)
        refuse_broken(draft, rehearsal)
    except StorageError:
        raise  # about us, not about the campaign: the next sweep tries again
    except MailerError as error:
        return _end(desk, one, Outcome.HELD, error.message, at=now)
    if draft.lack or not plan.people:
        return _end(desk, one, Outcome.EMPTY, draft.lack or "there was nobody to mail", at=now)
    return _begin(desk, one, draft, rehearsal, at=now)


def _refuse_overtaken(desk: Desk, mailing_id: int, file: CampaignFile, around: Surroundings) -> None:
    """Raises Refused when the campaign was sent since it was armed: people would get it twice."""
    same = same_content(desk, file, around, earlier_mailings(desk, file.slug))
    sent = [each.mailing.id for each in same if each.mailing.id > mailing_id and counts_as_sent(each)]
    if sent:
        raise Refused(f"it was sent since this was armed: mailing {sent[-1]}")


def differs_from_armed(desk: Desk, one: Schedule) -> bool:
    """Whether the campaign's file, or what it uses, is another than what was armed, or broken since."""
    return sources_now(desk, one.slug, one.audience.list_name) != one.sources


def _as_armed(desk: Desk, one: Schedule) -> Draft:
    """The campaign compiled again. Raises InputProblems or UnknownName if that fails, Refused if it is another now."""
    file, around = read_file(desk, one.slug), surroundings(desk, rest=bool(one.audience.without))
    _refuse_overtaken(desk, _mailing(one), file, around)
    draft = compile_draft(desk, file, one.audience, around)
    if draft.edition.sources != one.sources:
        raise Refused("the file, or what it uses, differs from what is armed: cancel this, then schedule it again")
    # A digest that goes out by the clock nobody wrote (RFC 3834 §5).
    meta = replace(draft.edition.meta, automatic=draft.issue is not None)
    return replace(draft, edition=replace(draft.edition, meta=meta))


def _begin(desk: Desk, one: Schedule, draft: Draft, rehearsal: Rehearsal, *, at: datetime) -> bool:
    mailing_id = _mailing(one)
    try:
        with desk.database.writing() as connection:
            if not _step(connection, one, Outcome.SENT, MailingState.MATERIALISING, "", at=at):
                return False
            mailings.fill(connection, mailing_id, store_content(connection, desk, draft, at=at))
            carry_items(connection, mailing_id, draft)
            fail_unbuildable(connection, mailing_id, rehearsal, at=at)
    except Refused:  # another issue had an item of it: nothing was written, and the next sweep looks at what is left
        return False
    log.info("schedule.fired mailing=%d campaign=%s people=%d", mailing_id, one.slug, rehearsal.people)
    write_rows(desk, mailing_id)
    return True


def _end(desk: Desk, one: Schedule, outcome: Outcome, reason: str, *, at: datetime) -> bool:
    """It does not go out; a person reads why in `status` and in the log. False if another scheduler was first."""
    mailing_id = _mailing(one)
    states = {
        Outcome.EXPIRED: MailingState.EXPIRED,
        Outcome.HELD: MailingState.HELD,
        Outcome.EMPTY: MailingState.MATERIALISING,
    }
    with desk.database.writing() as connection:
        ended = _step(connection, one, outcome, states[outcome], reason, at=at)
        if ended and outcome is Outcome.EMPTY:
            mailings.move(connection, mailing_id, MailingState.FINISHED, reason=reason, at=at)
    if ended:
        log.error("schedule.%s mailing=%d campaign=%s", outcome, mailing_id, one.slug)
    return ended


def _step(
    connection: Connection, one: Schedule, outcome: Outcome, to: MailingState, reason: str, *, at: datetime
) -> bool:
    """Write the occurrence and move the mailing; False when another scheduler was first, or it was cancelled meanwhile."""
    assert one.next is not None
    mailing_id = _mailing(one)
    done = schedules.record(connection, one, one.next, outcome, detail=reason, mailing_id=mailing_id, at=at)
    if done is None:
        return False
    schedules.advance(connection, one, None)
    return mailings.move(connection, mailing_id, to, reason=reason, at=at)


def _mailing(one: Schedule) -> int:
    """What a one-off sends."""
    assert one.mailing_id is not None
    return one.mailing_id
