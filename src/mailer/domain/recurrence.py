"""What comes round again: a person's phrase or a crontab line as a rule, and a rule's next occurrence in a zone.

    fri 09:00    mon, thu 18:30    weekdays 18:30    daily 07:00 and 19:00    monthly 1 09:00    monthly last 09:00
    monthly last fri 09:00    30m    2h

A rule speaks of *local* time, and so does an occurrence's key: a daily 01:30 comes once on each local date, also in the
autumn night that has 01:30 twice (the first of them counts) and in the spring night that has none (it comes later by
the gap then). Only elapsed time ("30m") is counted from the moment it was armed, whatever the clocks do.

What is stored is crontab lines, whose meaning is crontab's own (0 and 7 are Sunday; a day of the month and a weekday
together mean either); `cronsim` reads them.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from mailer.domain.schedule import resolve
from mailer.errors import UsageError

EXAMPLES = 'Write "fri 09:00", "weekdays 18:30", "daily 07:00", "monthly last fri 09:00", "monthly 1 09:00" or "30m".'
#: No clock change moves a local time farther: what it shifts may come after what stands behind it.
_REACH = timedelta(days=2)
#: What is closer together is a slip of the fingers.
_SHORTEST = timedelta(minutes=5)
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time at which a rule comes. at: aware, UTC. key: its local time ("2027-10-31T01:30"), of elapsed time its instant ("…Z")."""

    at: datetime
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Either crontab lines or an interval. said: as a person put it. anchor: aware; from when an interval counts."""

    said: str
    lines: tuple[str, ...] = ()
    interval: timedelta | None = None
    anchor: datetime | None = None

    def after(self, instant: datetime, zone: ZoneInfo) -> Occurrence | None:
        """The first occurrence later than `instant`; None if none ever comes."""
        if self.interval is not None and self.anchor is not None:
            at = self.anchor + max(1, (instant - self.anchor) // self.interval + 1) * self.interval
            return Occurrence(at=at, key=f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z")
        local = instant.astimezone(zone).replace(tzinfo=None, fold=0)
        first = min((one for line in self.lines for one in _candidates(line, local, instant, zone)), default=None)
        return None if first is None else Occurrence(at=first[0], key=first[1].isoformat(timespec="minutes"))

    def following(self, instant: datetime, zone: ZoneInfo) -> Iterator[Occurrence]:
        """All that come after `instant`, in order."""
        found = self.after(instant, zone)
        while found is not None:
            yield found
            found = self.after(found.at, zone)

    def to_json(self) -> dict[str, Any]:
        if self.interval is None or self.anchor is None:
            return {"said": self.said, "lines": list(self.lines)}
        seconds = int(self.interval.total_seconds())
        return {"said": self.said, "seconds": seconds, "anchor": self.anchor.astimezone(UTC).isoformat()}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Rule":
        """What `to_json` wrote."""
        if "lines" in document:
            return cls(said=document["said"], lines=tuple(document["lines"]))
        interval = timedelta(seconds=document["seconds"])
        return cls(said=document["said"], interval=interval, anchor=datetime.fromisoformat(document["anchor"]))


def _candidates(line: str, local: datetime, instant: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """(instant, local) of those that may be the line's next: the first later one, and what a clock change may put before it."""
    until: datetime | None = None
    for naive in CronSim(line, local - _REACH):
        if until is not None and naive > until:
            return
        at = resolve(naive, zone)
        if at > instant:
            until = until or naive + _REACH
            yield at, naive


def parse_cron(text: str) -> Rule:
    """A crontab line of five fields, or @daily and the like. Raises UsageError."""
    line = _MACROS.get(text.strip().lower(), " ".join(text.split()))
    if len(line.split()) != 5:
        raise UsageError(f'"{text}" is no crontab line.', hint='It has five fields: "0 9 * * fri" is Fridays at nine.')
    return _checked(Rule(said=text, lines=(line,)))


def parse_every(text: str, *, anchor: datetime) -> Rule:
    """The rule that a phrase states ("fri 09:00"). anchor: aware; from when elapsed time counts. Raises UsageError."""
    said = " ".join(text.lower().split()).removeprefix("every ")
    if _ELAPSED.fullmatch(said):
        return _elapsed(text, said, anchor)
    for pattern, days_of in _PHRASES:
        found = pattern.fullmatch(said)
        if found is not None:
            try:
                return _checked(Rule(said=text, lines=tuple(_lines(found["clocks"], days_of(found)))))
            except ValueError:
                break  # 25:00, a day called "fry"
    raise UsageError(f'"{text}" does not say when something comes round again.', hint=EXAMPLES)


def _elapsed(text: str, said: str, anchor: datetime) -> Rule:
    interval = timedelta()
    for number, unit in _PART.findall(said):
        interval += timedelta(**{_UNITS[unit]: int(number)})
    if not _SHORTEST <= interval <= _LONGEST:
        raise UsageError(f'"{text}" is too often, or too rare.', hint="Anything from 5m to 52w.")
    return Rule(said=text, interval=interval, anchor=anchor)


def _lines(clocks: str, days: str) -> Iterator[str]:
    """One crontab line for each time of the day. Raises ValueError."""
    for hour, minute in _CLOCK_PARTS.findall(clocks):
        if int(hour) > 23 or int(minute) > 59:
            raise ValueError(clocks)
        yield f"{int(minute)} {int(hour)} {days}"


def _checked(rule: Rule) -> Rule:
    """Refused at once if crontab would not take it, or if it never comes."""
    for line in rule.lines:
        try:
            next(CronSim(line, datetime(2024, 1, 1)))  # noqa: DTZ001 (local)
        except StopIteration:
            raise UsageError(f'"{rule.said}" never comes.', hint="No month has that day.") from None
        except CronSimError as error:
            raise UsageError(f'"{rule.said}" is no time that crontab knows: {error}.', hint=EXAMPLES) from None
    return rule


def _weekdays(match: re.Match[str]) -> str:
    names = [name for name in re.findall("[a-z]+", match["days"]) if name != "and"]
    return f"* * {','.join(_weekday(name) for name in names)}"


def _weekday(name: str) -> str:
    """Its number in a crontab. Raises ValueError."""
    [number] = [number for number, each in enumerate(_WEEKDAYS) if name.removesuffix("s") in (each, each[:3], each[:4])]
    return str(number)


def _of_month(match: re.Match[str]) -> str:
    day = match["day"]
    return "L * *" if day == "last" else f"{int(day.rstrip('stndrh'))} * *"


def _nth_weekday(match: re.Match[str]) -> str:
    number, day = _ORDINALS[match["nth"]], _weekday(match["weekday"])
    return f"* * {day}L" if number == 0 else f"* * {day}#{number}"


_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 0}
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(r"(\d+) ?([mhdw])", re.ASCII)
_ELAPSED = re.compile(r"\d{1,4} ?[mhdw]( ?\d{1,4} ?[mhdw])*", re.ASCII)
_CLOCK_PARTS = re.compile(r"(\d{1,2}):(\d\d)", re.ASCII)
_AND = r"( ?, ?| and )"
_CLOCKS = rf"(at )?(?P<clocks>\d{{1,2}}:\d\d({_AND}\d{{1,2}}:\d\d)*)"
_NTH = "|".join(_ORDINALS)
_PHRASES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(rf"{days} {_CLOCKS}", re.ASCII), days_of)
    for days, days_of in (
        ("(daily|day)", lambda _match: "* * *"),
        ("weekdays?", lambda _match: "* * 1-5"),
        ("weekends?", lambda _match: "* * 0,6"),
        (rf"(monthly|month)( on)?( the)? (?P<nth>{_NTH}) (?P<weekday>[a-z]+)", _nth_weekday),
        (r"(monthly|month)( on)?( the)? (?P<day>last|\d{1,2}(st|nd|rd|th)?)", _of_month),
        (rf"(weekly )?(on )?(?P<days>[a-z]{{3,}}({_AND}[a-z]{{3,}})*)", _weekdays),
    )
)
