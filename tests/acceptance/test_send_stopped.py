"""`mailer send` that somebody stops, in its undo window or later, leaves what can go on or was cancelled whole."""

import signal
from smtpd import SmtpServer

from mailer.domain.mailing import MailingState
from mailer.storage import mailings
from sending_world import Commands, everybody, populate, recipients
from waiting import until


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
