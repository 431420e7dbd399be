"""The small words of time that people type, each read in one place: a clock, a length of time, the hours between two clocks.

    09:00   9:30   9am   9.30 pm   18h   18h30   noon          10m   1h 30m   2 hours   3 days          08:00-20:00   9am-6pm

What two people would read differently is refused with what to write instead. Texts come in small letters.
"""

import re
from datetime import time, timedelta

from mailer.errors import UsageError

#: What a pattern holds where a clock may stand, whole; `clock` reads what it matched.
CLOCK = r"(?:\d{1,2}(?:[:.]\d\d)? ?[ap]\.?m\b\.?|\d{1,2}:\d\d|\d{1,2}h(?:\d\d)?\b|noon\b|midday\b|midnight\b)"
_CLOCK_FORMS = re.compile(
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d)|(?:[:.](?P<past>\d\d))? ?(?P<half>[ap])\.?m\.?|h(?P<after>\d\d)?)", re.ASCII
)
_NOON = ("noon", "midday")

_UNIT = r"(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w)(?![a-z])"
#: What a pattern holds where a length of time may stand; `span` reads it.
SPAN = rf"\d{{1,9}} ?{_UNIT}(?: ?\d{{1,9}} ?{_UNIT})*"
_SPAN_PART = re.compile(r"(\d+) ?([smhdw])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_HOURS = re.compile(rf"(?P<opens>{CLOCK}) ?(?:-|–|to) ?(?P<closes>{CLOCK})", re.ASCII)


def clock(text: str) -> time:
    """The time of day that CLOCK has matched. Raises ValueError for 25:00, UsageError for what may mean two times."""
    if text in _NOON:
        return time(12)
    found = _CLOCK_FORMS.fullmatch(text)
    if found is None or (found["half"] and found["hour"] == "12"):
        raise UsageError(
            f'"{text}" is the beginning of a day to some and its middle or its end to others.',
            hint='Write "noon", or "00:00" for the beginning of a day.',
        )
    hour, minute = int(found["hour"]), int(found["minute"] or found["past"] or found["after"] or 0)
    if not found["half"]:
        return time(hour, minute)
    if not 1 <= hour <= 12:
        raise ValueError(text)
    return time(hour + (12 if found["half"] == "p" else 0), minute)


def span(text: str) -> timedelta:
    """The length of time that SPAN has matched. Raises OverflowError for millions of years."""
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _SPAN_PART.findall(text)), timedelta())


def length(text: str) -> timedelta:
    """How long "16h" is, as somebody wrote it. Raises UsageError."""
    said = " ".join(text.lower().split())
    if re.fullmatch(SPAN, said, re.ASCII) is None:
        raise UsageError(f'"{text}" is no length of time.', hint="Write 16h, 90m or 2d.")
    try:
        return span(said)
    except OverflowError:
        raise UsageError(f'"{text}" is too long.', hint="Write 16h, 90m or 2d.") from None


def hours(text: str) -> str:
    """From when to when, as in "08:00-20:00", however it was written. Raises UsageError."""
    found = _HOURS.fullmatch(" ".join(text.lower().split()))
    wrong = UsageError(f'"{text}" is no span of hours.', hint="Write two times of the day: 08:00-20:00.")
    if found is None:
        raise wrong
    try:
        opens, closes = clock(found["opens"]), clock(found["closes"].replace("24:00", "00:00"))
    except ValueError:
        raise wrong from None
    return f"{opens:%H:%M}-{closes:%H:%M}"
