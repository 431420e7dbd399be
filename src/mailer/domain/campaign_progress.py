"""How far something has come that is asked for until a day: money for a fund, signatures for a petition."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from mailer.domain.campaign_types import day_of, wrong


class State(StrEnum):
    NONE_YET = "none_yet"  #: nothing has come in so far
    RUNNING = "running"
    LAST_DAY = "last_day"  #: the deadline is today
    REACHED = "reached"  #: all that was asked for is there, and the deadline has not passed
    ENDED = "ended"  #: the deadline has passed


def state_of(there: int | Decimal, wanted: int | Decimal | None, *, deadline: date | None, today: date) -> State:
    """The state of something of which `there` has come in; wanted: None when no figure was set."""
    if deadline and today > deadline:
        return State.ENDED
    if wanted is not None and there >= wanted:
        return State.REACHED
    if today == deadline:
        return State.LAST_DAY
    return State.RUNNING if there else State.NONE_YET


def percent_of(there: int | Decimal, wanted: int | Decimal) -> int:
    """Whole, rounded down, over 100 once `wanted` is passed."""
    return int(there * 100 // wanted)


def days_until(deadline: date | None, today: date) -> int | None:
    """Whole days after today until the deadline; 0 on the last day and afterwards, None without one."""
    return max((deadline - today).days, 0) if deadline else None


def require_order(as_of: date | datetime, deadline: date | datetime | None) -> None:
    """Refuse figures that were counted when all was over: nobody can have meant that."""
    utc = ZoneInfo("UTC")
    if deadline and day_of(as_of, utc) > day_of(deadline, utc):
        raise wrong("as_of is later than the deadline", "correct one of them", key="as_of")
