"""A database with invented people and a mailing to all of them, for tests and benchmarks of the ledger and the worker."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from mailer.domain.mailing import MailingState, RowState
from mailer.edition.format import Context, Edition, Hole, Meta, Static, Variant, dump
from mailer.storage import editions
from mailer.storage.database import Database
from mailer.storage.schema import upgrade
from mailer.storage.tables import delivery, mailing, mailing_list, metadata, subscriber, subscription
from mailer.storage.types import UtcDateTime

KEY = b"a key of this project, 32 bytes."


def make_database(url):
    """An empty schema; on a server that was used before, emptied."""
    database = Database(url)
    if database.is_sqlite:
        lay_empty_file(Path(database.engine.url.database))
    else:
        _empty_server(database)
    upgrade(database)
    return database


def lay_empty_file(path):
    """A database file as `upgrade` makes it, unless there is one: a copy, for making one takes twenty times as long."""
    if not path.exists() or not path.stat().st_size:
        path.touch(mode=0o600)
        path.write_bytes(_empty_file())


@cache
def _empty_file():
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/mailer.db")
        upgrade(database)
        database.dispose()
        return (Path(folder) / "mailer.db").read_bytes()


def _empty_server(database):
    ours = ", ".join(f'"{name}"' for name in metadata.tables)
    with database.writing() as connection:
        there = set(sa.inspect(connection).get_table_names())
        if there == {*metadata.tables, "alembic_version"}:
            connection.exec_driver_sql(f"TRUNCATE {ours} RESTART IDENTITY CASCADE")
            return
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")


def somebody_waits(database):
    """Whether a connection to PostgreSQL waits for another's lock."""
    with database.reading() as connection:
        return connection.scalar(sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


def add_people(database, number, *, list_name="news"):
    """`number` confirmed members of the list, ids 1 and on, person1@example.org and on."""
    now = datetime.now(UTC)
    count = sa.select(sa.literal(1).label("i")).cte("count", recursive=True)
    count = count.union_all(sa.select(count.c.i + 1).where(count.c.i < number))
    one, text = count.c.i, sa.cast(count.c.i, sa.Text)
    address = sa.literal("person") + text + "@example.org"
    person = {
        "id": one,
        "public_id": one,
        "email": address,
        "email_key": address,
        "first_name": sa.literal("Ana ") + text,
        "attributes": sa.literal({}, sa.JSON),
        "created_at": sa.literal(now, UtcDateTime),
        "updated_at": sa.literal(now, UtcDateTime),
        **{name: sa.literal("") for name in ("last_name", "name", "language", "timezone", "country")},
    }
    member = {
        "list_id": sa.literal(1),
        "subscriber_id": one,
        "status": sa.literal("confirmed"),
        "consent": sa.literal(""),
        "consented_at": sa.literal(now, UtcDateTime),
        "changed_at": sa.literal(now, UtcDateTime),
    }
    with database.writing() as connection:
        connection.execute(sa.insert(mailing_list).values(id=1, name=list_name))
        for table, row in ((subscriber, person), (subscription, member)):
            every = sa.select(*row.values())
            connection.execute(sa.insert(table).from_select(list(row), every, include_defaults=False))


def email(subscriber_id):
    return f"person{subscriber_id}@example.org"


def edition(body="Dear friends,\nwe meet on Friday.\n"):
    """A small letter that greets by first name."""
    first_name = ("field", ("var", "subscriber"), "first_name")
    html = (
        Static(f"<!doctype html><html><body><p>{body}</p>"),
        Hole(first_name, Context.TEXT),
        Static("</body></html>\n"),
    )
    variant = Variant(
        language="en",
        from_name="Solidarity Network",
        subject=(Static("We meet on Friday"),),
        text=(Hole(first_name, Context.PLAIN), Static(f"\n\n{body}\n")),
        html=html,
    )
    meta = Meta(
        slug="letter",
        kind="article",
        title="We meet on Friday",
        list_name="news",
        list_title="News",
        from_address="news@example.org",
        public_url="https://mail.example.org",
        frozen_at=datetime(2024, 11, 30, 9, 30, tzinfo=UTC),
    )
    return Edition(sources="00" * 32, meta=meta, variants={"": variant})


def add_mailing(database, recipients, *, state=MailingState.SENDING, number=1, **values):
    """A mailing to subscribers 1 … `recipients`, all queued; its id."""
    now = datetime.now(UTC)
    defaults = {"kind": "article", "title": "", "list_name": "news", "audience": {}, "in_doubt": "hold"}
    defaults |= {"created_at": now, "starts_at": now, "give_up_at": now + timedelta(days=3), "total": recipients}
    with database.writing() as connection:
        content = editions.store(connection, sources="00" * 32, content=dump(edition()), at=now)
        insert = sa.insert(mailing).values(
            slug="letter", number=number, state=state, edition_id=content, **(defaults | values)
        )
        mailing_id = connection.execute(insert).inserted_primary_key[0]
        people = sa.select(sa.literal(mailing_id), subscriber.c.id, sa.literal(0), *[sa.literal(0)] * 6)
        columns = ["mailing_id", "subscriber_id", "state", "lane", "due", "attempts", "token", "lease", "relay"]
        connection.execute(
            sa.insert(delivery).from_select(
                columns, people.where(subscriber.c.id <= recipients), include_defaults=False
            )
        )
    return mailing_id


def states(database, mailing_id):
    """{state: [subscriber ids]}"""
    found = {}
    with database.reading() as connection:
        query = sa.select(delivery.c.state, delivery.c.subscriber_id).where(delivery.c.mailing_id == mailing_id)
        for state, who in connection.execute(query.order_by(delivery.c.subscriber_id)):
            found.setdefault(RowState(state), []).append(who)
    return found


def described(database, mailing_id):
    """Numbers by state, for messages of failed assertions."""
    return json.dumps({state.name: len(ids) for state, ids in states(database, mailing_id).items()})
