"""What is told, by mail through a real relay and by a real request: once, whoever tells it, and without personal data."""

import email
import email.policy
import json
import logging
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from smtpd import SmtpServer

import pytest
import sqlalchemy as sa

from ledger_world import KEY, add_mailing, add_people, make_database
from mailer.alerts import webhook
from mailer.alerts.teller import STALE
from mailer.app import App
from mailer.domain.mailing import BY_HAND, MailingState, RowState
from mailer.errors import DatabaseAway, DiskFull, SettingsError
from mailer.settings import load
from mailer.storage import alerts, mailings
from mailer.storage.alerts import Kind
from mailer.storage.tables import alert, delivery, mailing
from sending_world import Clock
from waiting import PATIENCE
from web_hook import DrippingHook, Hook

REASON = '10 messages in a row were refused alike: "554 5.7.1 <ana@example.org> is not welcome"'


@pytest.fixture
def database(tmp_path):
    made = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    add_people(made, 4)
    yield made
    made.dispose()


@pytest.fixture
def relay():
    with SmtpServer() as server:
        yield server


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make_app(database, relay, clock, tmp_path):
    apps = []

    def make(**environment):
        variables = {
            "MAILER_DATABASE_URL": f"sqlite:///{tmp_path / 'mailer.db'}",
            "MAILER_SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
            "MAILER_SECRET_KEY": KEY.decode(),
            "MAILER_ORGANISATION__NAME": "Solidarity Nétwork",
            "MAILER_ORGANISATION__FROM_ADDRESS": "news@example.org",
            "MAILER_ALERTS__TO": "office@example.net, ben@example.net",
        }
        apps.append(App(load(None, variables | environment), clock=clock))
        return apps[-1]

    yield make
    for app in apps:
        app.close()


def paused(database, clock, reason=REASON):
    letter = add_mailing(database, 4)
    with database.writing() as connection:
        assert mailings.move(connection, letter, MailingState.PAUSED, reason=reason, at=clock())
    return letter


def rows(database):
    with database.reading() as connection:
        return connection.execute(sa.select(alert).order_by(alert.c.id)).all()


def test_it_goes_to_every_address_and_says_what_to_type(database, clock, relay, make_app):
    letter = paused(database, clock)
    assert make_app().teller().tell_due() == 1
    assert [one.recipient for one in relay.accepted] == ["office@example.net", "ben@example.net"]
    assert relay.breaches == []
    message = email.message_from_bytes(relay.accepted[0].content, policy=email.policy.default)
    assert message["Subject"] == f"Solidarity Nétwork: letter ({letter}) has paused itself"
    assert message["From"] == "Solidarity Nétwork <news@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    text = message.get_content().replace("\r\n", "\n")
    assert "554 5.7.1 <a***@example.org> is not welcome" in text
    assert "4 queued." in text
    assert f"    mailer status {letter}\n    mailer resume {letter}\n" in text
    assert {one["Message-ID"] for one in map(read, relay.accepted)} == {
        f"<alert.1.{int(clock().timestamp())}.{number}@example.org>" for number in (1, 2)
    }


def read(accepted):
    return email.message_from_bytes(accepted.content, policy=email.policy.default)


def test_what_paused_itself_over_the_last_that_it_had_is_tried_again_and_not_resumed(database, clock, make_app):
    letter = paused(database, clock)
    with database.writing() as connection:
        connection.execute(sa.update(delivery).values(state=RowState.FAILED))
        assert mailings.finish_if_done(connection, letter, at=clock())
    with Hook() as hook:
        make_app(MAILER_ALERTS__TO="", MAILER_ALERTS__WEBHOOK=hook.url).teller().tell_due()
    of_kind = {one["kind"]: one["next"] for one in hook.told}
    assert of_kind["paused"] == of_kind["failures"] == [f"mailer status {letter}", f"mailer retry {letter}"]


def test_the_web_address_gets_a_document(database, clock, make_app):
    with Hook() as hook:
        letter = paused(database, clock)
        make_app(MAILER_ALERTS__TO="", MAILER_ALERTS__WEBHOOK=hook.url).teller().tell_due()
    [told] = hook.told
    assert (told["kind"], told["mailing"], told["campaign"], told["state"]) == ("paused", letter, "letter", "paused")
    assert told["counts"]["queued"] == 4
    assert told["next"] == [f"mailer status {letter}", f"mailer resume {letter}"]
    assert told["at"] == "2026-11-22T09:00:00Z"
    assert told["text"].startswith(f"letter ({letter}) has paused itself: 10 messages in a row")
    assert "ana@" not in json.dumps(told)


def test_each_is_told_once_however_many_tell(database, clock, relay, make_app):
    for number in range(1, 4):
        letter = add_mailing(database, 1, number=number)
        with database.writing() as connection:
            mailings.move(connection, letter, MailingState.HELD, reason="look", at=clock())
    tellers = [make_app().teller() for _ in range(4)]
    threads = [threading.Thread(target=teller.tell_due) for teller in tellers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(relay.accepted) == 3 * 2
    assert len({(one.recipient, read(one)["Message-ID"]) for one in relay.accepted}) == 6
    assert tellers[0].tell_due() == 0


def test_what_a_person_did_themselves_they_are_not_told(database, clock):
    letter = add_mailing(database, 4)
    with database.writing() as connection:
        mailings.move(connection, letter, MailingState.PAUSED, reason=BY_HAND, at=clock())
        mailings.move(connection, letter, MailingState.SENDING, at=clock())
        mailings.move(connection, letter, MailingState.CANCELLED, reason=BY_HAND, at=clock())
    assert rows(database) == []


@pytest.mark.parametrize(
    ("state", "said"), [(RowState.FAILED, "4 failed"), (RowState.UNCERTAIN, "4 in doubt"), (RowState.SENT, None)]
)
def test_the_end_of_a_mailing_is_told_when_some_failed(database, clock, state, said):
    letter = add_mailing(database, 4)
    with database.writing() as connection:
        connection.execute(sa.update(delivery).values(state=state))
        assert mailings.finish_if_done(connection, letter, at=clock())
    assert {(one.kind, one.detail) for one in rows(database)} == ({("failures", said)} if said else set())


def test_a_mailing_that_ran_out_of_time_is_told_once(database, clock):
    letter = add_mailing(database, 4)
    with database.writing() as connection:
        connection.execute(sa.update(mailing).values(send_by=clock() - timedelta(seconds=1)))
    for _ in range(3):
        with database.writing() as connection:
            mailings.due_work(connection, clock())
    assert [(one.kind, one.mailing_id) for one in rows(database)] == [("expired", letter)] * 2


def test_nothing_is_told_that_did_not_come_to_pass(database, clock):
    letter = add_mailing(database, 4)
    with suppress(RuntimeError), database.writing() as connection:
        mailings.move(connection, letter, MailingState.PAUSED, reason=REASON, at=clock())
        raise RuntimeError
    assert rows(database) == []


def test_a_relay_that_is_down_is_tried_again_longer_and_longer_apart(database, clock, make_app, relay):
    paused(database, clock)
    down = make_app(MAILER_SMTP_URL="smtp://127.0.0.1:1").teller()
    waits = []
    for _ in range(8):
        assert down.tell_due() == 0
        wait = rows(database)[0].due - clock().timestamp()
        waits.append(wait / 60)
        assert make_app().teller().tell_due() == 0, "its time has not come for anybody"
        clock.now += timedelta(seconds=wait)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert make_app().teller().tell_due() == 1
    assert len(relay.accepted) == 2


def test_who_has_had_it_does_not_get_it_again(database, clock, make_app):
    paused(database, clock)
    with SmtpServer(rcpt={"ben@example.net": "450 4.2.1 later"}, times=1) as server:
        teller = make_app(MAILER_SMTP_URL=f"smtp://127.0.0.1:{server.port}").teller()
        assert teller.tell_due() == 0
        server.rcpt.clear()
        clock.now += timedelta(minutes=2)
        assert teller.tell_due() == 1
        assert [one.recipient for one in server.accepted] == ["office@example.net", "ben@example.net"]


def test_an_address_that_is_refused_keeps_nobody_else_from_being_told(database, clock, make_app):
    paused(database, clock)
    with SmtpServer(rcpt={"office@example.net": "550 5.1.1 nobody"}) as server:
        assert make_app(MAILER_SMTP_URL=f"smtp://127.0.0.1:{server.port}").teller().tell_due() == 1
        assert [one.recipient for one in server.accepted] == ["ben@example.net"]


@pytest.mark.parametrize("answer", [302, 404, 500])
def test_a_web_address_that_does_not_take_it_is_tried_a_few_times_and_no_redirect_is_followed(
    database, clock, make_app, answer, caplog
):
    with Hook(answer) as hook:
        paused(database, clock)
        teller = make_app(MAILER_ALERTS__TO="", MAILER_ALERTS__WEBHOOK=hook.url).teller()
        for _ in range(12):
            teller.tell_due()
            clock.now += timedelta(hours=1)
    assert len(hook.told) == 6
    assert len({json.dumps(one) for one in hook.told}) == 1, "under one id"
    assert f"it answers {answer}" in rows(database)[1].outcome
    assert "secret" not in caplog.text
    assert hook.url not in str(rows(database))


def test_a_web_address_that_drips_holds_nobody_up(database, clock, make_app, relay, monkeypatch):
    """Each byte of its answer comes in time, and the last one never."""
    monkeypatch.setattr(webhook, "SECONDS", 0.5)
    with DrippingHook() as hook:
        paused(database, clock)
        teller = make_app(MAILER_ALERTS__WEBHOOK=hook.url).teller()
        telling = threading.Thread(target=teller.tell_due, daemon=True)
        telling.start()
        telling.join(PATIENCE)
        assert not telling.is_alive()
    assert len(relay.accepted) == 2, "by mail they are told all the same"
    assert "it does not answer in time" in {one.outcome for one in rows(database)}


def test_a_web_address_that_is_not_there_keeps_no_mail_back(database, clock, make_app, relay):
    paused(database, clock)
    assert make_app(MAILER_ALERTS__WEBHOOK="http://127.0.0.1:1/x").teller().tell_due() == 1
    assert len(relay.accepted) == 2


def test_what_nobody_could_be_told_for_a_day_is_told_no_more(database, clock, make_app, relay):
    paused(database, clock)
    clock.now += STALE + timedelta(seconds=1)
    assert make_app().teller().tell_due() == 0
    assert relay.accepted == []
    assert rows(database)[0].outcome.startswith("too old")


def test_one_whose_teller_died_is_told_by_another_after_a_while(database, clock, make_app, relay):
    paused(database, clock)
    with database.writing() as connection:
        assert alerts.take(connection, frozenset(alerts.Channel), now=clock()).channel == "mail"
    assert make_app().teller().tell_due() == 0
    clock.now += alerts.TAKEN_FOR
    assert make_app().teller().tell_due() == 1


def test_a_database_that_is_away_is_no_warning_each_time_that_it_is_asked(
    database, clock, make_app, monkeypatch, caplog
):
    paused(database, clock)
    teller = make_app().teller()
    for error, level in ((DatabaseAway, logging.INFO), (DiskFull, logging.WARNING)):

        def fail(*_, error=error, **__):
            raise error

        with monkeypatch.context() as patched, caplog.at_level(logging.INFO):
            patched.setattr(alerts, "any_due", fail)
            caplog.clear()
            assert teller.tell_due() == 0
        assert [one.levelno for one in caplog.records if "alerts.failed" in one.getMessage()] == [level]
    assert teller.tell_due() == 1


def test_kinds_of_no_mailing_can_be_told_too(database, clock, make_app, relay):
    for _ in range(2):  # seen twice, told once
        with database.writing() as connection:
            alerts.add(connection, Kind.RESTORED, key="the same", detail="restored from a backup", at=clock())
    assert make_app().teller().tell_due() == 1
    message = read(relay.accepted[0])
    assert message["Subject"] == "Solidarity Nétwork: the database was set back"
    assert "The database was set back: restored from a backup." in message.get_content()


def test_postgresql_tells_once_too(postgres_url, clock, relay, make_app):
    database = make_database(postgres_url)
    add_people(database, 4)
    for number in range(1, 4):
        letter = add_mailing(database, 1, number=number)
        with database.writing() as connection:
            mailings.move(connection, letter, MailingState.HELD, reason="look", at=datetime.now(UTC))
    tellers = [make_app(MAILER_DATABASE_URL=postgres_url) for _ in range(3)]
    clock.now = datetime.now(UTC)
    threads = [threading.Thread(target=app.teller().tell_due) for app in tellers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    database.dispose()
    assert len(relay.accepted) == 6


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"MAILER_ORGANISATION__FROM_ADDRESS": ""}, "no address to come from"),
        ({"MAILER_ALERTS__RELAY": "other"}, 'alerts.relay is "other"'),
    ],
    ids=str,
)
def test_settings_that_cannot_be_followed_are_refused_when_a_process_starts(make_app, wrong, said):
    with pytest.raises(SettingsError, match=said):
        make_app(**wrong).teller()


@pytest.mark.parametrize(
    "url", ["http://hooks.example.org/x", "ftp://127.0.0.1/x", "hooks", "https://", "https://a b", "http://10.0.0.1/x"]
)
def test_what_is_told_goes_over_https_or_stays_here_and_the_address_is_never_repeated(make_app, url):
    with pytest.raises(SettingsError) as caught:
        make_app(MAILER_ALERTS__WEBHOOK=url)
    assert url not in caught.value.message + caught.value.hint.replace("https://…", "")
