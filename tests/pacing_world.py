"""A ledger under limits, with a clock of its own, for tests of rates, quotas and hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ledger_world import add_people, make_database
from mailer.domain.provider import Provider
from mailer.storage import quotas
from mailer.storage.tables import delivery

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
PEOPLE = 400


class Clock:
    def __init__(self, at=NOON):
        self.at = at

    def __call__(self):
        return self.at

    def advance(self, seconds):
        self.at += timedelta(seconds=seconds)


def with_people(url):
    """An empty database with `PEOPLE` people in it."""
    made = make_database(url)
    add_people(made, PEOPLE)
    return made


def relays(database, *names):
    known = quotas.relay_ids(database, names)
    return [known[name] for name in names]


def into_groups(database, letter, **groups):
    """gmail=10: the next ten people are of that group."""
    with database.writing() as connection:
        first = 1
        for name, number in groups.items():
            of_it = delivery.c.subscriber_id.between(first, first + number - 1)
            step = sa.update(delivery).where(delivery.c.mailing_id == letter, of_it)
            connection.execute(step.values(lane=int(Provider[name.upper()])))
            first += number


def leased(ledger, letter, lane, *, n=500):
    batch = ledger.claim(letter, n, lease_seconds=60, lane=lane)
    return 0 if batch is None else len(batch.rows)


def run(clock, seconds, claims):
    """Claim whenever the last claim said that it is worth while, for so long; [(instant, number)] of each of `claims`."""
    taken, end = [[] for _ in claims], clock.at + timedelta(seconds=seconds)
    due, turns = [clock.at] * len(claims), list(range(len(claims)))
    while min(due) <= end:
        which = min(turns, key=due.__getitem__)  # of those that are due together, whose last turn is longest ago
        turns.remove(which)
        turns.append(which)
        clock.at = max(clock.at, due[which])
        batch = claims[which]()
        due[which] = end + timedelta(seconds=1)
        if batch is not None:
            taken[which].append((clock.at, len(batch.rows)))
            if batch.hold is not None:
                due[which] = clock.at + timedelta(seconds=max(batch.hold.seconds, 0.0005))
            elif not batch.exhausted:
                due[which] = clock.at
    return taken


def totals(taken):
    return [sum(number for _, number in one) for one in taken]


def heaviest(taken, seconds):
    """The most that was leased within any span of that length."""
    every = sorted(one for each in taken for one in each)
    span = timedelta(seconds=seconds)
    return max(sum(number for at, number in every if first <= at <= first + span) for first, _ in every)
