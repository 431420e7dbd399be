"""When somebody wishes a campaign to go out: the words of the command line, or the same ones in a campaign's file."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from mailer.domain.limits import window_of
from mailer.domain.recurrence import Rule, parse_cron, parse_every
from mailer.domain.rule_words import length_in_words
from mailer.domain.time_words import hours, length
from mailer.errors import UsageError

_SHORTEST_PROOF, _LONGEST_PROOF = timedelta(minutes=5), timedelta(days=30)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was written, None for what was not. One of at, every and cron says when; the others, under which terms."""

    at: str | None = None
    every: str | None = None
    cron: str | None = None
    timezone: str | None = None
    until: str | None = None
    window: str | None = None
    catch_up: str | None = None
    proof: str | None = None

    @property
    def says_when(self) -> bool:
        return bool(self._times)

    @property
    def _times(self) -> list[str]:
        return [name for name in ("at", "every", "cron") if getattr(self, name) is not None]

    def rule(self, *, anchor: datetime) -> Rule | None:
        """What comes round; None of what goes out once. anchor: from when elapsed time counts. Raises UsageError."""
        if self.every is not None:
            return parse_every(self.every, anchor=anchor)
        return parse_cron(self.cron) if self.cron is not None else None

    def hours(self) -> str:
        """The window as "08:00-20:00", "" for none. Raises UsageError."""
        return "" if self.window is None else hours(self.window)

    def last_day(self) -> date | None:
        """Raises UsageError."""
        return None if self.until is None else parse_day(self.until)

    def proof_before(self) -> timedelta | None:
        """How long before its time a proof is mailed, None for never. Raises UsageError."""
        if self.proof is None:
            return None
        before = length(self.proof)
        if not _SHORTEST_PROOF <= before <= _LONGEST_PROOF:
            raise UsageError(f'A proof "{self.proof}" before its time helps nobody.', hint="From 5m to 30d; 16h, say.")
        return before

    def refuse_contradictions(self) -> None:
        """Raises UsageError for what cannot be, whenever it is armed."""
        if len(self._times) > 1:
            raise UsageError(
                f"{' and '.join(self._times)} are different times.", hint="Keep one of at, every and cron."
            )
        rule = self.rule(anchor=_ANY_TIME)
        before, within = self.proof_before(), self.hours()
        self.last_day()
        if rule is None:
            extra = [name for name in ("until", "window", "catch_up") if getattr(self, name) is not None]
            if self.at is not None and extra:
                raise UsageError(
                    f"{extra[0].replace('_', '-')} is about what comes round again, and this goes out once."
                )
            return
        if within and not _may_come_within(rule, within):
            raise UsageError(f'"{rule.said}" never comes within {within}.', hint="Change one of them.")
        if before is not None and before >= (apart := _least_apart(rule)):
            raise UsageError(
                f"A proof {length_in_words(before)} before its time would come before the issue before it has gone out.",
                hint=f'"{rule.said}" comes every {length_in_words(apart)}: less than that.',
            )


def parse_day(text: str) -> date:
    """What is written like 2026-12-31. Raises UsageError."""
    wrong = UsageError(f'"{text}" is not a day.', hint="Write it as 2026-12-31.")
    if _DAY.fullmatch(text.strip()) is None:
        raise wrong
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise wrong from None


_ANY_TIME = datetime(2024, 1, 1, tzinfo=UTC)
_ANY_ZONE = ZoneInfo("UTC")


def _may_come_within(rule: Rule, within: str) -> bool:
    """Of a crontab line by what clocks show, whatever the day; elapsed time depends on when it is armed."""
    window = window_of(within, _ANY_ZONE)
    times = [datetime.combine(_ANY_TIME, each, tzinfo=UTC) for each in rule.times_of_day()]
    return not times or any(window.next_opening(at) == at for at in times)


def _least_apart(rule: Rule) -> timedelta:
    times = [one.at for one in islice(rule.following(_ANY_TIME, _ANY_ZONE), 40)]
    return min(later - one for one, later in pairwise(times))
