"""Mailings are found, moved along their legal steps only, begin when due, expire and finish."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger_world import make_database, somebody_waits
from mailer.domain.mailing import MAILING_STEPS, MailingState, RowState
from mailer.errors import UnknownName
from mailer.storage import control, mailings
from mailer.storage.tables import delivery, edition, mailing
from waiting import PATIENCE, until

NOW = datetime(2024, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def database(database_url):
    database = make_database(database_url)
    yield database
    database.dispose()


def add(database, slug="appeal", *, state=MailingState.SENDING, rows=(), **values):
    """One mailing with a row for each state in `rows`; its id."""
    defaults = {
        "kind": "appeal",
        "title": "",
        "list_name": "news",
        "audience": {},
        "state": state,
        "created_at": NOW,
        "starts_at": NOW,
        "give_up_at": NOW + timedelta(days=3),
        "in_doubt": "hold",
    }
    with database.writing() as connection:
        number = 1 + len(mailings.of_slug(connection, slug))
        insert = sa.insert(mailing).values(slug=slug, number=number, **(defaults | values))
        mailing_id = connection.execute(insert).inserted_primary_key[0]
        for subscriber, row in enumerate(rows, 1):
            state, attempts = row if isinstance(row, tuple) else (row, 0)
            in_hand = int(state in (RowState.LEASED, RowState.SENDING))
            values = {"subscriber_id": subscriber, "state": state, "attempts": attempts, "lease": in_hand}
            connection.execute(sa.insert(delivery).values(mailing_id=mailing_id, **values))
    return mailing_id


def test_a_slug_means_its_newest_mailing_and_a_number_that_very_one(database):
    first, second = add(database, state=MailingState.FINISHED), add(database)
    with database.reading() as connection:
        assert mailings.find(connection, "appeal").id == second
        assert mailings.find(connection, str(first)).id == first
        assert [one.number for one in mailings.of_slug(connection, "appeal")] == [1, 2]


@pytest.mark.parametrize("name", ["nothing", "99", "9" * 40, "٣", "-1", ""])
def test_an_unknown_mailing_is_a_sentence(database, name):
    with database.reading() as connection, pytest.raises(UnknownName, match="There is no mailing"):
        mailings.find(connection, name)


def test_nothing_at_all_means_the_only_one_running(database):
    with database.reading() as connection, pytest.raises(UnknownName, match="No mailing is running"):
        mailings.find(connection, None)
    running = add(database)
    add(database, "report", state=MailingState.FINISHED)
    with database.reading() as connection:
        assert mailings.find(connection, None).id == running
    add(database, "petition", state=MailingState.PAUSED)
    with database.reading() as connection, pytest.raises(UnknownName, match=r"appeal \(1\), petition \(3\)"):
        mailings.find(connection, None)


@pytest.mark.parametrize("start", list(MailingState))
@pytest.mark.parametrize("to", list(MailingState))
def test_only_legal_steps_are_taken(database, start, to):
    mailing_id = add(database, state=start)
    with database.writing() as connection:
        assert mailings.move(connection, mailing_id, to, reason="why", at=NOW) is (to in MAILING_STEPS[start])
        after = mailings.get(connection, mailing_id)
    assert after.state is (to if to in MAILING_STEPS[start] else start)


def test_the_times_of_a_mailing_follow_its_steps(database):
    mailing_id, later = add(database, state=MailingState.WAITING), NOW + timedelta(hours=1)
    steps = [(MailingState.SENDING, NOW), (MailingState.PAUSED, later), (MailingState.SENDING, later)]
    with database.writing() as connection:
        for state, at in steps:
            assert mailings.move(connection, mailing_id, state, at=at)
        record = mailings.get(connection, mailing_id)
        assert (record.started_at, record.finished_at) == (NOW, None)
        assert mailings.finish_if_done(connection, mailing_id, at=later)
        assert mailings.get(connection, mailing_id).finished_at == later


def test_a_mailing_waits_for_the_end_of_its_undo_window(database):
    mailing_id = add(database, state=MailingState.WAITING, starts_at=NOW + timedelta(seconds=60))
    with database.writing() as connection:
        assert mailings.due_work(connection, NOW + timedelta(seconds=59)) == []
        (due,) = mailings.due_work(connection, NOW + timedelta(seconds=60))
    assert (due.id, due.state) == (mailing_id, MailingState.SENDING)


@pytest.mark.parametrize("state", [MailingState.PAUSED, MailingState.HELD, MailingState.CANCELLED])
def test_a_mailing_that_was_stopped_is_no_work(database, state):
    add(database, state=state, rows=[RowState.QUEUED])
    with database.writing() as connection:
        assert mailings.due_work(connection, NOW) == []


def test_what_is_queued_when_send_by_passes_expires_and_what_is_on_the_wire_settles_first(database):
    rows = [RowState.SENT, RowState.QUEUED, RowState.QUEUED, RowState.SENDING]
    mailing_id = add(database, rows=rows, send_by=NOW + timedelta(minutes=1))
    late = NOW + timedelta(minutes=1)
    with database.writing() as connection:
        assert [one.id for one in mailings.due_work(connection, NOW)] == [mailing_id]
        mailings.due_work(connection, late)
        assert mailings.get(connection, mailing_id).state is MailingState.SENDING
        assert mailings.counts(connection, mailing_id)[RowState.EXPIRED] == 2
        connection.execute(
            sa.update(delivery).where(delivery.c.subscriber_id == 4).values(state=RowState.SENT, lease=0)
        )
        assert mailings.due_work(connection, late) == []
        assert mailings.get(connection, mailing_id).state is MailingState.EXPIRED


@pytest.mark.parametrize("state", list(RowState))
def test_a_mailing_is_finished_when_no_row_is_queued_leased_or_sending(database, state):
    mailing_id = add(database, rows=[RowState.SENT, state])
    is_open = state in {RowState.QUEUED, RowState.LEASED, RowState.SENDING}
    with database.writing() as connection:
        assert mailings.finish_if_done(connection, mailing_id, at=NOW) is not is_open
        assert not mailings.finish_if_done(connection, mailing_id, at=NOW), "finished by one call only"


def test_counts_add_up_and_deferred_are_the_queued_that_were_tried(database):
    rows = [RowState.SENT, RowState.QUEUED, (RowState.QUEUED, 2), (RowState.FAILED, 3), RowState.LEASED]
    mailing_id = add(database, rows=rows)
    with database.reading() as connection:
        counts = mailings.counts(connection, mailing_id)
    assert (counts.total, counts.open, counts.deferred) == (5, 3, 1)
    assert set(counts) == set(RowState)
    assert sum(counts.values()) == 5


def test_the_stored_edition_is_handed_out_once_it_is_frozen(database):
    mailing_id = add(database, state=MailingState.SCHEDULED)
    with database.writing() as connection:
        with pytest.raises(UnknownName, match="no stored content yet"):
            mailings.edition_of(connection, mailing_id)
        stored = sa.insert(edition).values(sources="aa", content=b"frozen", created_at=NOW)
        edition_id = connection.execute(stored).inserted_primary_key[0]
        connection.execute(sa.update(mailing).values(edition_id=edition_id))
        assert mailings.edition_of(connection, mailing_id) == b"frozen"


def test_of_two_mailings_of_a_slug_only_one_can_have_the_same_number(database):
    add(database)
    with pytest.raises(sa.exc.IntegrityError), database.writing() as connection:
        connection.execute(
            sa.insert(mailing).values(
                slug="appeal", number=1, kind="", list_name="", audience={}, state="sending",
                created_at=NOW, starts_at=NOW, give_up_at=NOW, in_doubt="hold",
            )
        )  # fmt: skip


def test_who_was_put_off_is_queued_and_was_tried(database):
    rows = [RowState.SENT, RowState.QUEUED, (RowState.QUEUED, 2), (RowState.FAILED, 3), RowState.LEASED]
    mailing_id = add(database, rows=rows)
    with database.writing() as connection:
        later = int(NOW.timestamp())
        connection.execute(sa.update(delivery).where(delivery.c.attempts > 0).values(due=later))
        assert mailings.put_off(connection, mailing_id) == mailings.counts(connection, mailing_id).deferred == 1


def test_a_mailing_is_finished_that_was_paused_while_the_last_of_it_was_on_the_wire(database):
    done = add(database, rows=[RowState.SENT, RowState.FAILED], state=MailingState.PAUSED, state_reason="by hand")
    half = add(database, rows=[RowState.SENT, RowState.QUEUED], state=MailingState.PAUSED, state_reason="by hand")
    with database.writing() as connection:
        assert mailings.due_work(connection, NOW) == []
        assert mailings.get(connection, done).state is MailingState.FINISHED
        assert mailings.get(connection, half).state is MailingState.PAUSED


def test_a_mailing_is_not_finished_over_rows_that_are_just_opened_again(database):
    """`retry` has looked, and opens rows; a worker, which saw none open a moment ago, must wait for it."""
    mailing_id = add(database, rows=[RowState.FAILED])
    found = []

    def finish():
        with database.writing() as connection:
            found.append(mailings.finish_if_done(connection, mailing_id, at=NOW))

    worker = threading.Thread(target=finish)
    with database.writing() as connection:
        mailings.hold(connection, mailing_id)
        control.queue_again(connection, mailing_id, RowState.FAILED, give_up_at=NOW)
        worker.start()
        until(lambda: database.is_sqlite or somebody_waits(database))
    worker.join(PATIENCE)
    with database.reading() as connection:
        assert (found, mailings.get(connection, mailing_id).state) == ([False], MailingState.SENDING)
