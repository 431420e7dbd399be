"""Another program holds the SQLite file: what waits for it, and what goes on."""

import threading

import pytest
import sqlalchemy as sa

from ledger_world import KEY, email, make_database, states
from mailer.app import system_clock
from mailer.backend import Backend, Sent
from mailer.delivery.pace import Pace, Route
from mailer.delivery.worker import Worker
from mailer.domain.mailing import RowState
from mailer.errors import DatabaseBusy
from mailer.storage.database import Database
from mailer.turns import POSSIBLE, Turns
from mailer.waiting import Event
from waiting import until
from worker_world import InThread, prepared

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="jobs are threads where the system has no poll")


@pytest.fixture
def on_file(tmp_path):
    made = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    yield made
    made.dispose()


@pytest.fixture
def opened(on_file):
    """The same file, opened by those who wait so many milliseconds for somebody else's lock."""
    made = []

    def open_again(milliseconds):
        database = Database(on_file.url.render_as_string(hide_password=False))
        sa.event.listen(
            database.engine,
            "connect",
            lambda connection, _: connection.execute(f"PRAGMA busy_timeout = {milliseconds}").close(),
        )
        made.append(database)
        return database

    yield open_again
    for database in made:
        database.dispose()


#: Longer than any test waits.
FOR_EVER = 3_600_000


def test_a_job_that_waits_to_write_lets_the_others_go_on(on_file, opened):
    database, turns = opened(FOR_EVER), Turns("tests")
    wrote, went_on = threading.Event(), threading.Event()

    def write():
        with database.writing():
            wrote.set()

    with on_file.writing():
        for job in (turns.job(write, "writes"), turns.job(went_on.set, "others")):
            job.start()
        assert went_on.wait(60)
        assert not wrote.is_set()
    assert wrote.wait(60)


def test_a_job_waits_as_long_as_anybody_and_is_told_the_same(on_file, opened):
    database, turns = opened(50), Turns("tests")

    def write():
        with database.writing():
            pass

    with on_file.writing():
        for attempt in (lambda: turns.call(write), write):
            with pytest.raises(DatabaseBusy):
                attempt()
    turns.call(write)
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 50


def test_replies_are_read_while_another_program_holds_the_file(on_file, opened):
    letter = prepared(on_file, 300)
    accepted, at_work, gate = [], [], Event()

    class Relay(Backend):
        takes_turns = True

        def send(self, message):
            if len(accepted) >= 20:
                at_work.append(message.key)
                assert gate.wait(60)
                Event().wait(0.01)  # the reply takes a moment: others have their turns
            accepted.append(message.recipient)
            return Sent(code=250)

    worker = Worker(
        opened(FOR_EVER),
        clock=system_clock,
        key=KEY,
        routes=[Route(name="relay", make_backend=Relay, connections=4, takes_turns=True)],
        pace=Pace(),
    )
    thread = InThread(worker, drain=True)
    until(lambda: len(at_work) == 4)
    with on_file.writing():
        gate.set()
        rows = states(on_file, letter)
        marked = {email(one) for state in (RowState.SENT, RowState.SENDING) for one in rows.get(state, [])}
        assert len(marked) > 20 + 4
        until(lambda: set(accepted) == marked)
    thread.join(60)
    assert thread.error is None
    assert states(on_file, letter) == {RowState.SENT: list(range(1, 301))}
    assert len(accepted) == 300
