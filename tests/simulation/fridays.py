"""Fridays at nine in London, worked out anew: what the digest of the simulation must keep to.

Times are unix seconds.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
NINE = time(9)
ON_TIME, TOO_LATE = 600.0, 6 * 3600.0
OPENS, CLOSES = time(8), time(20)
#: The first Friday after the simulation's beginning.
FIRST = date(2026, 11, 27)


def key_of(week):
    """The key of the occurrence so many weeks after the first."""
    return f"{FIRST + week * timedelta(weeks=1)}T09:00"


def is_key(key):
    """Whether the rule ever comes at that time."""
    local = datetime.fromisoformat(key)
    return local.time() == NINE and local.weekday() == FIRST.weekday()


def time_of(key, *, weeks=0):
    """When it is due; or when that is due which comes so many weeks later."""
    local = datetime.fromisoformat(key) + timedelta(weeks=weeks)
    return local.replace(tzinfo=LONDON).timestamp()


def opening(at):
    """`at` within the hours in which late mail goes out, else when they begin next."""
    local = datetime.fromtimestamp(at, LONDON)
    if OPENS <= local.time() < CLOSES:
        return at
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return datetime.combine(day, OPENS, tzinfo=LONDON).astimezone(UTC).timestamp()
