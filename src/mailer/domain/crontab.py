"""Crontab lines: what they say, and what is wrong with them, in words. Their meaning is crontab's own; `cronsim` reads them."""

from contextlib import suppress
from datetime import datetime, time

from cronsim import CronSim, CronSimError

from mailer.errors import UsageError

_LONGEST = 200
_ANY_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 (local, anywhere)
#: What a crontab line holds, in its order.
_FIELDS = {
    "minute": "The first field is the minute, 0-59",
    "hour": "The second field is the hour, 0-23",
    "day-of-month": "The third field is the day of the month, 1-31, or L for the last",
    "month": "The fourth field is the month, 1-12 or jan-dec",
    "day-of-week": "The fifth field is the weekday: sun-sat, or 0-7, where 0 and 7 are Sunday",
}
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def tidied(text: str) -> str:
    """The five fields of a line, or of what @daily and the like stand for. Raises UsageError."""
    line = _MACROS.get(text.strip().lower(), " ".join(text.split()))
    if len(line.split()) != len(_FIELDS) or len(line) > _LONGEST:
        raise UsageError(
            f'"{text[:_LONGEST]}" is no crontab line.', hint='It has five fields: "0 9 * * fri" is Fridays at nine.'
        )
    return line


def refuse_unreadable(line: str, said: str) -> None:
    """Raises UsageError for a line that crontab would not take, or that never comes. said: how the person put it."""
    try:
        next(CronSim(line, _ANY_DAY))
    except StopIteration:
        raise UsageError(f'"{said}" does not come within fifty years.', hint="Name a day that comes sooner.") from None
    except CronSimError as error:
        field, (minute, hour, day, _, weekday) = str(error).removeprefix("Bad "), line.split()
        if field == "day-of-month" and _is_readable(f"{minute} {hour} {day} * {weekday}"):
            raise UsageError(f'"{said}" never comes.', hint="None of its months has that day.") from None
        hint = f"{_FIELDS.get(field, field)}."
        raise UsageError(f'"{said}" is no crontab line: its {field} cannot be read.', hint=hint) from None


def _is_readable(line: str) -> bool:
    with suppress(CronSimError):
        CronSim(line, _ANY_DAY)
        return True
    return False


def times_of_day(line: str) -> list[time]:
    """Those at which it may come."""
    read = CronSim(line, _ANY_DAY)
    return [time(hour, minute) for hour in read.hours for minute in read.minutes]


def meaning(line: str) -> tuple[object, ...]:
    """What a crontab line says, whether with names or with numbers."""
    read = CronSim(line, _ANY_DAY)
    days = (frozenset(read.days), frozenset(read.months), frozenset(read.weekdays), read.day_and)
    return (frozenset(read.minutes), frozenset(read.hours), *days)
