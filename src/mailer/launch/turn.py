"""Whose turn it is: which of a schedule's due occurrences is to be dealt with now, and which ones never will be."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from mailer.domain.armed import Kind, Schedule
from mailer.domain.catch_up import CatchUp, judge
from mailer.domain.count import counted
from mailer.domain.limits import window_of
from mailer.domain.recurrence import Occurrence
from mailer.launch.plan import Desk
from mailer.storage import schedules
from mailer.storage.database import Connection

#: So many due occurrences are looked at and written down: of a rule that comes every five minutes there are more in a year.
MOST = 100
_ANY_HOUR = "00:00-00:00"
_FIRST_REACH = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One occurrence of one schedule, to be dealt with at `now`; chosen: None, all that are due are passed over.

    and_more: before those of `passed_over` there were others. too_late, not_before: as in `domain.catch_up.Judgement`.
    mailing_id: the mailing that waits for this occurrence already. is_held: a person lets go what was held.
    is_extra: it stands beside the regular ones, and what comes next stays.
    """

    schedule: Schedule
    now: datetime
    chosen: Occurrence | None
    passed_over: tuple[Occurrence, ...] = ()
    and_more: bool = False
    too_late: bool = False
    not_before: datetime | None = None
    mailing_id: int | None = None
    is_held: bool = False
    is_extra: bool = False

    @property
    def occurrence(self) -> Occurrence:
        """The chosen one, which there is."""
        assert self.chosen is not None
        return self.chosen

    @property
    def missed(self) -> str:
        """How many are passed over, in words; "" if none are."""
        number, what = len(self.passed_over), "earlier one" if self.chosen else "occurrence"
        if self.and_more:
            return f"more than {counted(number, what)} were missed"
        return f"{counted(number, what)} {'was' if number == 1 else 'were'} missed" if number else ""

    def next(self, connection: Connection) -> Occurrence | None:
        """What the schedule comes to once this is dealt with."""
        one = self.schedule
        if one.kind is Kind.ONCE:
            return None
        makes_up_for_all = one.terms.catch_up is CatchUp.ALL and self.chosen is not None
        after = self.occurrence.at if makes_up_for_all else self.now
        return next(schedules.coming(connection, one, after=after), None)


def turn_of(desk: Desk, one: Schedule, *, now: datetime) -> Turn:
    """What to do about a schedule whose next time has come. Nothing is written."""
    listed, and_more = _due(one, now)
    with desk.database.reading() as connection:
        dealt_with = schedules.recorded(connection, one.id, [each.key for each in listed])
    due = [each for each in listed if each.key not in dealt_with]
    hours = one.terms.hours or desk.settings.schedule.window or _ANY_HOUR
    hold_after = timedelta(hours=desk.settings.schedule.hold_after_hours)
    catch_up, window = one.terms.catch_up, window_of(hours, one.zone)
    found = judge(due, now=now, catch_up=catch_up, window=window, hold_after=hold_after)
    return Turn(
        schedule=one,
        now=now,
        chosen=found.chosen,
        passed_over=found.passed_over,
        and_more=and_more,
        too_late=found.too_late,
        not_before=_until(one, found.not_before, now),
        mailing_id=one.mailing_id if one.kind is Kind.ONCE else None,
    )


def _until(one: Schedule, opens: datetime | None, now: datetime) -> datetime | None:
    """What waits for its hours is looked at again when the next occurrence comes, for that one may be in time."""
    coming = None if opens is None else next(one.following(now), None)
    return opens if coming is None or opens is None else min(opens, coming.at)


def _due(one: Schedule, now: datetime) -> tuple[list[Occurrence], bool]:
    """Those from the schedule's next one to `now`, oldest first; or the newest of them, `MOST` at least, and True."""
    first = one.next
    assert first is not None
    found: list[Occurrence] = []
    end, reach = now, _FIRST_REACH
    while len(found) < MOST:
        begin = max(end - reach, first.at)
        found = [*_between(one, begin, end), *found]
        if begin == first.at:
            return [first, *found], False
        end, reach = begin, reach * 2
    return found, True


def _between(one: Schedule, begin: datetime, end: datetime) -> Iterator[Occurrence]:
    """Those after `begin` and not after `end`."""
    return takewhile(lambda each: each.at <= end, one.following(begin))
