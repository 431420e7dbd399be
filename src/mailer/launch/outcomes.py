"""What came of an occurrence, written in one transaction: the occurrence, its mailing with all it holds, and what comes next.

Whoever writes takes the schedule's row first and looks whether it still is as it was read: of several schedulers, or of one
and a person, the second finds it changed and has done nothing. It looks again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from mailer.domain.armed import Outcome, Schedule
from mailer.domain.count import people
from mailer.domain.mailing import Mailing, MailingState
from mailer.domain.recurrence import Occurrence
from mailer.errors import MailerError
from mailer.launch.composing import Composed
from mailer.launch.draft import read_file
from mailer.launch.freezing import carry_items, content, fail_unbuildable, store_content
from mailer.launch.plan import Desk
from mailer.launch.turn import Turn
from mailer.storage import alerts, mailings, occurrences, schedules
from mailer.storage.alerts import Kind as Alert
from mailer.storage.database import Connection
from mailer.storage.mailings import Content

log = logging.getLogger(__name__)
_MISSED = "missed: nothing was running then"
_SUPERSEDED = "the next issue takes its place"
Written = TypeVar("Written")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """One occurrence that was dealt with. mailing_id: what came of it, None if nothing did; reason: why, half a sentence."""

    schedule: Schedule
    occurrence: Occurrence
    outcome: Outcome
    reason: str = ""
    mailing_id: int | None = None

    def sentence(self, mailing: Mailing | None) -> str:
        """For whoever watches. mailing: as it is now."""
        if mailing is None:
            return f"{self.schedule.slug}: nothing goes out for {self.schedule.when(self.occurrence)}: {self.reason}."
        went = "; ".join(filter(None, (people(mailing.total), self.reason)))
        after = f": {mailing.state_reason}" if mailing.state_reason else f", {went}"
        return f"{mailing.slug} ({mailing.id}) is {mailing.state}{after}."


class _Overtaken(Exception):
    """Somebody else was quicker; what the transaction has written so far is undone."""


def begin(desk: Desk, turn: Turn, issue: Composed) -> Fired | None:
    """It goes out; its rows are still to be written. None if somebody else was first. Raises Refused if its items are gone."""
    draft = issue.draft

    def write(connection: Connection, at: datetime) -> Fired:
        occurrence_id = _record(connection, turn, Outcome.SENT, turn.missed, at=at)
        frozen = store_content(connection, desk, draft, at=at)
        kind = draft.edition.meta.kind
        if turn.mailing_id is None:
            mailing_id = _add(connection, turn, occurrence_id, kind, frozen, state=MailingState.MATERIALISING, at=at)
        else:
            mailing_id = turn.mailing_id
            _move(connection, turn, mailing_id, MailingState.MATERIALISING, at=at)
            mailings.fill(connection, mailing_id, frozen, kind=kind)
        carry_items(connection, mailing_id, draft)
        fail_unbuildable(connection, mailing_id, issue.rehearsal, at=at)
        for number, sentence in enumerate(issue.left_out):
            key = f"{mailing_id}:{number}"
            alerts.of_schedule(connection, Alert.ITEM, turn.schedule.slug, key=key, detail=sentence, at=at)
        return _fired(turn, Outcome.SENT, turn.missed, mailing_id)

    return _settled(desk, write)


def end(desk: Desk, turn: Turn, outcome: Outcome, why: str) -> Fired | None:
    """It does not go out. why: half a sentence for a person. None if somebody else was first."""
    reason = "; ".join(filter(None, (why, turn.missed)))
    kind, title = _known_of(desk, turn.schedule.slug)

    def write(connection: Connection, at: datetime) -> Fired:
        occurrence_id, mailing_id = _record(connection, turn, outcome, reason, at=at), turn.mailing_id
        if mailing_id is not None:
            _end_scheduled(connection, turn, mailing_id, outcome, reason, at=at)
        elif outcome is Outcome.HELD:
            audience = turn.schedule.audience
            bare = content(desk, title, audience, edition_id=None, starts_at=at, send_by=None)
            mailing_id = _add(connection, turn, occurrence_id, kind, bare, state=MailingState.SCHEDULED, at=at)
            _move(connection, turn, mailing_id, MailingState.HELD, reason, at=at)
        elif outcome is Outcome.EMPTY:
            one = turn.schedule
            alerts.nothing_new(connection, one.slug, schedule_id=one.id, newest=one.mailing_id, detail=reason, at=at)
        else:
            _alert_of_skipped(connection, turn.schedule, turn.occurrence, reason, at=at)
        return _fired(turn, outcome, reason, mailing_id)

    return _settled(desk, write)


def pass_over(desk: Desk, turn: Turn) -> Fired | None:
    """None of those that are due is made up for. None if there was none left, or somebody else was first."""

    def write(connection: Connection, at: datetime) -> Fired | None:
        one = turn.schedule
        _must(schedules.hold(connection, one))
        occurrences.pass_over(connection, one, turn.passed_over, detail=_MISSED, at=at)
        schedules.advance(connection, one, turn.next(connection), at=at, quietly=True)
        if not turn.passed_over:
            return None
        _alert_of_skipped(connection, one, turn.passed_over[-1], turn.missed, at=at)
        return Fired(schedule=one, occurrence=turn.passed_over[-1], outcome=Outcome.SKIPPED, reason=turn.missed)

    return _settled(desk, write)


def put_off(desk: Desk, turn: Turn, until: datetime) -> None:
    """The chosen one is looked at again at `until`, not before."""

    def write(connection: Connection, at: datetime) -> None:
        _must(schedules.hold(connection, turn.schedule))
        occurrences.pass_over(connection, turn.schedule, turn.passed_over, detail=_MISSED, at=at)
        schedules.advance(connection, turn.schedule, turn.occurrence, at=at, not_before=until, quietly=True)
        log.info("schedule.waits campaign=%s until=%s", turn.schedule.slug, until.isoformat())

    _settled(desk, write)


def _settled(desk: Desk, write: Callable[[Connection, datetime], Written]) -> Written | None:
    """What `write` wrote in one transaction; None, and nothing is written, if somebody else was first."""
    try:
        with desk.database.writing() as connection:
            return write(connection, desk.clock())
    except _Overtaken:
        return None


def _fired(turn: Turn, outcome: Outcome, reason: str, mailing_id: int | None) -> Fired:
    return Fired(
        schedule=turn.schedule, occurrence=turn.occurrence, outcome=outcome, reason=reason, mailing_id=mailing_id
    )


def _must(done: object) -> None:
    if not done:
        raise _Overtaken


def _record(connection: Connection, turn: Turn, outcome: Outcome, detail: str, *, at: datetime) -> int:
    """Write the occurrence, with those that are passed over for it, and let the schedule go on; the occurrence's id."""
    one, chosen, mailing_id = turn.schedule, turn.occurrence, turn.mailing_id
    if turn.is_held:
        assert mailing_id is not None
        occurrence_id = occurrences.let_go(connection, one, chosen, mailing_id=mailing_id, at=at)
    else:
        occurrence_id = schedules.record(connection, one, chosen, outcome, detail=detail, mailing_id=mailing_id, at=at)
    if occurrence_id is None:
        raise _Overtaken
    occurrences.pass_over(connection, one, turn.passed_over, detail=_MISSED, at=at)
    if not turn.is_held and not turn.is_extra:
        to = turn.next(connection)
        # Whoever looks when a time has come learns what comes next: a hint would make them all look once more.
        schedules.advance(connection, one, to, at=at, quietly=to is None or to.at > at)
    return occurrence_id


def _add(
    connection: Connection,
    turn: Turn,
    occurrence_id: int,
    kind: str,
    held: Content,
    *,
    state: MailingState,
    at: datetime,
) -> int:
    """The mailing of an occurrence that has none yet; one that is held with nothing frozen makes room for it."""
    one = turn.schedule
    if one.mailing_id is not None and mailings.waits_unfrozen(connection, one.mailing_id):
        mailings.move(connection, one.mailing_id, MailingState.CANCELLED, reason=_SUPERSEDED, at=at)
    number = mailings.next_number(connection, one.slug)
    mailing_id = mailings.add(
        connection,
        slug=one.slug,
        number=number,
        kind=kind,
        state=state,
        content=held,
        at=at,
        occurrence_id=occurrence_id,
    )
    if mailing_id is None:  # a `send` had the same number a moment ago
        raise _Overtaken
    occurrences.note_mailing(connection, occurrence_id, mailing_id)
    schedules.note_mailing(connection, one, mailing_id)
    return mailing_id


def _move(
    connection: Connection, turn: Turn, mailing_id: int, to: MailingState, reason: str = "", *, at: datetime
) -> None:
    _must(not turn.is_held or mailings.waits_unfrozen(connection, mailing_id))
    _must(mailings.move(connection, mailing_id, to, reason=reason, at=at))


def _end_scheduled(
    connection: Connection, turn: Turn, mailing_id: int, outcome: Outcome, reason: str, *, at: datetime
) -> None:
    """The mailing of a one-off that does not go out."""
    if outcome is Outcome.EMPTY:
        _move(connection, turn, mailing_id, MailingState.MATERIALISING, at=at)
        _move(connection, turn, mailing_id, MailingState.FINISHED, reason, at=at)
        alerts.of_mailing(connection, Alert.EMPTY, mailing_id, detail=reason, at=at)
    else:
        to = {Outcome.HELD: MailingState.HELD, Outcome.EXPIRED: MailingState.EXPIRED}[outcome]
        _move(connection, turn, mailing_id, to, reason, at=at)


def _alert_of_skipped(connection: Connection, one: Schedule, skipped: Occurrence, why: str, *, at: datetime) -> None:
    detail = f"{one.when(skipped)}: {why}"
    alerts.of_schedule(connection, Alert.SKIPPED, one.slug, key=f"{one.id}:{skipped.key}", detail=detail, at=at)


def _known_of(desk: Desk, slug: str) -> tuple[str, str]:
    """(kind, title) of a campaign that may be gone or broken."""
    try:
        campaign = read_file(desk, slug).campaign
    except MailerError:
        return "", slug
    return campaign.kind, campaign.headline
