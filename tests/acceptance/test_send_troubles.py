"""`mailer send` where the relay, the database or the disk is not as it should be: what it says, and that nobody is lost."""

import subprocess
from contextlib import suppress
from smtpd import SmtpServer

import pytest
import sqlalchemy as sa

from ledger_world import email, make_database
from sending_world import Commands, everybody, make_project, populate, recipients


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
    assert "but no worker is running, and so nothing happens then; mailer worker" in mailer("status", "letter").out


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
    status = mailer("status", "letter", "--json").json
    assert (status["queued"], status["waiting_for"]) == (12, {"reason": "paused", "until": None})
    told = run.err.splitlines()
    assert [("550 5.7.1" in line, "paused" in line) for line in told if "550" in line] == [(True, True)] * 2, run.err
    assert "when that is seen to: mailer resume 1" in told[-1], "and no other way is named"
    assert "Trying again" not in run.err, "nobody asks again before a person has resumed it"
    assert "when that is seen to: mailer resume 1" in mailer("status", "letter").out


def test_when_everybody_is_refused_alike_it_ends_and_says_how_to_try_again(project, people):
    """The last of ten equal refusals is the last of all: there is nothing left that could be paused."""
    with SmtpServer(rcpt={email(one): "554 5.7.1 not wanted" for one in range(3, 13)}) as relay:
        mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", MAILER_SENDING__CONNECTIONS="1")
        run = mailer("send", "letter", "--yes", "--expect", people)
        assert (run.code, "Next: mailer status 1" in run.err) == (5, True), run.err
        assert "mailer retry 1" in mailer("status", "1").out
        assert mailer("status", "1", "--json").json["state"] == "finished"
        relay.rcpt.clear()
        assert mailer("retry", "1").code == 0
        assert recipients(relay) == everybody()


def test_a_backend_that_is_not_installed_is_said_before_anything_is_queued(project, people):
    with (project / "mailer.toml").open("a") as file:
        file.write('\n[[relays]]\nname = "here"\nbackend = "sendmial"\n')
    run = Commands(project)("send", "letter", "--yes", "--expect", people)
    assert (run.code, 'There is no backend "sendmial".\nInstalled: maildir, memory,' in run.err) == (1, True), run.err


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
