"""What people write in the simulated machine, and whom it is for: the digest's project, its items, who chose which topics."""

import json
import shutil
import tempfile
from datetime import timedelta
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

import sqlalchemy as sa

from mailer.domain.mailing import MailingState, RowState
from mailer.settings import load
from mailer.storage.tables import delivery, edition, mailing, subscriber, subscription
from sending_world import LETTER, make_project

SLUG = "weekly"
TOPICS = ("peru", "chile", "cuba")
#: What may have become of the message of an item's own mailing, in hundredths; the rest was sent.
FATES = ((RowState.UNCERTAIN, 5), (RowState.FAILED, 10), (RowState.SUPPRESSED, 15))
DIGEST = """---
kind: digest
subject: "News: {{{{ items[0].headline }}}}"
preheader: What was written and asked since you last heard from us
headline: The week
collect:
  first_run: everything
  max_items: 40
  min_items: {least}
  already_mailed: {already_mailed}
---
Dear {{{{ subscriber.first_name | default("friend") }}}}, this is what the week has brought.
"""
#: As little as `check` takes: what an issue looks like is not what is tried here.
MJML = """<mjml><mj-head><mj-title>{{ subject }}</mj-title></mj-head><mj-body>{{ body }}<mj-section><mj-column><mj-text>
<h1>{{ campaign.headline }}</h1>{% for item in items %}<p>[{{ item.headline }}{% if item.brief %} brief{% endif %}]</p>{% endfor %}
<p><a href="{{ leave_url }}">Leave {{ list.title }}</a> {{ organisation.name }}, {{ organisation.postal_address }}</p>
</mj-text></mj-column></mj-section></mj-body></mjml>
"""
TEXT = """{{ body }}

{% for item in items %}({{ item.headline }}{% if item.brief %} brief{% endif %})
{% endfor %}
Leave {{ list.title }}: {{ leave_url }} {{ organisation.name }}, {{ organisation.postal_address }}
"""


@cache
def project():
    """The folder of a project with a digest in it, for all runs of this process."""
    folder = tempfile.TemporaryDirectory(prefix="simulation-")
    Finalize(folder, folder.cleanup, exitpriority=1)
    root = Path(folder.name)
    make_project(root)
    (root / "templates").mkdir()
    (root / "templates" / "digest.mjml").write_text(MJML)
    (root / "templates" / "digest.txt").write_text(TEXT)
    return root


@cache
def settings():
    return load(project(), {"MAILER_SMTP_URL": "smtp://127.0.0.1:1"})


class Newsroom:
    """Of one run. Items are numbered; the campaign of the fourth is called item-4, and so is its headline."""

    def __init__(self, machine, people, *, least, already_mailed):
        self._machine, self._dice, self._people = machine, machine.dice, people
        self._root, self._number = project(), 0
        shutil.rmtree(self._root / "campaigns")
        (self._root / "campaigns").mkdir()
        (self._root / "campaigns" / f"{SLUG}.md").write_text(DIGEST.format(least=least, already_mailed=already_mailed))

    # What comes out

    def write(self, *, late):
        """Somebody writes a campaign, and publishes it or mails it. late: what says that it came out long ago is seen now."""
        topics = self._dice.sample(TOPICS, self._dice.choice((0, 0, 1, 1, 2)))
        slug = self._next(topics)
        if self._dice.random() < 0.5:
            self._publish(slug, topics, late=late)
        else:
            self._write_file(slug, topics)
            self._mail(slug, late=late)

    def write_for_all(self):
        """Somebody publishes what everybody on the list will see."""
        self._publish(self._next([]), [], late=False)

    def _next(self, topics):
        self._number += 1
        slug = f"item-{self._number}"
        self._machine.oracle.topics_of[slug] = frozenset(topics)
        return slug

    def _write_file(self, slug, topics, extra=""):
        extra += f"topics: [{', '.join(topics)}]\n" if topics else ""
        text = LETTER.format(body="Bring a friend, and write to us.", extra=extra).replace("We meet on Friday", slug)
        (self._root / "campaigns" / f"{slug}.md").write_text(text)

    def _publish(self, slug, topics, *, late):
        day = (self._machine.clock() - timedelta(days=9 if late else 0)).date()
        self._write_file(slug, topics, f"published: {day}\ncanonical_url: https://www.example.org/{slug}\n")
        self._machine.oracle.came_out(slug)

    def _mail(self, slug, *, late):
        """Its mailing is over when it is there. late: it was begun long before it is committed, and issues overtook it."""
        share = self._dice.choice((1, 2, 3))

        def command():
            began = self._machine.clock() - late * timedelta(days=9) * self._dice.random()
            with self._machine.database.writing() as connection:
                self._add(connection, slug, share, began)

        self._machine.command("writer", command)

    def _add(self, connection, slug, share, at):
        people = [who for who in connection.scalars(MEMBERS) if who % share == 0]
        values = {
            "slug": slug, "number": 1, "kind": "article", "title": slug, "list_name": "news", "in_doubt": "hold",
            "audience": {"list": "news"}, "state": MailingState.FINISHED, "created_at": at, "starts_at": at,
            "edition_id": sa.select(sa.func.min(edition.c.id)).scalar_subquery(), "started_at": at, "finished_at": at,
            "give_up_at": at + timedelta(days=3), "total": len(people),
        }  # fmt: skip
        mailing_id = connection.scalar(sa.insert(mailing).values(values).returning(mailing.c.id))
        row = dict.fromkeys(("lane", "due", "attempts", "token", "lease", "relay"), 0) | {"mailing_id": mailing_id}
        if people:
            rows = [row | {"subscriber_id": who, "state": int(self._fate())} for who in people]
            connection.execute(sa.insert(delivery), rows)

    def _fate(self):
        number = self._dice.random() * 100
        return next((state for state, most in FATES if number < most), RowState.SENT)

    # Who gets it

    def settle_in(self):
        """Before anything begins: everybody has chosen, and some have yet to come."""
        dice = self._dice
        with self._machine.database.writing() as connection:
            for who in range(1, self._people + 1):
                if dice.random() < 0.6:
                    self._set_topics(connection, who)
                if dice.random() < 0.1:
                    connection.execute(sa.delete(subscription).where(subscription.c.subscriber_id == who))
                    self._machine.oracle.has_yet_to_come(who)

    def choose(self, who):
        """Somebody chooses other topics."""
        self._machine.person(lambda connection, now: self._set_topics(connection, who))

    def _set_topics(self, connection, who):
        topics = sorted(self._dice.sample(TOPICS, self._dice.choice((0, 1, 1, 2))))
        connection.execute(sa.update(subscriber).where(subscriber.c.id == who).values(topics=topics))

    def join(self, who):
        """Somebody comes onto the list, who was never on it."""

        def act(connection, now):
            from mailer.storage import subscriptions

            subscriptions.join(connection, who, "news", consent="", at=now)

        self._machine.person(act)


MEMBERS = sa.select(subscription.c.subscriber_id).where(subscription.c.status == "confirmed")


def chosen(text):
    """What the database says that somebody chose."""
    return frozenset(json.loads(text))
