"""What must hold of rates, quotas, hours and relays that stand by: worked out anew from what was leased and what left.

The zones are chosen so that a day begins, or the hours end, while a run is in full swing: nine o'clock in Greenwich is
midnight of the quota's zone.

11. No relay, no provider group and no mailing gets more than its rate; a group for which less was asked gets that much less.
12. Of what is leased on one day no more goes on the wire than the quota allows; and who says that it is used up has used it.
13. Nothing is leased outside of the hours.
14. A relay that stands by carries nothing while no other ever failed.
15. A retry is given up only when its time is over, and waiting for hours or a quota is none of that time.
"""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import time
from itertools import pairwise
from zoneinfo import ZoneInfo

from mailer.domain.gcra import SECOND, TOLERANCE
from mailer.domain.limits import UNLIMITED, Limits, Quota, Window
from mailer.domain.provider import Provider

#: Where a day begins at this second of Greenwich's.
ZONE, NEW_DAY = ZoneInfo("Pacific/Gambier"), 9 * 3600
DAY = 86_400
#: By whose turn the simulated addresses go.
PROVIDERS = {Provider.OTHER: "example.org", Provider.OUTLOOK: "outlook.example", Provider.YAHOO: "yahoo.example"}
#: Hours that begin, and hours that end, when a day begins in `ZONE`.
OPENING = Window(opens=time(9), closes=time(20), zone=ZoneInfo("UTC"))
CLOSING = Window(opens=time(10), closes=time(9), zone=ZoneInfo("UTC"))
#: Of a retry's wait, the longest: drawn from this much above itself.
JITTER = 1.2


@dataclass(frozen=True)
class Way:
    """How every worker uses one relay."""

    connections: int
    limits: Limits = UNLIMITED
    weight: int | None = None


def draw_ways(dice, names, connections, people):
    """Relays with limits of every kind."""
    mailing_rate, window = dice.choice((0.0, 0.0, 1.5)), dice.choice((None, None, OPENING, CLOSING))
    weights = dice.choice(((None, None), (1, 1), (3, 1), (1, 0)))
    return {
        name: Way(
            dice.randint(1, connections),
            Limits(
                rate=dice.choice((0.0, 0.0, 20.0, 2.0)),
                provider_rates=dice.choice(({}, {Provider.OUTLOOK: 1.0}, {Provider.OUTLOOK: 5.0, Provider.YAHOO: 2.0})),
                mailing_rate=mailing_rate,
                quota=_quota(dice, people),
                window=window,
            ),
            weight if len(names) > 1 else None,
        )
        for name, weight in zip(names, weights, strict=False)
    }


def _quota(dice, people):
    return dice.choice(
        (
            None,
            Quota(daily=dice.randint(1, people + 1), zone=ZONE),
            Quota(warm_up=dice.randint(1, 2), growth=dice.choice((1.5, 2.0)), daily=dice.choice((0, 3)), zone=ZONE),
        )
    )


def provider(who):
    """Where the mailbox of somebody is, in a run with providers."""
    return list(PROVIDERS)[who % len(PROVIDERS)]


def email_of(who, *, mixed):
    return f"person{who}@{PROVIDERS[provider(who)] if mixed else PROVIDERS[Provider.OTHER]}"


@dataclass
class Till:
    """Of one run: what each relay was given, and when. at: unix seconds; day: a number of the quota's zone."""

    ways: dict  # name -> Way
    mixed: bool  # whether people's mailboxes are at different providers
    require: object  # (good, why)
    names: dict = field(default_factory=dict)  # number of a relay -> name
    leased: list = field(default_factory=list)  # (at, relay, mailing, who)
    slowed: list = field(default_factory=list)  # (at, bucket, share)
    day_of: dict = field(default_factory=dict)  # row -> (relay, day) on which it was last leased
    on_wire: Counter = field(default_factory=Counter)  # (relay, day) -> messages that were leased on it and left
    spent: Counter = field(default_factory=Counter)  # as `on_wire`: rows that were leased, but for those given back
    first_day: dict = field(default_factory=dict)  # relay -> day
    failed: set = field(default_factory=set)  # relays that could not be used once
    begun: dict = field(default_factory=dict)  # mailing -> since when retries are counted
    waits: list = field(default_factory=list)  # (from, to) in which hours or quotas held up everything
    patience: float = 0.0  # seconds after which nothing is retried
    first_wait: float = 0.0  # seconds before the first retry

    # What the ledger does

    def lease(self, at, number, key):
        name = self.names.get(number)
        self.leased.append((at, name, *key))
        if name is None:
            return
        way, day = self.ways[name], day_of(at)
        self.require(is_open(way.limits.window, at), f"row {key} was leased outside of the hours")
        others = [other for other, one in self.ways.items() if one.weight != 0]
        idle = way.weight == 0 and not self.failed.issuperset(others)
        self.require(not idle, f"row {key} was leased for {name}, which stands by, and {others} never all failed")
        self.first_day.setdefault(name, day)
        self.day_of[key] = name, day
        self.spent[name, day] += 1

    def give_back(self, key):
        """It was leased, and did not leave."""
        if key in self.day_of:
            self.spent[self.day_of[key]] -= 1

    def hand(self, key):
        """Its message goes on the wire."""
        if key not in self.day_of:
            return
        name, day = where = self.day_of[key]
        self.on_wire[where] += 1
        most = self.cap(name, day)
        self.require(
            most is None or self.on_wire[where] <= most, f"{name} got {self.on_wire[where]} of {most} on a day"
        )

    def cap(self, name, day):
        quota = self.ways[name].limits.quota
        if quota is None:
            return None
        ramp = int(quota.warm_up * quota.growth ** (day - self.first_day.get(name, day)))
        return min(one for one in (quota.daily, ramp) if one) if quota.daily and quota.warm_up else quota.daily or ramp

    def give_up(self, key, at, wait):
        """A row failed because no time is left; wait: seconds until the retry that there will not be, at the most."""
        begun = self.begun[key[0]]
        excused = sum(max(0.0, to - max(since, begun)) for since, to in self.waits)
        self.require(
            at + wait >= begun + self.patience + excused - 1,
            f"row {key} was given up {at - begun:.0f} s after it began, {excused:.0f} s of which it had to wait",
        )

    # The end

    def judge_rates(self):
        """No rate was exceeded, whoever worked."""
        for name, way in self.ways.items():
            mine = [one for one in self.leased if one[1] == name]
            self._rate_was_kept(way.limits.rate, [one[0] for one in mine], name)
            for group, rate in way.limits.provider_rates.items():
                if self.mixed:
                    times = [one[0] for one in mine if provider(one[3]) is group]
                    self._rate_was_kept(rate, times, f"{name}, {group.word}")
                    self._judge_slowed(name, group, rate, times)
        rates = [way.limits.mailing_rate for way in self.ways.values()]
        by_mailing = defaultdict(list)
        for at, _, mailing, _ in self.leased:
            by_mailing[mailing].append(at)
        for mailing, times in by_mailing.items() if all(rates) else ():
            self._rate_was_kept(max(rates), times, f"mailing {mailing}")

    def _judge_slowed(self, name, group, rate, times):
        """For a minute after a relay asked for less."""
        number = next(number for number, known in self.names.items() if known == name)
        asked = [(at, share) for at, key, share in self.slowed if key == f"g:{number}:{int(group)}"]
        for (at, share), (until, _) in pairwise([*asked, (math.inf, 0)]):
            slow = [one for one in times if at < one < min(until, at + 60)]
            self._rate_was_kept(max(rate * share, min(rate, 1 / 60)), slow, f"{name}, {group.word}, slowed to {share}")

    def _rate_was_kept(self, rate, times, what):
        if not rate:
            return
        for first, begin in enumerate(times):
            for last in range(first, len(times)):
                most = rate * (times[last] - begin + TOLERANCE / SECOND) + 1
                span = f"{last - first + 1} rows of {what} were leased in {times[last] - begin:.3f} s"
                self.require(last - first + 1 <= most + 0.001, f"{span} at {rate} a second")

    def judge_quotas(self, at):
        """Somebody says that the quota of today is used up; and nobody was lost today who had paid for something."""
        for name, way in self.ways.items():
            if way.weight != 0:
                most, used = self.cap(name, day_of(at)), self.spent[name, day_of(at)]
                self.require(
                    most is None or used >= most, f"{name} is said to have used up {most} a day, and used {used}"
                )


def day_of(at):
    return int((round(at, 5) - NEW_DAY) // DAY)


def is_open(window, at):
    """By the clocks of Greenwich."""
    if window is None:
        return True
    opens, closes, now = _second(window.opens), _second(window.closes), round(at, 5) % DAY
    return opens <= now < closes if opens < closes else now >= opens or now < closes


def _second(local):
    return local.hour * 3600 + local.minute * 60 + local.second


def longest_wait(first, attempts):
    """Seconds until the retry after so many attempts, at the most."""
    return first * 2.0**attempts * JITTER
