"""Whoever waits for work is woken when there is some, on both engines, and goes without when that cannot be."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from ledger_world import add_mailing, add_people, make_database
from mailer.domain.audience import Audience
from mailer.domain.mailing import MailingState, RowState
from mailer.domain.schedule import When
from mailer.storage import control, mailings, schedules, wake
from mailer.storage.database import Database


@pytest.fixture
def other(database):
    """Another program at the same database."""
    made = Database(database.url.render_as_string(hide_password=False))
    yield made
    made.dispose()


class Sleeper:
    """Hears hints; `calm` waits until those that belong to the beginning are over."""

    def __init__(self, database):
        self.heard = threading.Event()
        if not database.is_sqlite:
            self._first = True

    def wake(self):
        self.heard.set()

    def was_woken(self, seconds=60):
        heard = self.heard.wait(seconds)
        self.heard.clear()
        return heard


@pytest.fixture
def sleeper(database):
    sleeper = Sleeper(database)
    with wake.woken(database, sleeper.wake):
        if not database.is_sqlite:
            assert sleeper.was_woken(), "the first is for what may have been missed"
        yield sleeper


def test_a_hint_is_heard_when_it_is_committed(database, other, sleeper):
    with other.writing() as connection:
        wake.tell(connection)
        assert not sleeper.was_woken(0.3), "the work is not there yet"
    assert sleeper.was_woken()


def test_a_hint_that_is_rolled_back_is_none(database, other, sleeper):
    def fail(connection):
        wake.tell(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), other.writing() as connection:
        fail(connection)
    assert not sleeper.was_woken(0.3)


def test_other_changes_wake_nobody(database, other, sleeper):
    add_people(other, 3)
    assert not sleeper.was_woken(0.3)


def test_everybody_is_woken(database, other):
    sleepers = [Sleeper(database) for _ in range(3)]
    with (
        wake.woken(database, sleepers[0].wake),
        wake.woken(database, sleepers[1].wake),
        wake.woken(other, sleepers[2].wake),
    ):
        if not database.is_sqlite:
            assert [one.was_woken() for one in sleepers] == [True] * 3
        with other.writing() as connection:
            wake.tell(connection)
        assert [one.was_woken() for one in sleepers] == [True] * 3


def test_what_makes_work_gives_a_hint(database, other, sleeper):
    now = datetime.now(UTC)
    add_people(other, 2)
    letter = add_mailing(other, 2, state=MailingState.WAITING)

    def step(change):
        with other.writing() as connection:
            change(connection)
        assert sleeper.was_woken()

    step(lambda connection: mailings.move(connection, letter, MailingState.SENDING, at=now))
    with other.writing() as connection:
        mailings.move(connection, letter, MailingState.PAUSED, at=now)
    step(lambda connection: mailings.move(connection, letter, MailingState.SENDING, at=now))
    when = When(local=now.replace(tzinfo=None), zone="UTC", at=now + timedelta(hours=1))
    what = {"audience": Audience(list_name="news"), "people": 1, "sources": "", "mailing_id": letter}
    step(lambda connection: schedules.arm_once(connection, slug="letter", when=when, at=now, **what))
    step(lambda connection: schedules.disarm(connection, letter))


def test_rows_that_are_queued_again_give_a_hint(database, other, sleeper):
    now = datetime.now(UTC)
    add_people(other, 2)
    letter = add_mailing(other, 2)
    with other.writing() as connection:
        connection.exec_driver_sql("UPDATE delivery SET state = 4")
    assert RowState(4) is RowState.FAILED
    with other.writing() as connection:
        assert control.queue_again(connection, letter, RowState.FAILED, give_up_at=now + timedelta(days=1)) == 2
    assert sleeper.was_woken()


def test_the_connection_is_made_anew_when_the_server_was_restarted(postgres_server):
    database = make_database(postgres_server.url)
    sleeper = Sleeper(database)
    with wake.woken(database, sleeper.wake):
        assert sleeper.was_woken()
        postgres_server.stop()
        postgres_server.start()
        assert sleeper.was_woken(), "it looks for what it may have missed"
        with database.writing() as connection:
            wake.tell(connection)
        assert sleeper.was_woken()
    database.dispose()


def test_a_server_that_is_gone_holds_up_nobody_who_ends(postgres_server):
    database = make_database(postgres_server.url)
    with wake.woken(database, lambda: None):
        postgres_server.stop()
    database.dispose()


def test_the_file_is_whole_when_the_last_one_has_left(tmp_path):
    database = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    with wake.woken(database, lambda: None), database.writing() as connection:
        wake.tell(connection)
    database.dispose()
    assert [path.name for path in tmp_path.iterdir()] == ["mailer.db"]
