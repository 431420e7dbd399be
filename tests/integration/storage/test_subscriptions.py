from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger_world import make_database
from mailer.domain.subscriber import SubscriptionStatus, SuppressionReason
from mailer.storage import people, subscriptions, suppressions, tables
from mailer.storage.history import history

NOW = datetime(2024, 11, 22, 9, tzinfo=UTC)
KEY = "ana@example.org"


@pytest.fixture
def connection(database_url):
    database = make_database(database_url)
    with database.writing() as opened:
        opened.execute(
            tables.subscriber.insert().values(
                id=1, public_id=5, email=KEY, email_key=KEY, created_at=NOW, updated_at=NOW
            )
        )
        for name in ("news", "events"):
            subscriptions.join(opened, 1, name, consent="form", at=NOW)
        yield opened
    database.dispose()


def statuses(connection):
    return {one.list_name: one.status.value for one in people.person(connection, 1).subscriptions}


def later(minutes):
    return NOW + timedelta(minutes=minutes)


def leave(connection, list_name, minutes, mailing_id=7):
    subscriptions.leave(connection, 1, list_name=list_name, mailing_id=mailing_id, at=later(minutes))


def undo(connection, list_name, minutes, mailing_id=7):
    subscriptions.undo_leave(connection, 1, list_name=list_name, mailing_id=mailing_id, at=later(minutes))


def test_leaving_one_list_keeps_the_others(connection):
    leave(connection, "news", 1)
    assert statuses(connection) == {"news": "unsubscribed", "events": "confirmed"}
    assert suppressions.find(connection, KEY) is None


def test_leaving_again_changes_nothing_and_records_nothing(connection):
    leave(connection, "news", 1)
    before = history(connection, 1)
    leave(connection, "news", 2)
    assert history(connection, 1) == before
    leave(connection, None, 3)
    before = history(connection, 1)
    leave(connection, None, 4)
    assert history(connection, 1) == before


def test_leaving_everything_suppresses_and_undo_restores_exactly_that(connection):
    leave(connection, "events", 1, mailing_id=3)
    leave(connection, None, 2)
    assert statuses(connection) == {"news": "unsubscribed", "events": "unsubscribed"}
    assert suppressions.find(connection, KEY).reason is SuppressionReason.LEFT
    undo(connection, None, 3)
    assert statuses(connection) == {"news": "confirmed", "events": "unsubscribed"}
    assert suppressions.find(connection, KEY) is None


def test_undo_names_the_list_of_the_mailing_and_lifts_everything_left_through_it(connection):
    leave(connection, "news", 1)
    leave(connection, None, 2)
    undo(connection, "news", 3)
    assert statuses(connection) == {"news": "confirmed", "events": "confirmed"}
    assert suppressions.find(connection, KEY) is None


def test_undo_through_another_mailing_or_twice_changes_nothing(connection):
    leave(connection, "news", 1)
    undo(connection, "news", 2, mailing_id=8)
    assert statuses(connection)["news"] == "unsubscribed"
    undo(connection, "news", 3)
    before = history(connection, 1)
    undo(connection, "news", 4)
    assert history(connection, 1) == before
    assert statuses(connection)["news"] == "confirmed"


def test_undo_lifts_no_suppression_but_the_leave(connection):
    leave(connection, None, 1)
    suppressions.suppress(connection, KEY, reason=SuppressionReason.COMPLAINT, at=later(2))
    undo(connection, None, 3)
    assert suppressions.find(connection, KEY).reason is SuppressionReason.COMPLAINT
    assert statuses(connection)["news"] == "unsubscribed"


def test_a_pending_subscription_is_left_alone(connection):
    pending = SubscriptionStatus.PENDING.value
    connection.execute(tables.subscription.update().values(status=pending))
    assert not subscriptions.join(connection, 1, "news", consent="import", at=later(1))
    leave(connection, None, 1)
    undo(connection, None, 2)
    assert set(statuses(connection).values()) == {pending}


def test_nobody_who_left_is_brought_back_by_joining_again(connection):
    leave(connection, "news", 1)
    assert not subscriptions.join(connection, 1, "news", consent="import", at=later(2))
    assert statuses(connection)["news"] == "unsubscribed"


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [("left", "complaint", "complaint"), ("complaint", "left", "complaint"), ("manual", "manual", "manual")],
)
def test_the_weightier_reason_stays(connection, first, second, stays):
    for minutes, reason in enumerate((first, second)):
        suppressions.suppress(connection, KEY, reason=SuppressionReason(reason), at=later(minutes))
    assert suppressions.find(connection, KEY).reason.value == stays


def test_of_an_erased_address_only_a_hash_is_kept_and_it_is_recognised(connection):
    suppressions.suppress(connection, KEY, reason=SuppressionReason.ERASED, at=NOW)
    stored = connection.scalar(sa.select(tables.suppression.c.email_key))
    assert stored.startswith("sha256:")
    assert "ana" not in stored
    assert suppressions.find(connection, KEY).reason is SuppressionReason.ERASED
    assert suppressions.release(connection, KEY, at=later(1))
    assert suppressions.find(connection, KEY) is None
