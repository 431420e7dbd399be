"""`sending.redirect_to`: everything to one address, and no way by which a rehearsal and real mail could be taken for each other."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from smtpd import SmtpServer

import pytest

from ledger_world import email, make_database, states
from mailer.app import App
from mailer.domain.mailing import MailingState, RowState
from mailer.settings import load
from mailer.storage import mailings
from mailer.storage.tables import suppression
from sending_world import KEY, Commands, make_project, populate
from worker_world import prepared, state_of

OFFICE = "office@example.org"


@pytest.fixture
def relay():
    with SmtpServer() as server:
        yield server


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


@pytest.fixture
def database(project):
    made = make_database(f"sqlite:///{project / 'mailer.db'}")
    yield made
    made.dispose()


def commands(project, relay, **environment):
    return Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", **environment)


def rehearsing(project, relay):
    return commands(project, relay, MAILER_SENDING__REDIRECT_TO=OFFICE)


def test_the_one_address_gets_everything_and_nothing_in_it_acts_for_anybody(project, database, relay):
    populate(database, 12)
    relay.rcpt[email(3)] = "550 5.1.1 the person's own server would say so"
    run = rehearsing(project, relay)("send", "letter", "--yes", "--expect", 12)
    assert run.code == 0, run.err
    assert f"every message goes to {OFFICE}" in run.err
    assert [message.recipient for message in relay.accepted] == [OFFICE] * 12
    read = [message_from_bytes(message.content, policy=policy.default) for message in relay.accepted]
    assert {one["X-Original-To"] for one in read} == {email(who) for who in range(1, 13)}
    assert {one["Subject"] for one in read} == {"[TEST] We meet on Friday"}
    assert not any(one["List-Unsubscribe"] or one["DKIM-Signature"] for one in read)
    status = rehearsing(project, relay)("status", "letter")
    assert f"a rehearsal: everything goes to {OFFICE}" in status.out
    assert rehearsing(project, relay)("status", "letter", "--json").json["redirect_to"] == OFFICE


def test_a_rehearsal_is_refused_where_people_count_as_mailed_for_good(project, database, relay):
    populate(database, 12)
    assert commands(project, relay)("send", "letter", "--yes", "--expect", 12).code == 0
    run = rehearsing(project, relay)("send", "letter", "--again", "--yes", "--expect", 12)
    assert run.code == 4
    assert "a database of its own" in run.err
    assert OFFICE not in {message.recipient for message in relay.accepted}


def test_real_mail_is_refused_where_everybody_counts_as_mailed_and_got_nothing(project, database, relay):
    populate(database, 12)
    assert rehearsing(project, relay)("send", "letter", "--yes", "--expect", 12).code == 0
    run = commands(project, relay)("send", "letter", "--rest", "--yes", "--expect", 12)
    assert run.code == 4
    assert "This database is for rehearsals" in run.err


@pytest.mark.parametrize(("meant", "would"), [(OFFICE, ""), ("", OFFICE), (OFFICE, "other@example.org")])
def test_a_worker_with_other_settings_holds_the_mailing_instead_of_choosing(tmp_path, relay, meant, would):
    """The mailing says where it goes, not the machine that happens to work it."""
    database = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    letter = prepared(database, 5, redirect_to=meant)
    variables = {
        "MAILER_DATABASE_URL": f"sqlite:///{tmp_path / 'mailer.db'}",
        "MAILER_SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
        "MAILER_SECRET_KEY": KEY.decode(),
        "MAILER_SENDING__REDIRECT_TO": would,
    }
    App(load(None, variables)).worker().run(drain=True)
    assert state_of(database, letter) is MailingState.HELD
    with database.reading() as connection:
        assert "came upon it" in mailings.get(connection, letter).state_reason
    assert states(database, letter) == {RowState.QUEUED: [1, 2, 3, 4, 5]}
    assert not relay.accepted
    variables["MAILER_SENDING__REDIRECT_TO"] = meant
    with database.writing() as connection:
        mailings.move(connection, letter, MailingState.SENDING, at=datetime.now(UTC))
    App(load(None, variables)).worker().run(drain=True)
    assert len(relay.accepted) == 5
    database.dispose()


def test_a_refusal_of_the_one_address_marks_nobody(project, database, relay):
    populate(database, 3)
    relay.rcpt[OFFICE] = "550 5.1.1 no such office"
    assert rehearsing(project, relay)("send", "letter", "--yes", "--expect", 3).code == 5
    with database.reading() as connection:
        assert connection.execute(suppression.select()).all() == []


def test_an_address_that_is_none_is_refused_at_once(project, relay):
    run = commands(project, relay, MAILER_SENDING__REDIRECT_TO="me")("config", "show")
    assert run.code == 1
    assert "MAILER_SENDING__REDIRECT_TO" in run.err
