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
    ALL = "all"  #: each is, one after another


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
    if catch_up is CatchUp.SKIP:
        kept = [one for one in due[-1:] if now - one.at <= ON_TIME]
    else:
        kept = list(due[:1] if catch_up is CatchUp.ALL else due[-1:])
    passed_over = () if catch_up is CatchUp.ALL else tuple(one for one in due if one not in kept)
    if not kept:
        return Judgement(passed_over=passed_over)
    [chosen] = kept
    if now - chosen.at <= ON_TIME:
        return Judgement(passed_over=passed_over, chosen=chosen)
    opens = window.next_opening(now)
    too_late = opens - chosen.at > hold_after
    return Judgement(
        passed_over=passed_over,
        chosen=chosen,
        too_late=too_late,
        not_before=opens if opens > now and not too_late else None,
    )
