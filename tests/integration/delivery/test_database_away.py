"""A database that goes away while mail is being sent: nothing is lost, nobody gets anything twice, and work goes on."""

import threading
import time

import pytest
import sqlalchemy as sa

from ledger_world import email, make_database, states
from mailer.backend import Refused, Sent
from mailer.delivery.observer import Observer
from mailer.domain.mailing import MailingState, RowState
from mailer.errors import DatabaseAway, DatabaseBusy, StorageError
from mailer.storage import mailings
from mailer.storage.database import Database
from waiting import until
from worker_world import InThread, Relay, prepared, state_of, worker_for

SENT, SENDING, UNCERTAIN = RowState.SENT, RowState.SENDING, RowState.UNCERTAIN


class Ear(Observer):
    def __init__(self):
        self.heard = []

    def database_away(self, reason):
        self.heard.append(reason)

    def database_back(self):
        self.heard.append("back")


@pytest.fixture
def on_server(postgres_server):
    made = make_database(postgres_server.url)
    yield made
    made.dispose()


@pytest.fixture
def on_file(tmp_path):
    made = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    yield made
    made.dispose()


def impatient(database):
    """The same file, opened by one who does not wait for ten seconds for somebody else's lock."""
    made = Database(database.url.render_as_string(hide_password=False))

    @sa.event.listens_for(made.engine, "connect")
    def hurry(connection, _record):
        connection.execute("PRAGMA busy_timeout = 100").close()

    return made


def in_the_middle(relay, enough):
    """Once more than `enough` are sent; from then on a message takes so long that there is time for anything."""
    until(lambda: len(relay.accepted) > enough)
    relay.delay = 0.05


@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_a_server_that_is_restarted_is_waited_for(on_server, postgres_server, mode):
    letter = prepared(on_server, 1500)
    relay, ear = Relay(), Ear()
    thread = InThread(worker_for(on_server, relay, observer=ear), drain=True)
    in_the_middle(relay, 100)
    postgres_server.stop(mode)
    until(lambda: ear.heard)
    carried = len(relay.accepted)
    postgres_server.start()
    relay.delay = 0.0
    thread.join(60)
    assert thread.error is None
    assert ear.heard[0].startswith("The database does not answer: ")
    assert ear.heard[1:] == ["back"], "told once"
    assert carried < 1500
    assert states(on_server, letter) == {SENT: list(range(1, 1501))}
    assert relay.people == sorted(email(one) for one in range(1, 1501))
    assert relay.got_nothing_twice()
    assert state_of(on_server, letter) is MailingState.FINISHED


def test_connections_that_an_administrator_ends_are_made_anew(on_server):
    letter = prepared(on_server, 800)
    other = Database(on_server.url.render_as_string(hide_password=False))
    relay = Relay(delay=0.001)
    thread = InThread(worker_for(on_server, relay), drain=True)
    for enough in (50, 250, 450):
        in_the_middle(relay, enough)
        with other.reading() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mailer' AND pid <> pg_backend_pid()"
            )
        relay.delay = 0.0
    thread.join(60)
    other.dispose()
    assert thread.error is None
    assert states(on_server, letter) == {SENT: list(range(1, 801))}
    assert relay.got_nothing_twice()


def test_a_file_that_another_program_holds_is_waited_for(on_file):
    letter = prepared(on_file, 1500)
    database, ear, relay = impatient(on_file), Ear(), Relay()
    thread = InThread(worker_for(database, relay, observer=ear), drain=True)
    in_the_middle(relay, 30)
    with on_file.writing():
        until(lambda: ear.heard)
        rows = states(on_file, letter)
        marked = {email(one) for state in (SENT, SENDING) for one in rows.get(state, [])}
        relay.delay = 0.0
        until(lambda: relay.accepted.keys() == marked)
        time.sleep(0.3)
        assert relay.accepted.keys() == marked, "nothing may go on the wire that cannot be marked"
    thread.join(60)
    database.dispose()
    assert thread.error is None
    assert "held by another program" in ear.heard[0]
    assert ear.heard[1:] == ["back"]
    assert states(on_file, letter) == {SENT: list(range(1, 1501))}
    assert relay.got_nothing_twice()


def test_who_only_drains_gives_up_when_a_lease_has_passed(on_file):
    letter = prepared(on_file, 5000)
    database, relay = impatient(on_file), Relay()
    thread = InThread(worker_for(database, relay, lease_seconds=2), drain=True)
    in_the_middle(relay, 30)
    with on_file.writing():
        until(thread.worker._ending.is_set)
    thread.join(60)
    database.dispose()
    assert isinstance(thread.error, DatabaseBusy)
    rows = states(on_file, letter)
    assert SENDING not in rows, "what was on the wire was written after all"
    assert sorted(email(one) for one in rows[SENT]) == relay.people


def test_a_worker_may_be_stopped_while_the_database_is_away(on_server, postgres_server):
    """Twice: the first waits for the database, so that what was sent need not be in doubt."""
    letter = prepared(on_server, 3000)
    relay, ear = Relay(), Ear()
    thread = InThread(worker_for(on_server, relay, observer=ear, max_in_doubt=16))
    in_the_middle(relay, 50)
    postgres_server.stop()
    until(lambda: ear.heard)
    thread.worker.stop()
    thread.worker.stop()
    thread.join(60)
    postgres_server.start()
    assert isinstance(thread.error, DatabaseAway)
    rows = states(on_server, letter)
    assert len(rows.get(SENDING, [])) <= 16
    assert {email(one) for one in rows[SENT]} <= relay.accepted.keys()
    assert relay.accepted.keys() <= {email(one) for one in rows[SENT] + rows.get(SENDING, [])}


def test_a_pause_that_cannot_be_written_is_written_later(on_file, monkeypatch):
    """The circuit breaker decides while the database is away; nothing more of the mailing may leave."""
    letter = prepared(on_file, 100)
    real, tried = mailings.move, []

    def away_at_first(connection, *arguments, **values):
        tried.append(threading.current_thread().name)
        if len(tried) < 3:
            raise DatabaseAway
        return real(connection, *arguments, **values)

    monkeypatch.setattr(mailings, "move", away_at_first)
    relay = Relay(lambda _message: Refused(code=554, enhanced="5.7.1"))
    summary = worker_for(on_file, relay, connections=1).run(drain=True)
    assert len(tried) == 3
    assert state_of(on_file, letter) is MailingState.PAUSED
    assert list(summary.paused) == [letter]
    assert relay.begun == 10


def test_a_commit_whose_confirmation_was_lost_sends_nobody_anything_twice(on_file, monkeypatch):
    """The rows are marked, and nobody was told: they are queued again, because nothing of them was on the wire."""
    letter = prepared(on_file, 600)
    real, lost = on_file.writing, []
    relay = Relay(lambda _message: Sent(code=250))

    class Losing:
        """Every fifth commit is made, and then the link breaks."""

        def __init__(self, kept=None):
            self.inner = real(kept)

        def __enter__(self):
            return self.inner.__enter__()

        def __exit__(self, *exception):
            self.inner.__exit__(*exception)
            lost.append(threading.current_thread().name)
            if lost[-1] == "committer" and lost.count("committer") % 5 == 1 and exception == (None, None, None):
                raise DatabaseAway

    monkeypatch.setattr(on_file, "writing", Losing)
    worker_for(on_file, relay).run(drain=True)
    monkeypatch.undo()
    assert lost.count("committer") > 5
    assert states(on_file, letter) == {SENT: list(range(1, 601))}
    assert relay.got_nothing_twice()


def test_what_does_not_pass_ends_the_worker(on_file, monkeypatch):
    prepared(on_file, 10)

    def broken(*_arguments):
        raise StorageError("the file is damaged")

    monkeypatch.setattr(mailings, "due_work", broken)
    with pytest.raises(StorageError, match="damaged"):
        worker_for(on_file, Relay()).run()
