"""`mailer worker` as people and service managers run it: drained, signalled, in several processes. Killed: `test_crashes`."""

import json
import os
import re
import signal
import smtpd
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kills import MAX_IN_DOUBT, Relay
from ledger_world import add_mailing, add_people, described, email, make_database, states
from mailer.domain.mailing import MailingState, RowState
from mailer.storage import mailings
from waiting import until

QUEUED, LEASED, SENDING, SENT, FAILED, UNCERTAIN, SUPPRESSED, CANCELLED, EXPIRED = RowState


@pytest.fixture
def relay(tmp_path):
    made = Relay(tmp_path, "--delay", "2")
    yield made
    made.close()


@pytest.fixture
def slow(tmp_path):
    """A relay that would be busy with a few thousand for a quarter of a minute: whatever stops them comes in time."""
    folder = tmp_path / "slow"
    folder.mkdir()
    made = Relay(folder, "--delay", "50")
    yield made
    made.close()


@pytest.fixture
def database(tmp_path):
    made = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    yield made
    made.dispose()


@pytest.fixture
def environment(tmp_path, relay):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}
    return kept | {
        "MAILER_DATABASE_URL": f"sqlite:///{tmp_path / 'mailer.db'}",
        "MAILER_SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
        "MAILER_SECRET_KEY": "a key of this project, 32 bytes.",
        "MAILER_SENDING__MAX_IN_DOUBT": str(MAX_IN_DOUBT),
        "MAILER_SENDING__RETRY_FIRST_SECONDS": "90",
    }


@pytest.fixture
def start(tmp_path, environment):
    """Start `mailer worker` with these options; whatever still runs at the end is killed."""
    running = []

    def start(*options, **extra):
        command = [sys.executable, "-m", "mailer", "worker", *options]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment | extra,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def finish(process, seconds=60):
    """(exit code, stdout, stderr), and no traceback."""
    out, err = process.communicate(timeout=seconds)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def twice(relay):
    return [who for who, times in relay.accepted.items() if times > 1]


def test_drain_sends_everything_says_so_and_leaves(database, relay, start):
    add_people(database, 40)
    letter = add_mailing(database, 40)
    code, out, err = finish(start("--drain"))
    assert (code, out) == (0, "")
    assert "Done: 40 sent." in err
    assert relay.accepted == Counter(email(one) for one in range(1, 41))
    assert states(database, letter) == {SENT: list(range(1, 41))}


def test_drain_with_nothing_to_do(database, start):
    code, _, err = finish(start("--drain"))
    assert code == 0
    assert "Done: nothing was sent." in err


def test_drain_names_the_next_instant_and_does_not_wait_for_it(database, start, tmp_path, environment):
    add_people(database, 3)
    letter = add_mailing(database, 3)
    began = datetime.now(UTC)
    with smtpd.SmtpServer(dot={email(2): "451 4.7.1 greylisted"}) as server:
        relay = f"smtp://127.0.0.1:{server.port}"
        code, out, err = finish(start("--drain", "--json", MAILER_SMTP_URL=relay))
    assert code == 0
    document = json.loads(out)
    assert (document["sent"], document["deferred"]) == (2, 1)
    [left] = document["left"]
    assert (left["mailing"], left["campaign"], left["rows"], left["state"]) == (letter, "letter", 1, "sending")
    first, last = began + timedelta(seconds=40), datetime.now(UTC) + timedelta(seconds=110)
    assert first < datetime.fromisoformat(left["next_at"]) < last
    assert re.search(r"letter \(\d+\): 1 retry from \d\d:\d\d:\d\d; keep `.*mailer worker` running", err)


def test_failed_rows_make_the_exit_code_5(database, start):
    add_people(database, 3)
    add_mailing(database, 3)
    with smtpd.SmtpServer(rcpt={email(2): "550 5.7.1 not you"}) as server:
        code, _, err = finish(start("--drain", MAILER_SMTP_URL=f"smtp://127.0.0.1:{server.port}"))
    assert code == 5
    assert "Done: 2 sent, 1 failed." in err


def test_a_relay_that_is_not_there_is_an_error_and_loses_nothing(database, start):
    add_people(database, 3)
    letter = add_mailing(database, 3)
    code, _, err = finish(start("--drain", MAILER_SMTP_URL="smtp://127.0.0.1:1"))
    assert code == 1
    assert "The relay could not be used" in err
    assert "Nothing is lost" in err
    assert states(database, letter) == {QUEUED: [1, 2, 3]}


def test_without_a_relay_it_says_what_to_set(start, database):
    code, _, err = finish(start("--drain", MAILER_SMTP_URL=""))
    assert code == 1
    assert "No relay is configured" in err
    assert "MAILER_SMTP_URL" in err


def test_several_processes_share_the_work(database, relay, start):
    add_people(database, 900)
    letter = add_mailing(database, 900)
    code, _, err = finish(start("--drain", "--processes", "2"))
    assert code == 0, err
    assert "Done: 900 sent." in err
    assert sum(relay.accepted.values()) == len(relay.accepted) == 900
    assert states(database, letter) == {SENT: list(range(1, 901))}


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)], ids=str
)
def test_a_signal_leaves_a_mailing_that_can_be_resumed(database, slow, start, number, expected, processes):
    add_people(database, 3000)
    letter = add_mailing(database, 3000)
    process = start("--processes", processes, MAILER_SMTP_URL=f"smtp://127.0.0.1:{slow.port}")
    until(lambda: slow.number > 20)
    process.send_signal(number)
    code, _, err = finish(process)
    assert code == expected
    rows = states(database, letter)
    assert set(rows) == {SENT, QUEUED}, described(database, letter)
    assert Counter(email(one) for one in rows[SENT]) == slow.accepted
    assert "still queued" in err
    with database.reading() as connection:
        assert mailings.get(connection, letter).state is MailingState.SENDING


def test_processes_stop_when_the_one_that_started_them_is_killed(database, slow, start):
    add_people(database, 3000)
    letter = add_mailing(database, 3000)
    process = start("--processes", "2", MAILER_SMTP_URL=f"smtp://127.0.0.1:{slow.port}")
    until(lambda: slow.number > 20)
    process.kill()
    process.communicate()  # returns when the last of them has closed the pipes
    assert set(states(database, letter)) == {SENT, QUEUED}
    assert twice(slow) == []


def test_the_log_of_a_run_names_no_address(database, start):
    add_people(database, 3)
    add_mailing(database, 3)
    with smtpd.SmtpServer(rcpt={email(1): "550 5.1.1 <person1@example.org>: unknown"}) as server:
        _, out, err = finish(start("--drain", "-v", MAILER_SMTP_URL=f"smtp://127.0.0.1:{server.port}"))
    assert "@" not in out + err


def test_help_says_what_it_does():
    command = [sys.executable, "-m", "mailer", "worker", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent).stdout
    assert "--drain" in shown
    assert "--processes" in shown
