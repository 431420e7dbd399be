"""A rule in plain words, made from what is stored and not from what was typed: so a person sees how it was understood."""

import re
from datetime import datetime, timedelta

from cronsim import CronSim

from mailer.domain.recurrence import Rule

_ANY_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 (local, anywhere)
_WEEKLY = re.compile(r"on (?=(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day)")
_NUMBER = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b")
_UNITS = (
    ("week", timedelta(weeks=1)),
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)


def in_words(rule: Rule) -> str:
    """Half a sentence: "every Friday at 09:00"."""
    if rule.interval is not None:
        return f"every {length_in_words(rule.interval)}"
    clocks = [_clock(line) for line in rule.lines]
    if not all(clocks):
        return f'as a crontab says with "{rule.lines[0]}"'
    days = CronSim("0 0 " + rule.lines[0].split(maxsplit=2)[2], _ANY_DAY).explain().removeprefix("At 00:00 ")
    days = _NUMBER.sub(lambda found: _ordinal(int(found[1])), days.replace("day of month", "day of the month"))
    if rule.weeks > 1:
        days = f"every {rule.weeks} weeks {days}"
    else:
        days = _WEEKLY.sub("every ", days, count=1) if _WEEKLY.match(days) else days
    return f"{days} at {_listed(clocks)}"


def length_in_words(length: timedelta) -> str:
    """In the largest units that come out even: "2 hours", "1 hour 30 minutes"."""
    parts = []
    for unit, size in _UNITS:
        number, length = divmod(length, size)
        if number:
            parts.append(f"{number} {unit}{'s' if number != 1 else ''}")
    return " ".join(parts) or "0 minutes"


def _clock(line: str) -> str:
    """The one time of day of a crontab line; "" if it has several."""
    minute, hour, _ = line.split(maxsplit=2)
    return f"{int(hour):02}:{int(minute):02}" if hour.isdigit() and minute.isdigit() else ""


def _ordinal(number: int) -> str:
    return f"{number}{'th' if number // 10 == 1 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
