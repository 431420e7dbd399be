"""What comes round again: a person's phrase or a crontab line as a rule, and a rule's next occurrence in a zone.

    fri 09:00    mon, thu 18:30    weekdays 18:30    daily 07:00 and 19:00    monthly 1 09:00    monthly last 09:00
    monthly last fri 09:00    every 2 weeks fri 09:00    quarterly first mon 09:00    yearly 1 may 09:00    30m    2h

A rule speaks of *local* time, and so does an occurrence's key: a daily 01:30 comes once on each local date, also in the
autumn night that has 01:30 twice (the first of them counts) and in the spring night that has none (it comes later by
the gap then; two that this brings to the same instant are one). Only elapsed time ("30m") is counted from the moment it
was armed, whatever the clocks do.

What is stored is crontab lines, whose meaning is crontab's own (0 and 7 are Sunday; a day of the month and a weekday
together mean either); `cronsim` reads them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim

from mailer.domain.crontab import meaning, refuse_unreadable, tidied, times_of_day
from mailer.domain.day_phrases import read_days
from mailer.domain.limits import Window
from mailer.domain.schedule import resolve
from mailer.domain.time_words import CLOCK, SPAN, clock, span
from mailer.errors import UsageError

EXAMPLES = (
    'Write "fri 09:00", "weekdays 18:30", "daily 07:00", "monthly last fri 09:00", "monthly 1 09:00",'
    ' "every 2 weeks fri 09:00" or "30m".'
)
#: No clock change moves a local time farther: what it shifts may come after what stands behind it.
_REACH = timedelta(days=1)
#: What is closer together is a slip of the fingers.
_SHORTEST = timedelta(minutes=5)
_LONGEST = timedelta(days=366)
_LONGEST_PHRASE = 200
#: Where hours leave out more in a row, nothing comes any more.
_MOST_LEFT_OUT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time at which a rule comes. at: aware, UTC. key: its local time ("2027-10-31T01:30"), of elapsed time its instant ("…Z")."""

    at: datetime
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Either crontab lines or an interval. said: as a person put it.

    weeks: lines count in every so manieth week only, beginning with the first in which they come. anchor: aware; from
    when an interval or such weeks count, None for all else.
    """

    said: str
    lines: tuple[str, ...] = ()
    interval: timedelta | None = None
    weeks: int = 1
    anchor: datetime | None = None

    def after(self, instant: datetime, zone: ZoneInfo) -> Occurrence | None:
        """The first occurrence later than `instant`; None if none ever comes."""
        if self.interval is not None and self.anchor is not None:
            at = self.anchor + max(1, (instant - self.anchor) // self.interval + 1) * self.interval
            return Occurrence(at=at, key=f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z")
        monday = self._first_week(zone)
        found = (
            one for line in self.lines for one in _candidates(line, instant, zone, weeks=self.weeks, monday=monday)
        )
        first = min(found, default=None)
        return None if first is None else Occurrence(at=first[0], key=first[1].isoformat(timespec="minutes"))

    def following(self, instant: datetime, zone: ZoneInfo, *, window: Window | None = None) -> Iterator[Occurrence]:
        """All that come after `instant`, in order; with `window`, those within its hours."""
        found, left_out = self.after(instant, zone), 0
        while found is not None and left_out < _MOST_LEFT_OUT:
            left_out += 1
            if window is None or window.next_opening(found.at) == found.at:
                yield found
                left_out = 0
            found = self.after(found.at, zone)

    def means(self, other: "Rule") -> bool:
        """Whether both come at the same times, however they were put."""
        counted = (self.interval, self.weeks, self.anchor) == (other.interval, other.weeks, other.anchor)
        return counted and {meaning(line) for line in self.lines} == {meaning(line) for line in other.lines}

    def times_of_day(self) -> list[time]:
        """Those at which it may come, earliest first; none of elapsed time."""
        return sorted({each for line in self.lines for each in times_of_day(line)})

    def _first_week(self, zone: ZoneInfo) -> date:
        """The Monday of a week in which it comes; any at all when it comes in each."""
        if self.weeks == 1 or self.anchor is None:
            return date.min
        local = _local(self.anchor, zone)
        first = min(next(CronSim(line, local)) for line in self.lines).date()
        return first - timedelta(days=first.weekday())

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {"said": self.said}
        if self.interval is None:
            document["lines"] = list(self.lines)
        else:
            document["seconds"] = int(self.interval.total_seconds())
        if self.weeks != 1:
            document["weeks"] = self.weeks
        if self.anchor is not None:
            document["anchor"] = self.anchor.astimezone(UTC).isoformat()
        return document

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Rule":
        """What `to_json` wrote."""
        anchor = datetime.fromisoformat(document["anchor"]) if "anchor" in document else None
        if "lines" in document:
            weeks, lines = document.get("weeks", 1), tuple(document["lines"])
            return cls(said=document["said"], lines=lines, weeks=weeks, anchor=anchor)
        return cls(said=document["said"], interval=timedelta(seconds=document["seconds"]), anchor=anchor)


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    """What clocks in the zone show then, without saying so."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _candidates(
    line: str, instant: datetime, zone: ZoneInfo, *, weeks: int, monday: date
) -> Iterator[tuple[datetime, datetime]]:
    """(instant, local) of those that may be the line's next: the first later one, and what overtakes it at a clock change.

    Only what a gap has shifted is overtaken, and is still to come when clocks have passed its time.
    """
    local, until = _local(instant, zone), None
    shifted = _offset(instant, zone) > _offset(instant - _REACH, zone)
    for naive in CronSim(line, local - _REACH if shifted else local):
        if until is not None and naive > until:
            return
        at = resolve(naive, zone)
        if at <= instant or (naive.date() - monday).days // 7 % weeks:
            continue
        yield at, naive
        if until is None:
            until = naive if _local(at, zone) == naive else naive + _REACH
        if until == naive:
            return


def parse_cron(text: str) -> Rule:
    """A crontab line of five fields, or @daily and the like. Raises UsageError."""
    return _checked(Rule(said=text, lines=(tidied(text),)))


def parse_every(text: str, *, anchor: datetime) -> Rule:
    """The rule that a phrase states ("fri 09:00"). anchor: aware; from when elapsed time and weeks count. Raises UsageError."""
    said = " ".join(text[:_LONGEST_PHRASE].lower().split())
    length = said.removeprefix("every ").removeprefix("each ")
    if re.fullmatch(SPAN, length, re.ASCII):
        return _elapsed(text, length, anchor)
    try:
        found = _AT_THE_END.fullmatch(said) or _AT_THE_BEGINNING.fullmatch(said)
        days = read_days(found["days"]) if found else None
        if found and days:
            clocks = dict.fromkeys(clock(one) for one in re.split(_AND, found["clocks"]))
            lines = tuple(f"{one.minute} {one.hour} {days.fields}" for one in clocks)
            rule = Rule(said=text, lines=lines, weeks=days.weeks, anchor=anchor if days.weeks > 1 else None)
            return _checked(rule)
        without_clock = found is None and read_days(said) is not None
    except ValueError:  # 25:00, a day called "fry"
        without_clock = False
    if without_clock:
        raise UsageError(f'"{text}" does not say at what time.', hint=f'Write "{said} 09:00".')
    hint = "A crontab line goes behind --cron." if _LIKE_CRON.fullmatch(said) else EXAMPLES
    raise UsageError(f'"{text}" does not say when something comes round again.', hint=hint)


def _elapsed(text: str, length: str, anchor: datetime) -> Rule:
    try:
        interval = span(length)
    except OverflowError:
        interval = timedelta.max
    if interval < _SHORTEST:
        raise _too_often(text)
    if interval > _LONGEST:
        raise UsageError(f'"{text}" is too rare.', hint="Once a year at least.")
    return Rule(said=text, interval=interval, anchor=anchor)


def _checked(rule: Rule) -> Rule:
    """Refused at once if crontab would not take it, if it never comes, or too often."""
    for line in rule.lines:
        refuse_unreadable(line, rule.said)
    minutes = [each.hour * 60 + each.minute for each in rule.times_of_day()]
    apart = [later - one for one, later in pairwise([*minutes, minutes[0] + 24 * 60])]
    if timedelta(minutes=min(apart)) < _SHORTEST:
        raise _too_often(rule.said)
    return rule


def _too_often(said: str) -> UsageError:
    return UsageError(f'"{said}" comes too often.', hint="Every five minutes (5m) at most.")


_AND = " ?, ?(?:and )?| and | & "
_CLOCKS = rf"(?:at )?(?P<clocks>{CLOCK}(?:(?:{_AND}){CLOCK})*)"
_LIKE_CRON = re.compile(r"@[a-z]+|[\d*][^ ]*( [^ ]+){4}", re.ASCII)
_AT_THE_END = re.compile(rf"(?P<days>.+?) ?,? {_CLOCKS}", re.ASCII)
_AT_THE_BEGINNING = re.compile(rf"{_CLOCKS} (?P<days>.+)", re.ASCII)
