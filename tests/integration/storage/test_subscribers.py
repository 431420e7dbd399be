"""People as editions see them, and audiences as everything counts them, on both engines."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from ledger_world import make_database
from mailer.domain.audience import Audience
from mailer.domain.segment import Attribute, Not, Op, Tagged
from mailer.domain.subscriber import STANDARD_FIELDS, SuppressionReason
from mailer.storage import audiences, person_changes, subscribers, subscriptions, suppressions, tables

NOW = datetime(2024, 11, 22, 9, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request, tmp_path_factory):
    if request.param == "sqlite":
        made = make_database(f"sqlite:///{tmp_path_factory.mktemp('subscribers') / 'mailer.db'}")
    else:
        made = make_database(request.getfixturevalue("postgres_url"))
    yield made
    made.dispose()


@pytest.fixture
def connection(database):
    """Twenty people on news, every second one a donor."""
    with database.engine.connect() as opened:
        for number in range(20):
            who, _ = person_changes.add_person(opened, f"P{number}@example.org", at=NOW)
            person_changes.change_fields(opened, who, {"first_name": f"N{number}"}, {"age": str(number)}, at=NOW)
            subscriptions.join(opened, who, "news", consent="form", at=NOW)
            if number % 2:
                person_changes.add_tags(opened, who, ["donor", "big fish"], at=NOW)
        yield opened
        opened.rollback()


def ids(connection):
    return list(connection.scalars(sa.select(tables.subscriber.c.id).order_by(tables.subscriber.c.id)))


def test_a_recipient_has_what_was_asked_for_and_no_more(connection):
    one = ids(connection)[3]
    (found,) = subscribers.recipients(connection, [one, -1], frozenset({"first_name", "last_name", "age", "city"}))
    assert (found.subscriber_id, found.email) == (one, "P3@example.org")
    assert found.fields == {"first_name": "N3", "age": "3"}
    (found,) = subscribers.recipients(connection, [one], STANDARD_FIELDS)
    assert found.fields == {
        "email": "P3@example.org",
        "first_name": "N3",
        "name": "N3",
        "tags": ("big fish", "donor"),
        "lists": ("news",),
        "topics": (),
        "joined_at": "2024-11-22",
        "attributes": {"age": "3"},
    }
    (found,) = subscribers.recipients(connection, [one], frozenset())
    assert found.fields == {}


def test_a_standard_field_wins_over_an_attribute(connection):
    one = ids(connection)[0]
    connection.execute(tables.subscriber.update().values(attributes={"first_name": "x", "email": "y"}))
    (found,) = subscribers.recipients(connection, [one], frozenset({"first_name", "attributes"}))
    assert found.fields == {"first_name": "N0", "attributes": {"first_name": "x", "email": "y"}}


def test_public_ids_are_unsigned_outside_and_find_their_person(connection):
    one = ids(connection)[0]
    connection.execute(tables.subscriber.update().where(tables.subscriber.c.id == one).values(public_id=-5))
    (found,) = subscribers.recipients(connection, [one], frozenset())
    assert found.public_id == 2**64 - 5
    assert subscribers.find_by_public_id(connection, found.public_id) == one
    assert subscribers.find_by_public_id(connection, 12345) is None


def test_people_are_found_by_any_spelling_of_their_address(connection):
    assert subscribers.recipient_by_email(connection, "p7@EXAMPLE.org").email == "P7@example.org"
    assert subscribers.recipient_by_email(connection, "nobody@example.org") is None
    assert subscribers.known_attributes(connection) == {"age"}


def members(connection, audience):
    return set(connection.scalars(audiences.members(audience, now=NOW)))


def test_only_confirmed_members_who_are_not_suppressed_are_mailed(connection):
    first, second, third, *others = ids(connection)
    subscriptions.leave(connection, first, list_name="news", mailing_id=None, at=NOW)
    suppressions.suppress(connection, "p1@example.org", reason=SuppressionReason.BAD_ADDRESS, at=NOW)
    pending = tables.subscription.update().where(tables.subscription.c.subscriber_id == third)
    connection.execute(pending.values(status="pending"))
    everybody = Audience(list_name="news")
    assert members(connection, everybody) == set(others)
    assert audiences.count(connection, everybody, now=NOW) == 17
    assert not audiences.includes(connection, everybody, second, now=NOW)
    assert audiences.includes(connection, everybody, others[0], now=NOW)
    assert members(connection, Audience(list_name="events")) == set()


def test_a_segment_narrows_an_exclusion_takes_away_and_the_way_is_explained(connection):
    young = Attribute("age", Op.LESS, 10)
    audience = Audience(list_name="news", segment=Tagged("donor"), exclude=young)
    suppressions.suppress(connection, "p19@example.org", reason=SuppressionReason.MANUAL, at=NOW)
    found = audiences.explain(connection, audience, now=NOW)
    assert [(step.clause, step.remaining) for step in found.steps] == [
        ("list:news", 20),
        ("tag:donor", 10),
        ("exclude attr.age:<10", 5),
    ]
    assert (found.suppressed, found.count) == (1, 4)
    assert len(members(connection, audience)) == 4
    everybody = members(connection, Audience(list_name="news"))
    assert members(connection, Audience(list_name="news", segment=Not(young))) == everybody - members(
        connection, Audience(list_name="news", segment=young)
    )


def test_a_sample_is_random_and_the_same_for_the_same_seed(connection):
    def sample(seed):
        return members(connection, Audience(list_name="news", limit=6, sample_seed=seed))

    assert len(sample(1)) == 6
    assert sample(1) == sample(1)
    assert len({frozenset(sample(seed)) for seed in range(20)}) > 5
    assert set(audiences.sample(connection, Audience(list_name="news", sample_seed=1), 6, now=NOW)) == sample(1)


def test_an_audience_reads_back_as_it_was_stored():
    audience = Audience(
        list_name="news", segment=Tagged("x"), exclude=Not(Tagged("y")), segment_label="some", limit=5, sample_seed=9
    )
    assert Audience.from_json(audience.to_json()) == audience
    assert Audience.from_json(Audience(list_name="news").to_json()) == Audience(list_name="news")
