"""What a person asks for while others are in the way: it is begun anew, and done once."""

import threading

import pytest
import sqlalchemy as sa

from ledger_world import make_database, states
from mailer.cli.control import cancel, pause, resume, retry
from mailer.cli.output import Output
from mailer.domain.mailing import MailingState, RowState
from mailer.errors import DatabaseAway, DatabaseBusy
from mailer.settings import load
from mailer.storage import mailings
from mailer.storage.outage import insistently
from mailer.storage.tables import delivery, mailing
from sending_world import make_project
from waiting import until
from worker_world import prepared, state_of

#: What is typed, how the mailing and its rows stand before, and after.
STEPS = {
    "pause": (pause, [], MailingState.SENDING, RowState.QUEUED, MailingState.PAUSED, RowState.QUEUED),
    "resume": (
        resume,
        ["--as-approved", "--queue-only"],
        MailingState.PAUSED,
        RowState.QUEUED,
        MailingState.SENDING,
        RowState.QUEUED,
    ),
    "cancel": (cancel, [], MailingState.SENDING, RowState.QUEUED, MailingState.CANCELLED, RowState.CANCELLED),
    "retry": (retry, ["--queue-only"], MailingState.FINISHED, RowState.FAILED, MailingState.SENDING, RowState.QUEUED),
}


@pytest.fixture
def database(database_url):
    """As somebody else has it open."""
    made = make_database(database_url)
    yield made
    made.dispose()


@pytest.fixture
def output(database, tmp_path):
    """What a command gets in a project whose database that is."""
    made, url = Output(), database.url.render_as_string(hide_password=False)
    made.settings = load(
        make_project(tmp_path / "project"), {"MAILER_DATABASE_URL": url, "MAILER_SECRET_KEY": "k" * 32}
    )
    yield made
    made.app.database.dispose()


@pytest.fixture
def begun(output):
    """One for each transaction in which the command begins to write, or tries to; a file is not waited for for long."""
    found, ours = [], output.app.sending_database

    def watch(connection, _record):
        connection.execute("PRAGMA busy_timeout = 20").close()
        connection.set_trace_callback(lambda text: found.append(text) if text == "BEGIN IMMEDIATE" else None)

    def note(connection):
        if connection.get_execution_options().get("mailer_writes"):
            found.append(connection)

    if ours.is_sqlite:
        ours.dispose()
        sa.event.listen(ours.engine, "connect", watch)
    else:
        sa.event.listen(ours.engine, "begin", note)
    return found


class Beside(threading.Thread):
    """A command that runs beside the test; `end` raises what it raised."""

    def __init__(self, command, options, output):
        super().__init__(daemon=True)
        self.typed, self.error = lambda: command.main(options, obj=output, standalone_mode=False), None
        self.start()

    def run(self):
        try:
            self.typed()
        except BaseException as error:  # noqa: BLE001 (the test raises it)
            self.error = error

    def end(self):
        self.join(60)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error


def waits(connection):
    """The server processes that wait for somebody's lock."""
    query = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return connection.exec_driver_sql(query).scalars().all()


def stands(database, state, rows):
    letter = prepared(database, 5, state=state)
    with database.writing() as connection:
        connection.execute(sa.update(delivery).values(state=rows))
    return letter


def cancel_query(database):
    """As the server does when it shuts down in a hurry, or when somebody's lock is waited for too long."""
    with database.reading() as connection:
        connection.execute(sa.select(sa.func.pg_cancel_backend(until(lambda: waits(connection))[0])))


@pytest.mark.parametrize("name", STEPS)
def test_what_somebody_else_held_up_too_long_is_begun_anew(database, output, begun, name):
    command, options, state, rows, state_then, rows_then = STEPS[name]
    letter = stands(database, state, rows)
    with database.writing() as other:
        other.execute(sa.update(mailing).values(title="Held by somebody else"))
        thread = Beside(command, ["letter", *options], output)
        if not database.is_sqlite:
            cancel_query(database)
        until(lambda: len(begun) > 1 or thread.error)
    thread.end()
    assert state_of(database, letter) is state_then
    assert states(database, letter) == {rows_then: [1, 2, 3, 4, 5]}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", ["cancel", "retry"])
def test_a_deadlock_is_nothing_that_a_person_hears_of(database, output, begun, name):
    command, options, state, rows, state_then, rows_then = STEPS[name]
    letter = stands(database, state, rows)
    with database.writing() as other, database.reading() as third:
        other.exec_driver_sql("SET LOCAL deadlock_timeout = '1h'")  # so that it is the command that is broken off
        other.execute(sa.update(delivery).where(delivery.c.subscriber_id == 3).values(lane=0))
        thread = Beside(command, ["letter", *options], output)
        until(lambda: waits(third))
        other.execute(sa.update(mailing).values(title="Wanted by both"))
    thread.end()
    assert len(begun) == 2
    assert state_of(database, letter) is state_then
    assert states(database, letter) == {rows_then: [1, 2, 3, 4, 5]}


def pause_in_vain(output, letter, error, **patience):
    def step(connection):
        mailings.move(connection, letter, MailingState.PAUSED, at=output.app.clock())
        raise error

    insistently(output.app.database, step, **patience)


def test_nothing_is_begun_anew_for_ever_and_all_of_it_is_undone(database, output):
    letter = stands(database, MailingState.SENDING, RowState.QUEUED)
    with pytest.raises(DatabaseBusy):
        pause_in_vain(output, letter, DatabaseBusy, seconds=0.1)
    assert state_of(database, letter) is MailingState.SENDING


def test_what_would_not_help_or_may_have_been_done_is_not_begun_anew(database, output, begun):
    letter = stands(database, MailingState.SENDING, RowState.QUEUED)
    with pytest.raises(DatabaseAway):
        pause_in_vain(output, letter, DatabaseAway)
    assert len(begun) == 1
    assert state_of(database, letter) is MailingState.SENDING
