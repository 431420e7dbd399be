"""What to do about occurrences whose time has come: at once when they are on time; with judgement when they are late.

Nobody should get at midnight what was meant for the morning, or on Sunday what was meant for Friday. So what is late
goes out only within hours in which people expect mail, and what would be too late by then waits for a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailer.domain.limits import Window
from mailer.domain.recurrence import Occurrence

#: A look comes every few seconds, a restart takes a minute: until then nothing is late.
ON_TIME = timedelta(minutes=10)


class CatchUp(StrEnum):
    """What becomes of occurrences that were missed while nothing ran. The words are stored."""

    LATEST = "latest"  #: the last one is made up for
    SKIP = "skip"  #: none is
    ALL = "all"  #: each is that is not too late, one after another


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """passed_over: those that never go out. chosen: the one to deal with now, None if there is none.

    too_late: `chosen` waits for a person. not_before: it waits for these hours to begin; None: it goes now.
    """

    passed_over: tuple[Occurrence, ...] = ()
    chosen: Occurrence | None = None
    too_late: bool = False
    not_before: datetime | None = None


def judge(
    due: Sequence[Occurrence], *, now: datetime, catch_up: CatchUp, window: Window, hold_after: timedelta
) -> Judgement:
    """due: oldest first, none of them dealt with. window: the hours in which something late may go out."""
    if not due:
        return Judgement()
    opens, last = window.next_opening(now), due[-1]

    def is_in_time(one: Occurrence) -> bool:
        return now - one.at <= ON_TIME

    def is_too_late(one: Occurrence) -> bool:
        return not is_in_time(one) and opens - one.at > hold_after

    match catch_up:
        case CatchUp.LATEST:
            chosen, passed_over = last, due[:-1]
        case CatchUp.SKIP if not is_in_time(last):
            return Judgement(passed_over=tuple(due))
        case CatchUp.SKIP:
            chosen, passed_over = last, due[:-1]
        case CatchUp.ALL:
            # Of those that only a person could let go, the last takes the place of the others.
            chosen = next((one for one in due if not is_too_late(one)), last)
            passed_over = [one for one in due if one.at < chosen.at]
    waits = opens > now and not is_in_time(chosen) and not is_too_late(chosen)
    return Judgement(
        passed_over=tuple(passed_over),
        chosen=chosen,
        too_late=is_too_late(chosen),
        not_before=opens if waits else None,
    )
