"""A small project with people, for tests of launching, scheduling and the commands around them."""

import json
import os
from datetime import UTC, datetime

import sqlalchemy as sa

import warm
from ledger_world import KEY, add_people, email, make_database
from mailer.app import system_clock
from mailer.launch import Desk
from mailer.settings import load
from mailer.storage.tables import subscriber

DIGEST = """---
kind: digest
subject: "News: {{ items[0].headline }}"
preheader: What was written and asked since you last heard from us
headline: The week
collect:
  max_items: 12
---
Dear {{ subscriber.first_name | default("friend") }}, this is what the week has brought.
"""
TOML = """
[organisation]
name = "Solidarity Network"
from_address = "news@example.org"
postal_address = "1 Example Street, London"
website = "https://www.example.org"

[subscribers]
default_list = "news"
[subscribers.lists.news]
title = "News"
[subscribers.lists.events]
title = "Events"
"""
SEGMENTS = """
donors:
  tag: donor
"""
LETTER = """---
kind: article
subject: We meet on Friday
preheader: At six in the old printworks, with soup, songs and a plan
headline: We meet on Friday
language: en
{extra}---
Dear {{{{ subscriber.first_name | default("friend") }}}},

We meet on Friday at six in the old printworks. There will be soup, there will be songs, and there will be a plan for the
spring: who writes to whom, who keeps the minutes, and who brings the banner to the embassy.

{body}
"""


def make_project(folder, *, toml=""):
    """A project with the campaign `letter` in `folder`."""
    (folder / "campaigns").mkdir(parents=True)
    (folder / "subscribers").mkdir()
    (folder / "mailer.toml").write_text(TOML + toml)
    (folder / "subscribers" / "segments.yaml").write_text(SEGMENTS)
    write_letter(folder)
    return folder


def write_letter(folder, *, body="Bring a friend, and write to us if you need a lift.", extra="", slug="letter"):
    """The campaign's file. extra: more lines of front matter, each with its line end."""
    (folder / "campaigns" / f"{slug}.md").write_text(LETTER.format(body=body, extra=extra))


def desk_for(folder, *, clock=None, url="", **environment):
    """What launches from the project in `folder`, over its own database or the one at `url`."""
    variables = {"MAILER_SMTP_URL": "smtp://127.0.0.1:1", **environment}
    database = make_database(url or f"sqlite:///{folder / 'mailer.db'}")
    return Desk(settings=load(folder, variables), database=database, key=KEY, clock=clock or system_clock)


def populate(database, number, *, donors=()):
    """`number` people on the list news; those whose ids are in `donors` carry the tag."""
    add_people(database, number)
    with database.writing() as connection:
        connection.execute(sa.update(subscriber).where(subscriber.c.id.in_(donors)).values(tags=["donor"]))


def rename(database, subscriber_id, **values):
    with database.writing() as connection:
        connection.execute(sa.update(subscriber).where(subscriber.c.id == subscriber_id).values(**values))


class Clock:
    """A clock that stands until it is told to move."""

    def __init__(self, at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC)):
        self.now = at

    def __call__(self):
        return self.now


class Run:
    """A command that ended."""

    def __init__(self, process, out, err):
        self.code, self.out, self.err = process.returncode, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error(self):
        """The JSON error, which stands on the last line."""
        return json.loads(self.err.splitlines()[-1])["error"]


class Commands:
    """Runs `mailer` in the project, each time in a process of its own, without a terminal."""

    def __init__(self, folder, **environment):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}
        self.folder = folder
        self.environment = kept | {"MAILER_SECRET_KEY": KEY.decode(), **environment}

    def start(self, *arguments, **options):
        return warm.Process(*arguments, cwd=self.folder, env=self.environment, **options)

    def __call__(self, *arguments, seconds=60, **options):
        return self.finish(self.start(*arguments, **options), seconds=seconds)

    def finish(self, process, *, seconds=60):
        out, err = process.communicate(timeout=seconds)
        assert "Traceback" not in err, err
        return Run(process, out, err)


def recipients(relay):
    """Whose messages were accepted, in order."""
    return sorted(one.recipient for one in relay.accepted)


def everybody(number=12, *, but=()):
    """The addresses of the first `number` people."""
    return sorted(email(one) for one in range(1, number + 1) if one not in but)
