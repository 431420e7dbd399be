"""A project with a database of three people, two lists and one mailing, and its site."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from edition_oracle import TEXT, default, edition, field, link
from ledger_world import lay_empty_file
from mailer.app import App
from mailer.domain.audience import Audience
from mailer.domain.mailing import InDoubt, MailingState, RowState
from mailer.edition.format import Static, dump
from mailer.edition.links import Purpose, sign
from mailer.settings import (
    DatabaseSettings,
    ListSettings,
    OrganisationSettings,
    Settings,
    SubscribersSettings,
    WebSettings,
)
from mailer.storage import editions, mailings, subscriptions, tables
from mailer.web.site import make_site

NOW = datetime(2024, 11, 22, 9, tzinfo=UTC)
KEY = b"a key for these tests"
ANA, BEN, EVE = 0xFEDC_BA98_7654_3210, 7, 8  # public ids; Ana's needs all 64 bits
PEOPLE = {ANA: ("ana@example.net", "Ana"), BEN: ("ben@example.net", ""), EVE: ("eve@example.net", "<b>Eve</b>")}
HTML = (
    Static('<!doctype html><html lang="en"><body><p>Dear '),
    TEXT(default("first_name", "friend")),
    Static(", we write to "),
    TEXT(field("email")),
    Static('.</p><a href="http://127.0.0.1:8000/u/'),
    TEXT(link("leave")),
    Static('">Leave</a></body></html>\n'),
)


@pytest.fixture
def app(tmp_path: Path):
    lists = {
        "news": ListSettings(title="News and action", description="About once a week"),
        "events": ListSettings(title="Events"),
    }
    settings = Settings(
        organisation=OrganisationSettings(
            name="Latin America Solidarity Network", from_address="news@example.org", website="https://www.example.org"
        ),
        web=WebSettings(public_url="http://127.0.0.1:8000", secret_key=KEY.decode()),
        database=DatabaseSettings(url=f"sqlite:///{tmp_path / 'mailer.db'}"),
        subscribers=SubscribersSettings(default_list="news", lists=lists),
    )
    lay_empty_file(tmp_path / "mailer.db")
    made = App(settings, clock=lambda: NOW)
    with made.database.writing() as connection:
        for number, (public_id, (email, first)) in enumerate(PEOPLE.items(), 1):
            add_person(connection, number, public_id, email, first)
    yield made
    made.database.dispose()


def add_person(connection, number, public_id, email, first):
    signed = public_id - 2**64 if public_id >= 2**63 else public_id
    row = {"id": number, "public_id": signed, "email": email, "email_key": email, "first_name": first}
    connection.execute(tables.subscriber.insert().values(row | {"created_at": NOW, "updated_at": NOW}))
    for name in ("news", "events"):
        subscriptions.join(connection, number, name, consent="test", at=NOW)


def add_mailing(app, slug="fund", *, to=(1, 2, 3), views=None, **parts):
    frozen = replace(edition(meta={"slug": slug}, **(parts or {"html": HTML})), views=views)
    with app.database.writing() as connection:
        content = mailings.Content(
            edition_id=editions.store(connection, sources="5f" * 32, content=dump(frozen), at=NOW),
            title="The fund",
            audience=Audience(list_name="news", segment=None, exclude=None, segment_label="everyone"),
            starts_at=NOW,
            send_by=None,
            give_up_at=NOW,
            in_doubt=InDoubt.HOLD,
        )
        number = len(mailings.of_slug(connection, slug)) + 1
        state = MailingState.SENDING
        mailing_id = mailings.add(
            connection, slug=slug, number=number, kind="appeal", state=state, content=content, at=NOW
        )
        for number in to:
            row = {"mailing_id": mailing_id, "subscriber_id": number, "state": RowState.SENT}
            connection.execute(tables.delivery.insert().values(row))
    return mailing_id


@pytest.fixture
def mail_out(app):
    """Adds a mailing of the list "news" that reached everybody, or people `to`: `mail_out("fund", html=…)`; its id."""
    return partial(add_mailing, app)


@pytest.fixture
def mailing(mail_out):
    return mail_out()


@pytest.fixture
def site(app):
    return TestClient(make_site(app), follow_redirects=False, raise_server_exceptions=True)


@pytest.fixture
def address(mailing):
    """The address of a personal page: `address("/u/", Purpose.LEAVE, ANA)`."""

    def made(path="/u/", purpose=Purpose.LEAVE, who=ANA, of=None):
        return path + sign(KEY, purpose, mailing if of is None else of, who)

    return made


@pytest.fixture
def people(app):
    """Everything the database knows about people, for "nothing changed"."""

    def read():
        known = (tables.subscriber, tables.subscription, tables.suppression, tables.subscriber_event)
        with app.database.reading() as connection:
            return [connection.execute(table.select()).all() for table in known]

    return read


@pytest.fixture
def lists_of(app):
    """The lists that person number N still gets."""

    def read(number=1):
        table, lists = tables.subscription.c, tables.mailing_list.c
        query = sa.select(lists.name).where(table.subscriber_id == number, table.status == "confirmed")
        with app.database.reading() as connection:
            return set(connection.scalars(query.where(lists.id == table.list_id)))

    return read
