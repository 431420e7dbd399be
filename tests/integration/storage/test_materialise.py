"""An audience becomes rows: each in the group of its provider, and during a warm-up in the order of joining."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger_world import add_mailing, add_people
from mailer.domain.audience import Audience
from mailer.domain.mailing import MailingState
from mailer.domain.provider import DOMAINS, FIRST_LABELS, provider_of
from mailer.storage.materialise import materialise
from mailer.storage.providers import provider_group
from mailer.storage.tables import delivery, mailing, subscriber, subscription

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
labels = st.sampled_from(["gmail", "mail", "example", "live", "liveable", "me", "goo", "outlook", "yahoo", "aol", "x"])
hosts = st.one_of(
    st.sampled_from(sorted(DOMAINS)),
    st.sampled_from(sorted(FIRST_LABELS)).map(lambda label: f"{label}.co.uk"),
    st.lists(labels, min_size=1, max_size=4).map(".".join),
)


def written(database, letter):
    """[(lane, due)] by subscriber"""
    with database.reading() as connection:
        query = sa.select(delivery.c.lane, delivery.c.due).where(delivery.c.mailing_id == letter)
        return [tuple(row) for row in connection.execute(query.order_by(delivery.c.subscriber_id))]


def half_written(database, audience):
    letter = add_mailing(database, 0, state=MailingState.MATERIALISING, starts_at=NOW)
    with database.writing() as connection:
        values = {"audience": audience.to_json(), "total": 0}
        connection.execute(sa.update(mailing).where(mailing.c.id == letter).values(values))
    return letter


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.from_regex(r"[a-z.]{1,9}", fullmatch=True), hosts), min_size=1, max_size=40))
def test_both_engines_group_addresses_as_python_does(database, parts):
    addresses = [f"{local}@{host}" for local, host in parts]
    with database.reading() as connection:
        each = (sa.select(sa.literal(n).label("n"), sa.literal(one).label("email")) for n, one in enumerate(addresses))
        rows = sa.union_all(*each).subquery()
        groups = sa.select(provider_group(rows.c.email, is_sqlite=database.is_sqlite)).order_by(rows.c.n)
        assert list(connection.scalars(groups)) == [provider_of(one) for one in addresses]


@pytest.mark.parametrize("limit", [None, 5])
def test_each_row_is_of_the_group_of_its_address(database, limit):
    add_people(database, 5)
    with database.writing() as connection:
        for who, host in enumerate(["gmail.com", "hotmail.co.uk", "yahoo.com.br", "me.com", "example.org"], 1):
            address = {"email": f"p{who}@{host}", "email_key": f"p{who}@{host}"}
            connection.execute(sa.update(subscriber).where(subscriber.c.id == who).values(address))
    letter = half_written(database, Audience(list_name="news", limit=limit))
    materialise(database, letter, at=NOW, undo=timedelta(0))
    assert written(database, letter) == [(1, 0), (2, 0), (3, 0), (4, 0), (0, 0)]


@pytest.mark.parametrize("limit", [None, 5])
def test_during_a_warm_up_who_joined_last_is_mailed_first(database, limit):
    add_people(database, 5)
    joined = [timedelta(days=900), timedelta(days=-1), timedelta(hours=25), timedelta(hours=23), timedelta(days=20_000)]
    with database.writing() as connection:
        for who, ago in enumerate(joined, 1):
            step = sa.update(subscription).where(subscription.c.subscriber_id == who)
            connection.execute(step.values(consented_at=NOW - ago))
    letter = half_written(database, Audience(list_name="news", limit=limit))
    materialise(database, letter, at=NOW, undo=timedelta(0), newest_first=True)
    assert [due for _, due in written(database, letter)] == [900, 0, 1, 0, 9999]
