"""What a year's occurrences must have come to, worked out from what happened alone: nothing here asks the product how it decides.

Told of every minute of the machine's clock whether somebody looked, of every campaign when it came out, and of who was on the
list; the rest follows from what docs/schedules.md promises.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

ON_TIME, HOLD_AFTER = timedelta(minutes=10), timedelta(hours=6)
OPENS, CLOSES = time(8), time(20)
MOST_ITEMS = 12
SENT, EMPTY, HELD, SKIPPED = "sent", "empty", "held", "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """A campaign that is out. at: of the machine's clock, when it was mailed; or the beginning of the day it is published."""

    slug: str
    at: datetime
    since: datetime  #: the true time at which it was there to be found
    headline: str
    topics: frozenset[str]

    def is_for(self, chosen):
        """Whether somebody sees it who chose these topics; none: everything."""
        return not chosen or not self.topics or bool(chosen & self.topics)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an occurrence must come to. at: of the machine's clock, at which it is dealt with. why: of what did not go out on time."""

    outcome: str
    at: datetime
    why: str = ""


class Watch:
    """When somebody looked, in the order in which it happened: stretches of the machine's clock."""

    def __init__(self, begin):
        self._stretches = []  # (from, to, watched, why)
        self._since = begin
        self._watched, self._why = True, ""

    def turn(self, at, to, *, watched, why=""):
        """At `at` something began that the clock shows as `to`."""
        self._stretches.append((self._since, at, self._watched, self._why))
        self._since, self._watched, self._why = to, watched, why

    def leapt(self, before, after):
        """The clock was set forward: nobody saw what lies between."""
        self._stretches.append((before, after, False, "the clock was set forward"))

    def first_look(self, at):
        """(when it is looked for what is due at `at`, why not at once)"""
        for begin, end, watched, why in self._stretches:
            if begin <= at < end or (watched and begin > at):
                return (max(at, begin), "") if watched else (end, why)
        return max(at, self._since), ""


def expected(fridays, watch, zone):
    """{instant: Expected} of every occurrence, but that `sent` stands for `empty` too."""
    looks = {at: watch.first_look(at) for at in fridays}
    found = {}
    for at, (look, why) in looks.items():
        newer = [other for other in fridays if other > at and other <= look]
        if newer:
            found[at] = Expected(outcome=SKIPPED, at=look, why=why)
        elif look - at <= ON_TIME:
            found[at] = Expected(outcome=SENT, at=look, why=why)
        else:
            opens = next_opening(look, zone)
            found[at] = Expected(
                outcome=HELD if opens - at > HOLD_AFTER else SENT,
                at=look if opens - at > HOLD_AFTER else opens,
                why=why,
            )
    return found


def next_opening(at, zone):
    """`at` within the hours in which late mail goes out, else their next beginning."""
    local = at.astimezone(zone)
    if OPENS <= local.time() < CLOSES:
        return at
    day = local.date() if local.time() < OPENS else local.date() + timedelta(days=1)
    return datetime.combine(day, OPENS, tzinfo=zone).astimezone(at.tzinfo)


def due_items(out, carried, true, *, last_at):
    """Slugs of what an issue of this moment holds. true: the moment. last_at: when the issue before went, None before the first.

    What no issue held before; if that is too much, what has waited since the last issue gets half of the places, those that
    waited longest first, and the rest is for the newest.
    """
    there = [one for one in out if one.since <= true and one.slug not in carried]
    there.sort(key=lambda one: (one.at, one.slug))
    waited = [one for one in there if last_at is not None and one.at < last_at]
    newer = there[len(waited) :]
    places = min(len(waited), max(MOST_ITEMS // 2, MOST_ITEMS - len(newer)))
    kept = waited[:places] + (newer[-(MOST_ITEMS - places) :] if places < MOST_ITEMS else [])
    return [one.slug for one in kept]


def beginning(day: date, zone):
    return datetime.combine(day, time(), tzinfo=zone)
