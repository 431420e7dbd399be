"""From `pause`, `cancel` or a signal to the last message: at once, over all workers, on both engines.

What counts is not the clock but the ledger: after the command has returned, nothing reaches the relay but what had been
marked when the mailing's state changed. The relay's log, written before each acknowledgement, is the judge. The second that
is promised is counted in messages: no more are marked than the relay takes in a second, as it makes its own time.
"""

import os
import re
import signal
import smtpd
import subprocess
import sys

import pytest

from ledger_world import KEY, add_mailing, add_people, described, make_database, states
from mailer.domain.mailing import MailingState, RowState
from mailer.storage import mailings
from sending_world import Commands
from waiting import until

#: More people than the relay would take in half a minute: whatever stops them comes in time.
PEOPLE, WORKERS, CONNECTIONS = 4000, 3, 2
#: Seconds that the relay takes for each message of a connection.
DELAY = 0.05


@pytest.fixture
def database(database_url):
    made = make_database(database_url)
    add_people(made, PEOPLE)
    yield made
    made.dispose()


class Sink:
    """A relay in a process of its own that takes its time, and its log."""

    def __init__(self, folder):
        self.log = folder / "accepted.txt"
        self.log.touch()
        command = [sys.executable, smtpd.__file__, "--port", "0", "--log", str(self.log), "--delay", str(DELAY * 1000)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r"\d+", self.process.stdout.readline())[0])

    @property
    def accepted(self):
        return [line.split()[0] for line in self.log.read_text().splitlines()]


@pytest.fixture
def sink(tmp_path):
    made = Sink(tmp_path)
    yield made
    made.process.kill()
    made.process.communicate()


@pytest.fixture
def mailer(tmp_path, database_url, sink):
    return Commands(
        tmp_path,
        MAILER_DATABASE_URL=database_url,
        MAILER_SMTP_URL=f"smtp://127.0.0.1:{sink.port}",
        MAILER_SECRET_KEY=KEY.decode(),
        MAILER_SENDING__CONNECTIONS=str(CONNECTIONS),
    )


@pytest.fixture
def workers(mailer, database, sink):
    """Several, in the middle of a mailing."""
    letter = add_mailing(database, PEOPLE)
    running = [mailer.start("worker") for _ in range(WORKERS)]
    until(lambda: len(sink.accepted) > 100)
    yield letter, running
    for process in running:
        process.kill()
        process.communicate(timeout=60)


def none_on_the_way(database, letter):
    return RowState.SENDING not in states(database, letter)


@pytest.mark.slow
@pytest.mark.parametrize(("command", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_after_the_command_nothing_new_reaches_the_wire(database, mailer, sink, workers, command, state):
    letter, _ = workers
    done = mailer(command, letter, "--json")
    assert (done.code, done.json["state"]) == (0, state), done.err
    until(lambda: none_on_the_way(database, letter))
    accepted = sink.accepted
    assert len(accepted) == len(set(accepted)) < PEOPLE, "it came too late to stop anything"
    assert len(accepted) <= done.json["sent"] + done.json["sending"], described(database, letter)
    assert done.json["sending"] * DELAY <= WORKERS * CONNECTIONS, "that takes the relay more than a second"
    rows = states(database, letter)
    assert len(rows[RowState.SENT]) == len(accepted)
    with database.reading() as connection:
        assert mailings.get(connection, letter).state is MailingState(state)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP], ids=str)
def test_after_the_signal_only_what_is_on_the_wire_is_finished(database, sink, workers, number):
    letter, running = workers
    for process in running:
        os.kill(process.pid, number)
    for process in running:
        _, err = process.communicate(timeout=60)
        assert "Traceback" not in err
        assert process.returncode == (130 if number == signal.SIGINT else 0)
    rows, accepted = states(database, letter), sink.accepted
    assert set(rows) == {RowState.SENT, RowState.QUEUED}, described(database, letter)
    assert len(rows[RowState.SENT]) == len(accepted) == len(set(accepted))
    with database.reading() as connection:
        assert mailings.get(connection, letter).state is MailingState.SENDING
