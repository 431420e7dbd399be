"""What happens when a schedule's time has come: the campaign is compiled again, and goes out if it is what was armed.

Any number of schedulers may call `fire_due` at the same moment, and any of them may die anywhere in it: all that takes
time is done first and changes nothing; then one transaction writes the occurrence, the edition and the mailing, and
only one scheduler's transaction can. Rows that were not written before a crash are written by the next sweep.

A one-off's mailing waits since it was armed. What comes round gets one each time.
"""

import logging
from collections.abc import Callable
from datetime import timedelta

from mailer.domain.armed import Kind, Outcome, Schedule
from mailer.domain.catch_up import ON_TIME, CatchUp
from mailer.domain.mailing import ENDED_MAILINGS, Mailing, MailingState
from mailer.errors import MailerError, Refused, StorageError
from mailer.launch.composing import compose
from mailer.launch.draft import sources_now
from mailer.launch.freezing import write_rows
from mailer.launch.outcomes import Fired, begin, end, pass_over, put_off
from mailer.launch.plan import Desk, NothingToSend
from mailer.launch.turn import Turn, turn_of
from mailer.storage import mailings, occurrences, schedules

log = logging.getLogger(__name__)
_LEVELS = {Outcome.SENT: logging.INFO, Outcome.HELD: logging.ERROR, Outcome.EXPIRED: logging.ERROR}


def fire_due(desk: Desk, *, told: Callable[[str], None] = lambda _: None) -> list[Mailing]:
    """Deal with everything whose time has come, and finish what a crash left half written; the mailings as they are now.

    told: is told in a sentence what came of each.
    """
    with desk.database.reading() as connection:
        half_written = mailings.everything(connection, states=frozenset({MailingState.MATERIALISING}))
        ahead = schedules.counted_ahead(connection, desk.clock())
    for unfinished in half_written:
        write_rows(desk, unfinished.id)
    for one in ahead:
        _count_anew(desk, one)
    with desk.database.reading() as connection:
        due = schedules.armed(connection, until=desk.clock())
    return [mailing for one in due if (mailing := _dealt_with(desk, one, told)) is not None]


def _dealt_with(desk: Desk, one: Schedule, told: Callable[[str], None]) -> Mailing | None:
    """One schedule, and its mailing if there is one. What nobody foresaw does not hold up the other schedules."""
    try:
        fired = fire(desk, one)
    except StorageError:
        raise  # about us, not about the campaign: the next sweep tries again
    except Exception:
        log.exception("schedule.failed campaign=%s", one.slug)
        return None
    if fired is None:
        return None
    mailing = finish(desk, fired)
    told(fired.sentence(mailing))
    return mailing


def finish(desk: Desk, fired: Fired) -> Mailing | None:
    """Say in the log what came of an occurrence, and write the rows of what goes out."""
    log.log(
        _LEVELS.get(fired.outcome, logging.WARNING),
        "schedule.%s campaign=%s occurrence=%s mailing=%s",
        fired.outcome, fired.schedule.slug, fired.occurrence.key, fired.mailing_id,
    )  # fmt: skip
    if fired.mailing_id is None:
        return None
    if fired.outcome is Outcome.SENT:
        return write_rows(desk, fired.mailing_id)
    with desk.database.reading() as connection:
        return mailings.get(connection, fired.mailing_id)


def fire(desk: Desk, one: Schedule) -> Fired | None:
    """Deal with one schedule: it goes out, waits, is held, or is passed over. None if it waits, or another was first."""
    turn = turn_of(desk, one, now=desk.clock())
    if turn.chosen is None:
        return pass_over(desk, turn)
    when, late = one.when(turn.occurrence), turn.now - turn.occurrence.at
    if one.kind is Kind.ONCE and late > timedelta(hours=desk.settings.schedule.grace_hours):
        return end(desk, turn, Outcome.EXPIRED, f"it was due at {when}, and nothing was running then")
    last = under_way(desk, one)
    if last is not None and one.terms.catch_up is not CatchUp.ALL:
        return end(desk, turn, Outcome.SKIPPED, f"mailing {last.id} is still {last.state}")
    if turn.too_late and last is None:
        return end(desk, turn, Outcome.HELD, f"it was due at {when}, and nothing was running then")
    if turn.not_before is not None:
        put_off(desk, turn, turn.not_before)
        return None
    if last is not None:
        return None  # every look asks again
    return _send(desk, turn)


def _send(desk: Desk, turn: Turn) -> Fired | None:
    try:
        issue = compose(desk, turn)
    except StorageError:
        raise
    except MailerError as error:
        return end(desk, turn, Outcome.HELD, error.message)
    except Exception as error:
        if turn.now - turn.occurrence.at <= ON_TIME:
            raise  # it may be over at the next look
        log.exception("schedule.failed campaign=%s", turn.schedule.slug)
        name = type(error).__name__
        return end(desk, turn, Outcome.HELD, f"{name} while it was composed; the log of the scheduler says where")
    if isinstance(issue, NothingToSend):
        return end(desk, turn, Outcome.EMPTY, issue.reason)
    try:
        return begin(desk, turn, issue)
    except Refused:  # another issue had an item of it: nothing was written, and the next sweep looks at what is left
        return None


def under_way(desk: Desk, one: Schedule) -> Mailing | None:
    """The last mailing of what comes round, while any of it may still go out; one with nothing frozen is in nobody's way."""
    if one.kind is Kind.ONCE or one.mailing_id is None:
        return None
    with desk.database.reading() as connection:
        last = mailings.get(connection, one.mailing_id)
    is_bare = last.state is MailingState.HELD and last.edition_id is None
    return None if is_bare or last.state in ENDED_MAILINGS else last


def differs_from_armed(desk: Desk, one: Schedule) -> bool:
    """Whether the campaign's file, or what it uses, is another than what was armed, or broken since."""
    return sources_now(desk, one.slug, one.audience.list_name) != one.sources


def _count_anew(desk: Desk, one: Schedule) -> None:
    """The clock was put back since what comes next was worked out: nothing may wait for the time that it showed by mistake."""
    with desk.database.writing() as connection:
        now = desk.clock()
        if not schedules.hold(connection, one):
            return
        occurrences.forget_missed(connection, one, after=now)
        to = one.next
        if one.kind is Kind.AGAIN and (to is None or to.at > now):
            to = next(schedules.coming(connection, one, after=now), None)
        schedules.advance(connection, one, to, at=now)
    log.warning("schedule.counted_anew campaign=%s next=%s", one.slug, to and to.key)
