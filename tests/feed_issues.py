"""Issues of a digest that takes up feeds: written, put together, looked at."""

from datetime import timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from feed_server import entry
from ledger_world import add_mailing
from mailer.domain.schedule import parse_when
from mailer.launch import Issues, Order, launch, read_file
from mailer.storage import digest_items
from mailer.storage.tables import feed

DIGEST = """---
kind: digest
subject: "News: {{{{ items[0].headline }}}}"
preheader: What was written and asked since you last heard from us
headline: The week
collect:
  first_run: {first_run}
{more}  feeds: [{feeds}]
---
Dear {{{{ subscriber.first_name | default("friend") }}}}, this is what the week has brought.
"""
NUMBERS = count(1)

#: For what the database decides.
both_engines = pytest.mark.parametrize("desk", ["sqlite", "postgresql"], indirect=True)


def write_digest(desk, *urls, slug="weekly", first_run="everything", more=""):
    text = DIGEST.format(feeds=", ".join(urls), first_run=first_run, more=more)
    (desk.settings.root / "campaigns" / f"{slug}.md").write_text(text)


def entries(desk, *numbers, days=0):
    """Entries that came out as many hours ago as their number says, and `days` more."""
    return [entry(n, guid=f"e{n}", at=desk.clock() - timedelta(hours=n, days=days)) for n in numbers]


def compose(desk, *, rest=False, **values):
    """The next issue, put together and written down as `launch` does it; the keys of its items, newest first.

    What is left out is the mail itself, which other tests read.
    """
    around = {"settings": desk.settings, "database": desk.database, "now": desk.now, "clock": desk.clock}
    issue = Issues(**around, rest=rest, asks_feeds=True)(read_file(desk, "weekly"))
    if issue.lack:
        return []
    times = {"starts_at": desk.clock(), "created_at": desk.clock()}
    mailing_id = add_mailing(desk.database, 0, number=next(NUMBERS), kind="digest", **times | values)
    with desk.database.writing() as connection:
        assert digest_items.carry(connection, mailing_id, "weekly", issue)
    return [item.key.rpartition(":")[2] for item in issue.items]


def later(desk, **time):
    desk.clock.now += timedelta(**time)


def looked_at(desk, slug="weekly"):
    """The issue as somebody sees it who only looks."""
    return issues_of(desk)(read_file(desk, slug))


def issues_of(desk):
    """Those of every digest, put together without asking a feed."""
    return Issues(settings=desk.settings, database=desk.database, now=desk.now, clock=desk.clock)


def notes(issue):
    return [f"{note.line}: {note.message}" for note in issue.notes]


def rows(desk, table=feed):
    with desk.database.reading() as connection:
        return connection.execute(sa.select(table).order_by(table.c.id)).all()


def arm(desk, text):
    when = parse_when(text, now=desk.clock(), zone="Europe/London")
    return launch(desk, Order(slug="weekly"), lambda *_: None, when=when)
