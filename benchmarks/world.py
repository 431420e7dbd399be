"""What benchmarks of sending send: a letter through the whole compiling chain, to invented people with data of their own.

The letter is 35 to 45 kilobytes on the wire: HTML and text, over fifteen places that differ from person to person, links that
are each person's own. The sending program is the one people run, configured by its environment alone.
"""

import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import sqlalchemy as sa

from ledger_world import KEY, add_mailing, add_people, make_database
from mailer.domain.subscriber import Recipient
from mailer.edition.format import dump
from mailer.edition.program import Program
from mailer.rendering.compile import compile_campaign
from mailer.rendering.surroundings import Surroundings
from mailer.settings import load
from mailer.sources.campaign_files import read_campaign
from mailer.storage import editions
from mailer.storage.tables import mailing, subscriber
from sending_world import make_project, write_letter

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PLACES = """
You are member **{{ subscriber.member_no | default("not known to us") }}** in {{ subscriber.branch | default("no branch") }},
{{ subscriber.region | default("somewhere") }}; you gave {{ subscriber.last_gift | default("nothing yet") }} when we last asked.
{% if subscriber.joined_at %}You have been with us since {{ subscriber.joined_at | date }}.{% endif %}

Write to us, {{ subscriber.first_name | default("friend") }}, if {{ subscriber.email }} is no longer your address, or if
you have left {{ subscriber.employer | default("your employer") }}, and
[tell us what you can do](https://www.example.org/{{ subscriber.member_no | default("0") }}/offers).
"""
WORDS = """
Nurses in the clinics of Tegucigalpa told our reporters that the wards were full and the shelves were empty, and that they
would stay: for the patients, for each other, and for the morning when the letter from the ministry comes. What they ask
of us is small enough to fit into an envelope and large enough to keep a printing press busy for a week.
"""
PARTS = 3
ATTRIBUTES = ("member_no", "branch", "region", "last_gift", "employer")


def make_letter_project(folder):
    """A project with the letter as its campaign `letter`."""
    make_project(folder)
    write_letter(folder, body=PLACES + "".join(f"\n## Part {part}\n{WORDS * 6}" for part in range(1, PARTS + 1)))
    return folder


@cache
def edition():
    """The letter, frozen."""
    with TemporaryDirectory() as name:
        folder = make_letter_project(Path(name) / "project")
        around = Surroundings(settings=load(folder, {}), now=AT, known_attributes=frozenset(ATTRIBUTES))
        return compile_campaign(read_campaign(folder, "letter"), around).edition


@cache
def octets():
    """How large a finished letter is."""
    fields = dict.fromkeys(ATTRIBUTES, "Printworks 1234") | {
        "first_name": "Ana 1234",
        "email": "person1234@example.org",
    }
    reader = Recipient(subscriber_id=1, public_id=2**60, email="person1234@example.org", fields=fields)
    return len(Program(edition(), key=KEY, mailing_id=1).message(reader, at=AT).content)


def prepare(url, people):
    """An empty database with `add_letter` in it."""
    database = make_database(url)
    add_letter(database, people)
    database.dispose()


def add_letter(database, people):
    """People, and the letter to all of them, sending; its id."""
    add_people(database, people)
    give_attributes(database)
    mailing_id = add_mailing(database, people)
    with database.writing() as connection:
        stored = editions.store(connection, sources=edition().sources, content=dump(edition()), at=datetime.now(UTC))
        connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(edition_id=stored))
    return mailing_id


def give_attributes(database):
    """Everybody's own values."""
    number = sa.cast(subscriber.c.id, sa.Text)
    values = {
        "member_no": "M" + number,
        "branch": "Branch " + number,
        "region": "North " + sa.cast(subscriber.c.id % 7, sa.Text),
        "last_gift": "£" + number,
        "employer": "Printworks " + number,
    }
    pairs = [part for name, value in values.items() for part in (sa.literal_column(f"'{name}'"), value)]
    make = sa.func.json_object if database.is_sqlite else sa.func.jsonb_build_object
    with database.writing() as connection:
        connection.execute(sa.update(subscriber).values(attributes=make(*pairs)))


def environment(url, port, **settings):
    """What a sending program needs to be told: the rest are defaults."""
    named = {f"MAILER_{name.upper()}": str(value) for name, value in settings.items()}
    return {
        "MAILER_DATABASE_URL": url,
        "MAILER_SMTP_URL": f"smtp://127.0.0.1:{port}",
        "MAILER_SECRET_KEY": KEY.decode(),
        **named,
    }
