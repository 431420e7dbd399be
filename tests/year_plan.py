"""What happens in a simulated year, all of it from one seed: what people write, who comes and goes, what breaks when."""

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from mailer.domain.schedule import resolve

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
#: Those of the example project, in the days in which its figures are true. The letter is of a kind that the digest leaves out.
EXAMPLES = ("latin-america-2024", "peru-statement", "a-letter-to-members", "fighting-fund", "winter-meeting")
#: Each with the topic under which people of the example project can choose to hear of it.
PLACES = {
    "Lima": "andes", "Bogotá": "andes", "La Paz": "andes", "Quito": "andes", "Oaxaca": "central-america",
    "Managua": "central-america", "Tegucigalpa": "central-america", "Recife": "southern-cone", "Rosario": "southern-cone",
    "Valparaíso": "southern-cone",
}  # fmt: skip
TOPICS = ("andes", "central-america", "southern-cone", "labour", "network")
NEWS = (
    "the dockers hold the port", "nurses win their claim", "a village stops the mine", "students keep their school open",
    "bakers found a union", "women walk to the capital", "the court hears the families", "a library opens",
    "growers plant again", "the river is given back",
)  # fmt: skip
#: How long the machine is off at a time, and how it is placed: so that an occurrence falls into it.
OUTAGES = (timedelta(minutes=4), 2 * HOUR, 5 * HOUR, 20 * HOUR, 3 * DAY, 10 * DAY, 24 * DAY)
#: By how much somebody sets the clock, and for how long it stays wrong.
JUMPS = ((-3 * HOUR, 2 * DAY), (2 * HOUR, 3 * HOUR), (9 * DAY, 12 * DAY))
#: About as many steps as a scheduler takes over one occurrence: transactions begun, about to be committed, and committed.
STEPS = 18
STORY = """---
kind: article
subject: "{headline}"
preheader: "What people there told us, and what they would have us do from here this month"
headline: "{headline}"
standfirst: "A report from {place} on what was won, by whom, and what is still to be done."
topics: [{topic}]
{published}---
Dear {{{{ subscriber.first_name | default("friend") }}}},

We asked people in {place} how it came about, and what they need from us now. They told us of long evenings, of lists that
went from hand to hand, and of the morning on which it was done. Write to them: the Network passes every letter on.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """at: the true time. do: a method of `Year`, with `what` as its argument, unless that is None."""

    at: datetime
    do: str
    what: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A campaign that somebody writes. published: the day on which its file says it came out; None: it is mailed."""

    slug: str
    headline: str
    place: str
    published: date | None = None

    @property
    def text(self):
        said = ""
        if self.published:
            said = f"published: {self.published}\ncanonical_url: https://www.example.org/{self.slug}\n"
        return STORY.format(headline=self.headline, place=self.place, topic=PLACES[self.place], published=said)


class Plan:
    """Of `weeks` weeks from the Friday on which `begin` lies."""

    def __init__(self, seed, begin, weeks, zone, *, examples=True):
        self._dice, self.begin, self.weeks, self.zone = random.Random(seed), begin, weeks, zone
        self._examples = examples
        stories = [f"{place}: {news}" for place in PLACES for news in NEWS]
        self._dice.shuffle(stories)
        self._headlines = iter(stories)
        self._number = 0
        self.events = []
        self._write()
        self._people()
        self._mishaps()
        self.events.sort(key=lambda event: event.at)

    @property
    def end(self):
        return self.begin + self.weeks * WEEK - 2 * HOUR

    def fridays(self):
        """The instants at which the digest is due: nine o'clock on each Friday, by the clocks of the zone."""
        day = self.begin.astimezone(self.zone).date()
        each = (resolve(datetime.combine(day + number * WEEK, time(9)), self.zone) for number in range(self.weeks + 1))
        return [at for at in each if self.begin < at < self.end]

    def _add(self, at, do, what=None):
        if self.begin < at < self.end:
            self.events.append(Event(at=at, do=do, what=what))

    def _write(self):
        for number, slug in enumerate(EXAMPLES if self._examples else ()):
            self._add(self.begin + (1 + number) * DAY + 7 * HOUR, "send_example", slug)
        quiet = self._dice.sample(range(6, max(self.weeks, 12)), 3)  # holidays
        busy = self._dice.choice([week for week in range(3, max(self.weeks, 12)) if week not in quiet])
        for week in range(1, self.weeks):
            if week in quiet:
                continue
            for _ in range(self._dice.choice((0, 1, 1, 1, 2, 2, 3)) if week != busy else 15):
                at = self.begin + week * WEEK + DAY * self._dice.uniform(0.1, 6.9)
                if week == busy or self._dice.random() < 0.3:
                    late = self._dice.choice((0, 0, 2, 9)) * DAY  # the file comes long after the day that it names
                    self._add(at, "publish", self._story((at - late).astimezone(self.zone).date()))
                else:
                    self._add(at, "send", self._story())

    def _story(self, published=None):
        headline = next(self._headlines)
        self._number += 1
        return Story(
            slug=f"report-{self._number:03}", headline=headline, place=headline.split(":")[0], published=published
        )

    def _people(self):
        for _ in range(self.weeks // 2):
            at = self.begin + self.weeks * WEEK * self._dice.random()
            self._add(at, self._dice.choice(("somebody_joins", "somebody_joins", "somebody_leaves")))
            at = self.begin + self.weeks * WEEK * self._dice.random()
            self._add(at, "somebody_chooses", sorted(self._dice.sample(TOPICS, self._dice.choice((0, 1, 2)))))

    def _mishaps(self):
        """None of them in another's weeks; and in every other week a scheduler dies, if it is still at work then."""
        fridays = self.fridays()
        free = set(range(1, len(fridays) - 1))
        for outage in self._dice.sample(OUTAGES, len(OUTAGES)):
            if number := self._take(free, 1 + outage // WEEK):
                off = (
                    fridays[number] - outage * self._dice.uniform(0.05, 0.6) if outage < WEEK else fridays[number] - DAY
                )
                self._add(off, "switch_off")
                self._add(off + outage, "switch_on")
        for by, stays in JUMPS:
            if number := self._take(free, 2 + stays // WEEK):
                at = fridays[number] + HOUR
                self._add(at, "jump", by)
                self._add(at + stays, "jump", -by)
        for at in fridays:
            if self._dice.random() < 0.5:
                self._add(at - timedelta(minutes=1), "kill_the_next", self._dice.randrange(STEPS))

    def _take(self, free, weeks):
        """The first of so many weeks that belong to nobody, which now they do not; None if there are none, or few are left."""
        if len(free) < weeks + self.weeks // 4:
            return None
        fitting = [week for week in sorted(free) if {week + number for number in range(weeks)} <= free]
        if not fitting:
            return None
        week = self._dice.choice(fitting)
        free -= {week + number for number in range(-1, weeks + 1)}
        return week
