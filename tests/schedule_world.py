"""What comes round, armed through the whole gate, and what became of it; for tests of firing."""

import threading
from datetime import timedelta

import sqlalchemy as sa

from mailer.domain.mailing import MailingState
from mailer.domain.wish import Wish
from mailer.launch import Order, fire_due, launch_again, settle
from mailer.storage import mailings, schedules
from mailer.storage.tables import alert, occurrence

SENDING, HELD, CANCELLED = MailingState.SENDING, MailingState.HELD, MailingState.CANCELLED
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: The clock begins at nine on 22 November, so the first is the next day's.
FIRST, SECOND, THIRD = "2026-11-23T09:00", "2026-11-24T09:00", "2026-11-25T09:00"


def arm_again(desk, slug="letter", *, segment=None, **wish):
    """The campaign comes round from now on, each day at nine unless `wish` says otherwise; its schedule. Times are UTC."""
    when = {"timezone": "UTC"} | ({} if "cron" in wish else {"every": "daily 09:00"}) | wish
    again = settle(Wish(**when), now=desk.clock(), zone="UTC")
    return launch_again(desk, Order(slug=slug, segment=segment), again, lambda *_: None)


def outcomes(database):
    """[(key, outcome)] of all occurrences, by their time."""
    return [(key, outcome) for key, outcome, _ in recorded(database)]


def recorded(database):
    """[(key, outcome, detail)] of all occurrences, by their time."""
    query = sa.select(occurrence.c.key, occurrence.c.outcome, occurrence.c.detail)
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(occurrence.c.fire_at))]


def as_it_is(database, one):
    """The schedule as it stands now."""
    with database.reading() as connection:
        return schedules.get(connection, one.id)


def all_mailings(database):
    with database.reading() as connection:
        return mailings.everything(connection)


def alerts(database):
    """{(kind, what)} of all that a person is told."""
    with database.reading() as connection:
        return [(row.kind, row.detail) for row in connection.execute(sa.select(alert).where(alert.c.channel == "mail"))]


def finish(desk, mailing):
    """As if a worker had sent it all."""
    with desk.database.writing() as connection:
        assert mailings.move(connection, mailing.id, MailingState.FINISHED, at=desk.clock())


def fire(desk, after=timedelta(0)):
    """The only thing that is due `after` the present."""
    desk.clock.now += after
    (fired,) = fire_due(desk)
    return fired


def now_of(desk, one):
    with desk.database.reading() as connection:
        return mailings.get(connection, one.id)


def looked_at_once(desk, schedulers=4):
    """What so many schedulers, which look at the same moment, have dealt with."""
    fired, start = [], threading.Barrier(schedulers)

    def look():
        start.wait(60)
        fired.extend(fire_due(desk))

    threads = [threading.Thread(target=look) for _ in range(schedulers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return fired
