"""When something goes out: what a person typed becomes an instant, in their zone, across clock changes.

A local time that a spring change skips moves forward by the gap; one that an autumn change repeats means the first.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailer.domain.time_words import CLOCK, SPAN, clock, span
from mailer.errors import UsageError

EXAMPLES = 'Write "2026-11-27 09:00", "fri 09:00", "tomorrow 18:30", "in 10m" or "2026-11-27T09:00+01:00".'
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: What is farther is a slip of the fingers, and deadlines counted from it leave the calendar.
_FARTHEST = timedelta(days=3653)
_CLOCK = rf"(?P<clock>{CLOCK})"


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """One point in time. at: aware, UTC. local: naive, as clocks in `zone` show it (an IANA name)."""

    at: datetime
    local: datetime
    zone: str

    def __str__(self) -> str:
        return f"{self.local:%a} {self.local.day} {self.local:%b %Y %H:%M} {self.zone}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Now:
    """The moment from which a person counts, and the zone in which they do."""

    at: datetime
    zone: ZoneInfo

    @property
    def local(self) -> datetime:
        return self.at.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def on(self, day: date, clock: time) -> When:
        return self.said(resolve(datetime.combine(day, clock), self.zone))

    def said(self, at: datetime) -> When:
        return When(at=at, local=at.astimezone(self.zone).replace(tzinfo=None, fold=0), zone=self.zone.key)


def resolve(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of a naive local time: forward by the gap in spring, the first of two in autumn."""
    # With fold=0 a time inside a gap is read by the offset from before the change, which shifts it forward by the gap,
    # and a repeated time is its first occurrence (PEP 495).
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def parse_when(text: str, *, now: datetime, zone: str) -> When:
    """What a person means by `text`, counted from `now` (aware) in the IANA zone `zone`.

    Raises UsageError for what is no time, and for a time that has passed or is more than ten years ahead.
    """
    said, here = " ".join(text.lower().split()), _Now(at=now, zone=ZoneInfo(zone))
    for pattern, read in _FORMS:
        match = pattern.fullmatch(said)
        if match is None:
            continue
        try:
            when = read(match, here)
        except (ValueError, OverflowError):
            break  # 30 February, 25:00, a million weeks
        if when.at <= now:
            raise UsageError(f"{when} has passed.", hint=f"It is {here.said(now)} now.")
        if when.at - now > _FARTHEST:
            raise UsageError(f"{when} is more than ten years ahead.", hint=EXAMPLES)
        return when
    raise UsageError(f'"{text}" is not a time.', hint=EXAMPLES)


def _date_and_time(match: re.Match[str], here: _Now) -> When:
    stated = datetime.fromisoformat(match[0].upper())
    if stated.tzinfo is None:
        return here.said(resolve(stated, here.zone))
    return here.said(stated.astimezone(UTC))


def _from_now(match: re.Match[str], here: _Now) -> When:
    return here.said(here.at + span(match["span"]))


def _date_and_clock(match: re.Match[str], here: _Now) -> When:
    return here.on(date.fromisoformat(match["date"]), clock(match["clock"]))


def _named_day(match: re.Match[str], here: _Now) -> When:
    ahead = ("today", "tomorrow").index(match["day"])
    return here.on(here.local.date() + timedelta(days=ahead), clock(match["clock"]))


def _weekday(match: re.Match[str], here: _Now) -> When:
    """The next such day and hour: today's if that is still to come, else in a week."""
    matching = [number for number, name in enumerate(_WEEKDAYS) if name.startswith(match["weekday"])]
    if not matching:
        raise ValueError(match["weekday"])
    first = here.local.date() + timedelta(days=(matching[0] - here.local.weekday()) % 7)
    when = here.on(first, clock(match["clock"]))
    return when if when.at > here.at else here.on(first + timedelta(days=7), clock(match["clock"]))


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], _Now], When]], ...] = (
    (re.compile(r"\d{4}-\d\d-\d\d[ t]\d\d:\d\d(:\d\d)?(z|[+-]\d\d:?\d\d)?", re.ASCII), _date_and_time),
    (re.compile(rf"(?P<date>\d{{4}}-\d\d-\d\d) (at )?{_CLOCK}", re.ASCII), _date_and_clock),
    (re.compile(rf"in (?P<span>{SPAN})", re.ASCII), _from_now),
    (re.compile(rf"(?P<day>today|tomorrow) (at )?{_CLOCK}", re.ASCII), _named_day),
    (re.compile(rf"(?P<weekday>(mon|tue|wed|thu|fri|sat|sun)[a-z]*) (at )?{_CLOCK}", re.ASCII), _weekday),
)
