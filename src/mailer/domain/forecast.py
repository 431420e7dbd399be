"""When a mailing will have left: its relays' rates, their quotas day by day, and the hours in which mail leaves.

Mail is taken to flow evenly, each relay's among the provider groups that still have some; what other mailings take
meanwhile, and what is put off, nobody can know.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mailer.domain.limits import Limits
from mailer.domain.provider import Provider

#: Messages a second of a relay without a rate: more than any takes.
_FAST = 1e6
#: Nobody waits for longer, and the sum must end.
HORIZON = timedelta(days=730)
_NOTHING = 1e-6


@dataclass(slots=True, kw_only=True)
class Carrying:
    """One relay, and how much of today's quota is used. weight: its share beside others, None where shares are not kept.

    first_day: when its warm-up began, None if it has not: then it does with this mailing.
    """

    limits: Limits
    weight: int | None = None
    used: float = 0.0
    day: date | None = None
    first_day: date | None = None

    def enter(self, now: datetime) -> None:
        """It is `now`: a new day has a new quota."""
        quota = self.limits.quota
        if quota is not None:
            today = quota.day(now)
            self.used = 0.0 if self.day not in (None, today) else self.used
            self.day, self.first_day = today, self.first_day or today

    @property
    def room(self) -> float:
        """How many messages more it may carry today."""
        if self.limits.quota is None or self.day is None:
            return math.inf
        return max(0.0, self.limits.quota.cap(self.day, self.first_day) - self.used)

    def changes_at(self, now: datetime) -> datetime:
        """When the hours end, or the day."""
        ends = [now + HORIZON]
        ends += [self.limits.window.next_closing(now)] if self.limits.window else []
        ends += [self.limits.quota.next_day(now)] if self.limits.quota else []
        return min(ends)


def ends_at(people: Mapping[Provider, int], relays: Sequence[Carrying], *, starts_at: datetime) -> datetime | None:
    """When the last message leaves if the first does at `starts_at`; None if no limit would make itself felt.

    relays: used up by this. What would take longer than `HORIZON` ends then.
    """
    if not relays or any(_is_free(one.limits) for one in relays):
        return None
    left, now = {group: float(number) for group, number in people.items() if number}, starts_at
    while left and now < starts_at + HORIZON:
        now = min(one.limits.window.next_opening(now) if one.limits.window else now for one in relays)
        for one in relays:
            one.enter(now)
        now = _flow_on(left, relays, now)
    ended = min(now, starts_at + HORIZON)
    return ended if not ended.microsecond else ended.replace(microsecond=0) + timedelta(seconds=1)


def _is_free(limits: Limits) -> bool:
    return not any((limits.rate, limits.mailing_rate, limits.provider_rates, limits.quota, limits.window))


def _flow_on(left: dict[Provider, float], relays: Sequence[Carrying], now: datetime) -> datetime:
    """Let mail flow until something changes: a group is done, a quota used up, the hours or the day over."""
    flows = _flows(left, relays)
    until = min(one.changes_at(now) for one in relays)
    spans = [(until - now).total_seconds()]
    for group, number in left.items():
        flow = sum(each.get(group, 0.0) for each in flows)
        spans += [number / flow] if flow else []
    spans += [one.room / sum(each.values()) for one, each in zip(relays, flows, strict=True) if each]
    seconds = min(spans)
    for one, each in zip(relays, flows, strict=True):
        for group, flow in each.items():
            one.used += flow * seconds
            left[group] -= flow * seconds
    for group in [group for group, number in left.items() if number < _NOTHING]:
        del left[group]
    return until if seconds == spans[0] else now + timedelta(seconds=seconds)


def _flows(left: Mapping[Provider, float], relays: Sequence[Carrying]) -> list[dict[Provider, float]]:
    """Messages a second of each relay to each group."""
    speeds = [(one.limits.rate or _FAST) if one.room >= _NOTHING else 0.0 for one in relays]
    weights = [one.weight or 1 for one in relays]
    if any(one.weight for one in relays):  # shares are kept, so each waits for the slowest
        least = min((speed / weight for speed, weight in zip(speeds, weights, strict=True) if speed), default=0.0)
        speeds = [least * weight if speed else 0.0 for speed, weight in zip(speeds, weights, strict=True)]
    flows = [_shared_out(left, one.limits, speed) for one, speed in zip(relays, speeds, strict=True)]
    bound, total = relays[0].limits.mailing_rate, sum(sum(each.values()) for each in flows)
    if bound and total > bound:
        flows = [{group: flow * bound / total for group, flow in each.items()} for each in flows]
    return flows


def _shared_out(left: Mapping[Provider, float], limits: Limits, speed: float) -> dict[Provider, float]:
    """One relay's speed among the groups; what a group with a rate of its own may not take goes to the others."""
    flows: dict[Provider, float] = {}
    for number, group in enumerate(sorted(left, key=lambda one: limits.provider_rates.get(one, _FAST))):
        share = (speed - sum(flows.values())) / (len(left) - number)
        flows[group] = min(share, limits.provider_rates.get(group, _FAST))
    return {group: flow for group, flow in flows.items() if flow > 0}
