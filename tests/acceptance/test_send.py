"""`mailer send`, as people and scripts meet it: message, exit code, no traceback."""

import signal
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from smtpd import SmtpServer

import pytest
import sqlalchemy as sa

from ledger_world import email, make_database, states
from mailer.domain.mailing import MailingState, RowState
from mailer.storage import heartbeats, mailings
from mailer.storage.heartbeats import Role
from mailer.storage.tables import delivery
from sending_world import Commands, make_project, populate, rename, write_letter
from terminal import Terminal
from waiting import until

QUEUED, SENT, FAILED = RowState.QUEUED, RowState.SENT, RowState.FAILED


def recipients(relay):
    return sorted(one.recipient for one in relay.accepted)


def everybody(number=12, *, but=()):
    return sorted(email(one) for one in range(1, number + 1) if one not in but)


def test_a_campaign_reaches_everybody_once(mailer, people, relay):
    run = mailer("send", "letter", "--yes", "--expect", people, "--json")
    assert run.code == 0
    assert run.json == {"mailing": 1, "campaign": "letter", "recipients": 12, "state": "finished"}
    assert recipients(relay) == everybody()
    assert relay.breaches == []
    status = mailer("status", "letter", "--json").json
    numbers = (
        "queued",
        "leased",
        "sending",
        "sent",
        "deferred",
        "failed",
        "uncertain",
        "suppressed",
        "cancelled",
        "expired",
    )
    assert status["total"] == sum(status[name] for name in numbers) == status["sent"] == 12
    assert (status["state"], status["waiting_for"]) == ("finished", None)


def test_what_is_shown_before_it_goes(mailer, people, database):
    rename(database, 4, first_name="")
    run = mailer("send", "letter", "--segment", "donors", "--yes", "--expect", "3")
    assert run.code == 0
    for line in (
        "3 people: donors on news",
        "Solidarity Network <news@example.org>",
        "We meet on Friday",
        "Queued as mailing 1",
    ):
        assert line in run.err
    assert run.out == ""


def test_a_second_send_is_refused_and_says_what_else_there_is(mailer, people, relay):
    assert mailer("send", "letter", "--segment", "donors", "--yes", "--expect", "3").code == 0
    again = mailer("send", "letter", "--yes", "--expect", people, "--json")
    assert again.code == 4
    assert again.error["code"] == "refused"
    assert again.error["message"] == "letter was sent: mailing 1 (finished) has reached 3 people."
    assert "--rest" in again.error["hint"]
    assert len(relay.accepted) == 3
    rest = mailer("send", "letter", "--rest", "--yes", "--expect", "9", "--json")
    assert (rest.code, rest.json["recipients"]) == (0, 9)
    assert recipients(relay) == everybody()
    assert mailer("send", "letter", "--rest", "--yes", "--expect", "0", "--json").json["state"] == "empty"
    everyone = mailer("send", "letter", "--again", "--yes", "--expect", "12", "--json")
    assert (everyone.code, everyone.json["recipients"]) == (0, 12)
    assert len(relay.accepted) == 24


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "This would mail 12 people, and there is nobody to confirm it."),
        (("--yes",), "This would mail 12 people, and there is nobody to confirm it."),
        (("--expect", "12"), "This would mail 12 people, and there is nobody to confirm it."),
        (("--yes", "--expect", "13"), "12 people would be mailed, and 13 were expected."),
    ],
)
def test_without_a_terminal_it_takes_yes_and_the_right_number(mailer, people, relay, options, message):
    run = mailer("send", "letter", *options)
    assert run.code == 4
    assert message in run.err
    assert "--expect 12" in run.err
    assert mailer("status", "--json").json == {"mailings": []}
    assert relay.accepted == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("send", "no-such-letter", "--yes", "--expect", "1"), 1, 'There is no campaign "no-such-letter"'),
        (("send", "../letter", "--yes", "--expect", "1"), 1, "There is no campaign"),
        (("send", "letter", "--segment", "nobody", "--yes", "--expect", "1"), 1, 'no segment or list "nobody"'),
        (("send", "letter", "--list", "nobody", "--yes", "--expect", "1"), 1, 'There is no list "nobody"'),
        (("send", "letter", "--rest", "--again"), 2, "different people"),
        (("send", "letter", "--limit", "0"), 2, "--limit"),
        (("send", "letter", "--limit", "9" * 25), 2, "--limit"),
        (("send", "letter", "--at", "soon"), 2, '"soon" is not a time'),
        (("send", "letter", "--at", "2020-01-01 09:00"), 2, "has passed"),
        (("send",), 2, "SLUG"),
    ],
)
def test_what_cannot_be_meant(mailer, people, relay, arguments, code, message):
    run = mailer(*arguments)
    assert (run.code, run.out) == (code, "")
    assert message in run.err
    assert relay.accepted == []


def test_nobody_to_mail_is_no_error(mailer, people):
    run = mailer("send", "letter", "--list", "events", "--json")
    assert run.code == 0
    assert run.json == {"mailing": None, "campaign": "letter", "recipients": 0, "state": "empty"}


def test_findings_refuse_with_file_and_line(mailer, people, project, relay):
    write_letter(project, body="Yours, {{ subscriber.frist_name }}")
    run = mailer("send", "letter", "--yes", "--expect", people)
    assert run.code == 3
    assert "campaigns/letter.md:13" in run.err
    assert "first_name" in run.err
    assert relay.accepted == []


def test_a_dry_run_finds_out_and_writes_nothing(mailer, people, relay, database):
    run = mailer("send", "letter", "--dry-run", "--json")
    assert run.code == 0
    found = run.json
    assert (found["mailing"], found["recipients"], found["errors"]) == (None, 12, 0)
    assert 5_000 < found["largest_bytes"] < 102_400
    assert mailer("status", "--json").json == {"mailings": []}
    assert relay.accepted == []
    rename(database, 3, email="p@x@example.org")
    broken = mailer("send", "letter", "--dry-run", "--json")
    assert (broken.code, broken.json["errors"]) == (3, 1)
    assert broken.json["unbuildable"][0]["email"] == "p***@example.org"


def test_a_sample(mailer, people, relay):
    run = mailer("send", "letter", "--limit", "4", "--yes", "--expect", "4", "--json")
    assert (run.code, run.json["recipients"]) == (0, 4)
    assert len(set(recipients(relay))) == 4


def test_queue_only_leaves_it_to_a_worker(mailer, people, relay):
    run = mailer("send", "letter", "--yes", "--expect", people, "--queue-only", "--json")
    assert (run.code, run.json["state"]) == (0, "sending")
    assert relay.accepted == []
    assert mailer("status", "letter", "--json").json["waiting_for"] == {"reason": "no_worker", "until": None}
    assert mailer("worker", "--drain").code == 0
    assert recipients(relay) == everybody()


def test_while_a_worker_lives_it_only_watches(mailer, people, relay):
    worker = mailer.start("worker")
    try:
        until(lambda: alive(mailer))
        run = mailer("send", "letter", "--yes", "--expect", people)
        assert run.code == 0
        assert "A worker is running" in run.err
        assert recipients(relay) == everybody()
    finally:
        worker.send_signal(signal.SIGTERM)
        assert mailer.finish(worker).code == 0


def alive(mailer):
    database = make_database(f"sqlite:///{mailer.folder / 'mailer.db'}")
    try:
        with database.reading() as connection:
            return heartbeats.alive(connection, Role.WORKER, now=datetime.now(UTC))
    finally:
        database.dispose()


def test_two_sends_at_once_mail_everybody_once(mailer, people, relay):
    both = [mailer.start("send", "letter", "--yes", "--expect", people) for _ in range(2)]
    runs = sorted((mailer.finish(one) for one in both), key=lambda run: run.code)
    assert [run.code for run in runs] == [0, 4]
    assert "letter" in runs[1].err
    assert recipients(relay) == everybody()


def test_recipients_that_fail_make_exit_code_5(project, people, database):
    with SmtpServer(rcpt={email(7): "550 5.1.1 no such person", email(8): "554 5.7.1 not wanted"}) as relay:
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
        run = mailer("send", "letter", "--yes", "--expect", people, "--json")
        assert (run.code, run.json["state"]) == (5, "finished")
        assert recipients(relay) == everybody(but=(7, 8))
    status = mailer("status", "letter", "--json").json
    assert (status["sent"], status["failed"]) == (10, 2)
    causes = {(one["cause"], one["provider"], one["count"]) for one in status["failures"]}
    assert causes == {("550 5.1.1", "example.org", 1), ("554 5.7.1", "example.org", 1)}
    assert mailer("status", "letter").code == 0


def test_people_who_are_put_off_are_retried_later(project, people):
    with SmtpServer(rcpt={email(7): "450 4.2.0 try later"}) as relay:
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
        run = mailer("send", "letter", "--yes", "--expect", people, "--json")
        assert (run.code, run.json["state"]) == (0, "sending")
        assert "1 retry from" in run.err
    status = mailer("status", "letter", "--json").json
    assert (status["sent"], status["deferred"], status["queued"], status["total"]) == (11, 1, 0, 12)
    assert status["waiting_for"]["reason"] == "retry"
    assert status["waiting_for"]["until"].endswith("Z")


def test_a_relay_that_cannot_be_reached_loses_nobody(project, people, relay):
    down = Commands(project, MAILER_SMTP_URL="smtp://127.0.0.1:1")
    run = down("send", "letter", "--yes", "--expect", people)
    assert run.code == 1
    assert "The relay could not be used" in run.err
    assert "Nothing is lost" in run.err
    up = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
    assert up("resume", "letter").code == 0
    assert recipients(relay) == everybody()


@pytest.mark.parametrize("misbehaviour", ["refuses-at-mail", "refuses-at-ehlo"])
def test_a_relay_that_refuses_us_pauses_the_mailing_and_quotes_it(project, people, misbehaviour):
    with SmtpServer(misbehaviour) as relay:
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
        run = mailer("send", "letter", "--yes", "--expect", people, "--json")
        assert (run.code, run.json["state"]) == (1, "paused")
    assert "550 5.7.1" in run.err
    status = mailer("status", "letter", "--json").json
    assert (status["queued"], status["waiting_for"]) == (12, {"reason": "paused", "until": None})


def test_a_relay_off_this_machine_needs_https_and_the_real_time(project, people):
    far = {"MAILER_SMTP_URL": "smtp+starttls://user:secret-word@relay.example.org:587"}
    for extra, message in (
        ({}, "not an https address"),
        ({"MAILER_PUBLIC_URL": "https://127.0.0.1:9"}, "leave page does not answer"),
        ({"MAILER_PROJECT__CLOCK": "2024-11-22T09:00:00Z"}, "project.clock is set"),
    ):
        run = Commands(project, **far, **extra)("send", "letter", "--yes", "--expect", people)
        assert run.code == 4
        assert message in run.err
        assert "secret-word" not in run.err


def test_ctrl_c_leaves_a_mailing_that_goes_on(project, people):
    with SmtpServer(delay=0.4) as relay:
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", MAILER_SENDING__CONNECTIONS="1")
        process = mailer.start("send", "letter", "--yes", "--expect", people, "--json")
        until(lambda: len(relay.accepted) > 1)
        process.send_signal(signal.SIGINT)
        run = mailer.finish(process)
        assert run.code == 130
        assert run.json["state"] == "sending"
        assert 1 < len(relay.accepted) < 12
        assert mailer("resume").code == 0
        assert recipients(relay) == everybody(), "everybody once, nobody twice"


def test_a_mailing_to_many_can_be_cancelled_while_its_undo_window_is_open(project, database, relay):
    populate(database, 501)
    mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", MAILER_SENDING__UNDO_SECONDS="3600")
    process = mailer.start("send", "letter", "--yes", "--expect", "501", "--json")
    until(lambda: exists(database))
    waiting = mailer("status", "letter", "--json").json
    assert (waiting["state"], waiting["waiting_for"]["reason"]) == ("waiting", "undo")
    cancelled = mailer("cancel", "letter", "--json")
    assert (cancelled.code, cancelled.json["cancelled"]) == (0, 501)
    run = mailer.finish(process)
    assert (run.code, run.json["state"]) == (0, "cancelled")
    assert "To stop it" in run.err
    assert relay.accepted == []
    assert mailer("send", "letter", "--yes", "--expect", "501", "--queue-only").code == 0, (
        "cancelled empty: no first time"
    )


def test_ctrl_c_in_the_undo_window_leaves_it_to_resume(project, database, relay):
    populate(database, 501)
    mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", MAILER_SENDING__UNDO_SECONDS="3600")
    process = mailer.start("send", "letter", "--yes", "--expect", "501", "--json")
    assert any("first message leaves" in line for line in iter(process.stderr.readline, ""))
    process.send_signal(signal.SIGINT)
    run = mailer.finish(process)
    assert (run.code, run.json["state"]) == (130, "waiting")
    assert "resume 1" in run.err
    assert relay.accepted == []


def exists(database):
    with database.reading() as connection:
        return bool(mailings.everything(connection, states=frozenset({MailingState.WAITING})))


def test_after_the_undo_window_it_goes(project, database, relay):
    populate(database, 501)
    mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", MAILER_SENDING__UNDO_SECONDS="1")
    assert mailer("send", "letter", "--yes", "--expect", "501").code == 0
    assert recipients(relay) == everybody(501)


def test_a_database_from_a_newer_version_is_left_alone(mailer, people, database):
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for command in (("send", "letter", "--yes", "--expect", people), ("status",), ("resume",)):
        run = mailer(*command)
        assert run.code == 1
        assert "written by a newer version" in run.err


def test_a_file_that_is_no_database(mailer, project):
    (project / "mailer.db").write_text("these are my notes, not a database at all, and they are long enough\n" * 20)
    run = mailer("send", "letter", "--yes", "--expect", "1")
    assert run.code == 1
    assert "damaged or is no database" in run.err


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 16 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(path):
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):
            pass


def test_a_full_disk_says_so_and_loses_nothing(small_disk, relay):
    project = make_project(small_disk / "project")
    database = make_database(f"sqlite:///{project / 'mailer.db'}")
    populate(database, 300)
    filler = small_disk / "filler"
    fill(filler)
    mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", MAILER_SENDING__UNDO_SECONDS="0")
    run = mailer("send", "letter", "--yes", "--expect", "300")
    assert run.code == 1
    assert "The disk is full" in run.err
    filler.unlink()
    again = mailer("resume", "letter") if mailer("status", "--json").json["mailings"] else None
    again = again or mailer("send", "letter", "--yes", "--expect", "300")
    assert again.code == 0, again.err
    assert recipients(relay) == everybody(300)
    database.dispose()


class TestOnATerminal:
    """What a person types."""

    def test_a_few_people_take_a_y(self, mailer, people, relay):
        with Terminal(mailer, "send", "letter", "--segment", "donors") as terminal:
            terminal.answer("Type y", "y")
            assert terminal.code == 0
        assert len(relay.accepted) == 3

    def test_anything_else_is_a_no(self, mailer, people, relay):
        with Terminal(mailer, "send", "letter", "--segment", "donors") as terminal:
            terminal.answer("Type y", "n")
            assert terminal.code == 4
            assert "nothing was done" in terminal.seen
        assert relay.accepted == []

    def test_the_whole_list_takes_the_number(self, mailer, people, relay):
        with Terminal(mailer, "send", "letter") as terminal:
            terminal.answer("Type the number", "y")
            assert terminal.code == 4
        with Terminal(mailer, "send", "letter") as terminal:
            terminal.answer("Type the number", "12")
            assert terminal.code == 0
        assert recipients(relay) == everybody()

    def test_many_people_take_the_name(self, project, database, relay):
        populate(database, 700, donors=range(1, 502))
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", MAILER_SENDING__UNDO_SECONDS="0")
        with Terminal(mailer, "send", "letter", "--segment", "donors", "--queue-only", "--yes") as terminal:
            terminal.answer("Type the campaign's name", "letter")
            assert terminal.code == 0

    def test_ctrl_c_at_the_question_does_nothing(self, mailer, people, relay):
        with Terminal(mailer, "send", "letter") as terminal:
            terminal.interrupt("Type the number")
            assert terminal.code == 130
        assert mailer("status", "--json").json == {"mailings": []}
        assert relay.accepted == []


def test_rows_are_where_the_status_says(mailer, people, database, relay):
    mailer("send", "letter", "--yes", "--expect", people, "--queue-only")
    assert states(database, 1) == {QUEUED: list(range(1, 13))}
    with database.writing() as connection:
        connection.execute(sa.update(delivery).where(delivery.c.subscriber_id < 3).values(state=FAILED))
    status = mailer("status", "1", "--json").json
    assert (status["queued"], status["failed"], status["total"]) == (10, 2, 12)
