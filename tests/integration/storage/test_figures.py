"""Figures of `status`: speed, causes, who left, what is usual, what a mailing waits for."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, add_people, make_database
from mailer.domain.mailing import MailingState, RowState
from mailer.storage import events, figures, mailings, subscriptions
from mailer.storage.heartbeats import Role, beating
from mailer.storage.status import Waiting, status_of
from mailer.storage.tables import delivery

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def database(database_url):
    made = make_database(database_url)
    add_people(made, 20)
    yield made
    made.dispose()


def settle(database, mailing_id, ids, state, *, code=250, enhanced="", seconds_ago=0, text="ok"):
    with database.writing() as connection:
        where = (delivery.c.mailing_id == mailing_id, delivery.c.subscriber_id.in_(ids))
        connection.execute(sa.update(delivery).where(*where).values(state=state, attempts=1))
        at = int(NOW.timestamp()) - seconds_ago
        events.write(connection, mailing_id, [(one, state, code, enhanced, text, "main") for one in ids], at=at)


def status(database, mailing_id, *, now=NOW):
    with database.reading() as connection:
        return status_of(connection, mailings.get(connection, mailing_id), now=now)


def test_the_rate_is_that_of_the_last_minute_and_says_how_long_it_takes(database):
    one = add_mailing(database, 20)
    assert status(database, one).rate is None
    settle(database, one, [1, 2], RowState.SENT, seconds_ago=3600)
    assert status(database, one).rate is None
    settle(database, one, [3, 4, 5], RowState.SENT, seconds_ago=10)
    settle(database, one, [6, 7], RowState.SENT)
    with beating(database, lambda: NOW, Role.WORKER):
        found = status(database, one)
    assert (found.rate, found.eta) == (0.5, 26), "13 are left"
    assert status(database, one).eta is None, "nobody is at work on them any more"


def test_failures_are_summed_up_by_cause_and_provider(database):
    one = add_mailing(database, 20)
    settle(database, one, [1, 2], RowState.FAILED, code=550, enhanced="5.1.1", text="no such person <a@b>")
    settle(database, one, [3], RowState.QUEUED, code=450, enhanced="4.2.1", text="later")
    settle(database, one, [3], RowState.FAILED, code=550, enhanced="5.1.1", text="another text")
    settle(database, one, [4], RowState.UNCERTAIN, code=0, text="the worker was lost")
    settle(database, one, [5], RowState.FAILED, code=0, text="no message")
    settle(database, one, [5], RowState.SENT)
    with database.reading() as connection:
        found = figures.failures(connection, one)
    assert [(each.state, each.cause, each.provider, each.count) for each in found] == [
        (RowState.FAILED, "550 5.1.1", "example.org", 3),
        (RowState.UNCERTAIN, "the worker was lost", "example.org", 1),
    ]


def test_who_left_by_this_mailing_and_did_not_come_back(database):
    one, other = add_mailing(database, 20), add_mailing(database, 20, number=2)
    with database.writing() as connection:
        for who, mailing_id, list_name in ((1, one, "news"), (2, one, None), (3, one, "news"), (4, other, "news")):
            subscriptions.leave(connection, who, list_name=list_name, mailing_id=mailing_id, at=NOW)
        subscriptions.undo_leave(connection, 3, list_name="news", mailing_id=one, at=NOW)
        assert (figures.left(connection, one), figures.left(connection, other)) == (2, 1)


def test_what_is_usual_takes_three_mailings_to_say(database):
    for number, total in enumerate((100, 0, 300, 120), 1):
        with database.reading() as connection:
            assert figures.usual_size(connection, "news") is None
        add_mailing(database, 0, number=number, total=total, state=MailingState.FINISHED)
    add_mailing(database, 0, number=9, total=9000, state=MailingState.CANCELLED)
    with database.reading() as connection:
        assert figures.usual_size(connection, "news") == 120
        assert figures.usual_size(connection, "events") is None


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (MailingState.PAUSED, "paused"),
        (MailingState.HELD, "held"),
        (MailingState.WAITING, "undo"),
        (MailingState.SENDING, "no_worker"),
        (MailingState.SCHEDULED, None),
        (MailingState.FINISHED, None),
        (MailingState.CANCELLED, None),
    ],
)
def test_what_a_mailing_waits_for(database, state, reason):
    one = add_mailing(database, 3, state=state, starts_at=NOW)
    found = status(database, one).waiting_for
    assert (found and found.reason.value) == reason
    if reason == "undo":
        assert found.until == NOW


def test_what_lost_workers_hold_waits_for_another(database):
    one = add_mailing(database, 3)
    with database.writing() as connection:
        connection.execute(sa.update(delivery).values(state=RowState.LEASED, lease=1, token=1))
    assert status(database, one).waiting_for == Waiting(reason="no_worker")
    with beating(database, lambda: NOW, Role.WORKER):
        assert status(database, one).waiting_for is None


@pytest.mark.parametrize(
    ("state", "role"), [(MailingState.SENDING, Role.WORKER), (MailingState.SCHEDULED, Role.SCHEDULER)]
)
def test_nothing_goes_on_without_the_process_that_does_it(database, state, role):
    one = add_mailing(database, 3, state=state, starts_at=NOW)
    assert status(database, one).document()["unattended"] == role.value
    with beating(database, lambda: NOW, role):
        assert status(database, one).document()["unattended"] is None


def test_while_a_worker_lives_it_waits_for_nothing_but_retries(database):
    one, soon = add_mailing(database, 3), NOW + timedelta(minutes=5)
    with beating(database, lambda: NOW, Role.WORKER):
        assert status(database, one).waiting_for is None
        with database.writing() as connection:
            connection.execute(sa.update(delivery).values(due=int(soon.timestamp()), attempts=1))
        found = status(database, one)
    assert found.waiting_for == Waiting(reason="retry", until=soon)
    assert (found.counts.deferred, found.document()["deferred"], found.document()["queued"]) == (3, 3, 0)
