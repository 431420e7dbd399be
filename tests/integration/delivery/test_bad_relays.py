"""Relays that fail in every way that has a name: everybody ends in a true state, and `status` and `why` say why.

Real SMTP servers on loopback, a real ledger, the worker that sends. Nobody's good address is ever marked as bad, nobody gets
anything twice, and what one relay did not take for reasons of its own another carries.
"""

from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from smtpd import SmtpServer

import pytest
import sqlalchemy as sa

from ledger_world import KEY, email, states
from mailer.app import App
from mailer.backend import Deferred, Sent
from mailer.backends.smtp import SmtpBackend
from mailer.domain.mailing import MailingState, RowState
from mailer.settings import load
from mailer.storage import mailings, reasons
from mailer.storage.status import status_of
from mailer.storage.tables import suppression
from waiting import until
from worker_world import InThread, Relay, attempts, let_come_due, prepared, state_of, worker_for

QUEUED, SENT, FAILED, UNCERTAIN = RowState.QUEUED, RowState.SENT, RowState.FAILED, RowState.UNCERTAIN


@pytest.fixture
def database(either):
    return either


@pytest.fixture
def serve():
    """Starts servers that misbehave as told."""
    with ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(SmtpServer(*arguments, **options))


def by(server, **options):
    """Connections to a server."""
    defaults = {"host": "127.0.0.1", "port": server.port, "security": "none"}
    return lambda: SmtpBackend(defaults | options)


def status(database, letter, *, ahead=timedelta()):
    now = datetime.now(UTC) + ahead
    with database.reading() as connection:
        return status_of(connection, mailings.get(connection, letter), now=now)


def why(database, letter, who):
    """[(state, relay, what it said)] of one person."""
    with database.reading() as connection:
        found = reasons.steps(connection, mailings.get(connection, letter), who)
    return [(step.state, step.relay, step.detail) for step in found]


def reason(database, letter):
    with database.reading() as connection:
        return mailings.get(connection, letter).state_reason


def suppressed(database):
    with database.reading() as connection:
        return set(connection.scalars(sa.select(suppression.c.email_key)))


def resume(database, letter):
    with database.writing() as connection:
        mailings.move(connection, letter, MailingState.SENDING, at=datetime.now(UTC))


def everybody_once(number, *servers):
    got = Counter(message.recipient for server in servers for message in server.accepted)
    return got == Counter({email(who): 1 for who in range(1, number + 1)})


def everybody(number):
    return list(range(1, number + 1))


# One relay, and it is the only one


@pytest.mark.parametrize(
    ("misbehaviour", "said"),
    [("refuses-at-auth", "535 5.7.8"), ("refuses-at-mail", "550 5.7.1"), ("refuses-at-ehlo", "550 5.7.1")],
)
def test_a_wrong_password_or_a_suspended_account_pauses_and_costs_nobody_anything(database, serve, misbehaviour, said):
    letter, server = prepared(database, 40), serve(misbehaviour, users={"ana": "x"}, auth_in_clear=True)
    login = by(server, user="ana", password="x")
    summary = worker_for(database, login).run(drain=True)
    assert said in summary.paused[letter]
    assert states(database, letter) == {QUEUED: everybody(40)}
    assert attempts(database, letter) == {0: 40}
    assert status(database, letter).mailing.state is MailingState.PAUSED
    assert said in reason(database, letter)
    assert why(database, letter, 7) == [(QUEUED, "", "")]
    assert not suppressed(database)
    server.misbehaviour = ""
    resume(database, letter)
    assert worker_for(database, login).run(drain=True).counts == {SENT: 40}
    assert everybody_once(40, server)


def test_a_password_that_was_mended_is_read_by_the_worker_that_runs(tmp_path, serve):
    server = serve(users={"ana": "right"}, auth_in_clear=True)
    (tmp_path / "password").write_text("mistyped\n")
    (tmp_path / "mailer.toml").write_text(
        f'[[relays]]\nname = "main"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\n'
        'user = "ana"\npassword_file = "password"\nconnections = 1\n'
    )
    app = App(load(tmp_path, {"MAILER_SECRET_KEY": KEY.decode()}))
    letter = prepared(app.database, 5)
    running = InThread(app.worker())
    until(lambda: state_of(app.database, letter) is MailingState.PAUSED)
    assert "535 5.7.8" in reason(app.database, letter)
    (tmp_path / "password").write_text("right\n")
    resume(app.database, letter)
    until(lambda: states(app.database, letter) == {SENT: everybody(5)})
    running.stop()
    app.close()


def test_a_relay_that_is_down_for_an_hour_costs_nobody_an_attempt(database, serve):
    letter, server = prepared(database, 30), serve()
    down = by(server, port=1)
    for minutes in (0, 60):
        summary = worker_for(database, down, ahead=timedelta(minutes=minutes), connections=1).run(drain=True)
        assert "Cannot connect to 127.0.0.1" in summary.relay_down
    assert states(database, letter) == {QUEUED: everybody(30)}
    assert status(database, letter).mailing.state is MailingState.SENDING
    assert why(database, letter, 7) == [(QUEUED, "", "")]
    assert worker_for(database, by(server), ahead=timedelta(minutes=61)).run(drain=True).counts == {SENT: 30}
    assert attempts(database, letter) == {1: 30}
    assert everybody_once(30, server)


def test_while_it_is_down_status_says_which_relay_cannot_be_used_and_why(database, serve, monkeypatch):
    monkeypatch.setattr("mailer.storage.heartbeats.EVERY", timedelta(seconds=0.1))
    letter, server = prepared(database, 30), serve()
    running = InThread(worker_for(database, by(server, port=1), connections=1))
    until(lambda: status(database, letter).trouble)
    (said,) = status(database, letter).document()["trouble"]
    assert "Cannot connect to 127.0.0.1 port 1" in said
    running.stop()
    assert status(database, letter).trouble == (), "nobody is at work any more"


def test_a_name_that_nobody_knows_is_a_relay_that_is_down(database, serve):
    letter, server = prepared(database, 5), serve()
    summary = worker_for(database, by(server, host="relay.invalid", security="tls"), connections=1).run(drain=True)
    assert "The name relay.invalid cannot be resolved" in summary.relay_down
    assert states(database, letter) == {QUEUED: everybody(5)}
    assert not suppressed(database)


def test_half_of_the_addresses_are_gone(database, serve):
    """That says nothing about us: the breaker stays closed, and only those addresses are marked."""
    gone = set(range(2, 41, 2))
    letter = prepared(database, 40)
    server = serve(rcpt={email(who): "550 5.1.1 no such person" for who in gone})
    summary = worker_for(database, by(server)).run(drain=True)
    assert summary.counts == {SENT: 20, FAILED: 20}
    assert state_of(database, letter) is MailingState.FINISHED
    assert suppressed(database) == {email(who) for who in gone}
    assert why(database, letter, 2)[-1] == (FAILED, "relay1", "550 5.1.1 no such person")
    assert why(database, letter, 3)[-1][:2] == (SENT, "relay1")
    (cause,) = status(database, letter).failures
    assert (cause.state, cause.count) == (FAILED, 20)
    assert "550 5.1.1" in cause.cause


def test_half_refused_for_what_we_are_pauses_the_mailing_and_marks_no_address(database, serve):
    refused = set(range(2, 201, 2))
    letter = prepared(database, 200)
    server = serve(rcpt={email(who): "550 5.7.1 blocked for spam" for who in refused})
    summary = worker_for(database, by(server), connections=1, max_in_doubt=4).run(drain=True)
    assert "550 5.7.1 blocked for spam" in summary.paused[letter]
    assert "were refused" in reason(database, letter)
    found = states(database, letter)
    assert 25 <= len(found[FAILED]) <= 30
    assert len(found[QUEUED]) > 140
    assert set(found) == {SENT, FAILED, QUEUED}
    assert not suppressed(database)
    assert why(database, letter, found[FAILED][0])[-1] == (FAILED, "relay1", "550 5.7.1 blocked for spam")


def test_greylisting_is_over_at_the_next_try(database, serve):
    letter, server = prepared(database, 12), serve("greylists")
    summary = worker_for(database, by(server), connections=2).run(drain=True)
    assert summary.counts[QUEUED] == 12
    assert states(database, letter) == {QUEUED: everybody(12)}
    shown = status(database, letter)
    assert shown.counts.deferred == 12
    assert why(database, letter, 7)[-1][:2] == (QUEUED, "relay1")
    assert "greylisted" in why(database, letter, 7)[-1][2]
    let_come_due(database, letter)
    assert worker_for(database, by(server)).run(drain=True).counts == {SENT: 12}
    assert attempts(database, letter) == {2: 12}
    assert [step[0] for step in why(database, letter, 7)] == [QUEUED, QUEUED, SENT]
    assert everybody_once(12, server)
    assert not suppressed(database)


@pytest.mark.parametrize("misbehaviour", ["drops-at-dot", "drops-at-content", "garbles-at-dot"])
def test_a_relay_that_never_answers_pauses_the_mailing_before_everybody_is_in_doubt(database, serve, misbehaviour):
    letter, server = prepared(database, 60), serve(misbehaviour)
    summary = worker_for(database, by(server), connections=2).run(drain=True)
    assert "left and got no answer" in summary.paused[letter]
    found = states(database, letter)
    assert 10 <= len(found[UNCERTAIN]) <= 20, "the tenth pauses it; both connections then had some on their way"
    assert len(found[QUEUED]) + len(found[UNCERTAIN]) == 60
    assert why(database, letter, found[UNCERTAIN][0])[-1][:2] == (UNCERTAIN, "relay1")
    assert not suppressed(database)


def test_fifty_messages_on_a_connection_are_no_failure(database, serve):
    letter, server = prepared(database, 240), serve("closes-after-50")
    summary = worker_for(database, by(server), connections=2).run(drain=True)
    assert summary.counts == {SENT: 240}
    assert attempts(database, letter) == {1: 240}
    assert server.connections >= 5
    assert everybody_once(240, server)


# Two relays, and one of them fails


@pytest.mark.parametrize(
    "misbehaviour",
    [
        "refuses-at-connect",
        "defers-at-connect",
        "drops-at-connect",
        "refuses-at-ehlo",
        "drops-at-ehlo",
        "refuses-at-auth",
        "defers-at-auth",
        "refuses-at-mail",
        "drops-at-mail",
        "resets-at-mail",
        "closes-at-mail",
    ],
)
def test_what_one_relay_does_not_take_the_other_does(database, serve, misbehaviour):
    letter = prepared(database, 60)
    bad, good = serve(misbehaviour, users={"ana": "x"}, auth_in_clear=True), serve()
    login = by(bad, user="ana", password="x")
    summary = worker_for(database, login, by(good), connections=2).run(drain=True)
    assert summary.counts == {SENT: 60}
    assert not summary.paused
    assert attempts(database, letter) == {1: 60}
    assert everybody_once(60, good)
    assert {why(database, letter, who)[-1][:2] for who in range(1, 61)} == {(SENT, "relay2")}
    assert not suppressed(database)


@pytest.mark.parametrize("misbehaviour", ["defers-at-rcpt", "defers-at-dot", "closes-at-rcpt"])
def test_what_one_relay_puts_off_goes_by_the_other_at_its_next_try(database, serve, misbehaviour):
    letter, bad, good = prepared(database, 60), serve(misbehaviour), serve()
    relays = (by(bad), by(good))
    worker_for(database, *relays, connections=2).run(drain=True)
    put_off = states(database, letter).get(QUEUED, [])
    assert put_off
    assert set(states(database, letter)) <= {QUEUED, SENT}
    for _ in range(3):
        let_come_due(database, letter)
        worker_for(database, *relays, connections=2).run(drain=True)
    assert states(database, letter) == {SENT: everybody(60)}
    assert everybody_once(60, good)
    found = why(database, letter, put_off[0])
    assert found[1][:2] == (QUEUED, "relay1")
    assert found[-1][:2] == (SENT, "relay2")


def test_never_the_other_after_a_refusal_or_a_doubt(database, serve):
    """relay1 refuses some recipients for good and loses the answer for others; relay2 would take them all."""
    letter = prepared(database, 40)
    refusing = serve(dot={email(who): "554 5.6.0 not this one" for who in range(1, 41, 8)})
    other = serve(dot={email(who): "554 5.6.0 not this one" for who in range(1, 41, 8)})
    summary = worker_for(database, by(refusing), by(other), connections=1, breaker=False).run(drain=True)
    assert summary.counts == {SENT: 35, FAILED: 5}
    assert [step[0] for step in why(database, letter, 1)] == [QUEUED, FAILED]
    assert attempts(database, letter) == {1: 40}


def test_a_lost_answer_is_held_though_another_relay_is_there(database, serve):
    letter, losing, other = prepared(database, 40), serve("drops-at-dot", times=3), serve()
    summary = worker_for(database, by(losing), by(other), connections=1).run(drain=True)
    assert summary.counts == {SENT: 37, UNCERTAIN: 3}
    doubtful = states(database, letter)[UNCERTAIN]
    taken = Counter(message.recipient for message in losing.accepted + other.accepted)
    assert all(times == 1 for times in taken.values())
    for who in doubtful:
        assert why(database, letter, who)[-1][:2] == (UNCERTAIN, "relay1")
    assert not {email(who) for who in doubtful} & {message.recipient for message in other.accepted}


def test_only_when_every_relay_refuses_us_the_mailing_pauses_and_says_what_each_said(database, serve):
    letter = prepared(database, 30)
    first, second = serve("refuses-at-mail"), serve("refuses-at-auth", users={"ana": "x"}, auth_in_clear=True)
    relays = (by(first), by(second, user="ana", password="x"))
    summary = worker_for(database, *relays, connections=1).run(drain=True)
    assert "relay1: " in summary.paused[letter]
    assert "relay2: " in summary.paused[letter]
    assert "550 5.7.1" in reason(database, letter)
    assert "535 5.7.8" in reason(database, letter)
    assert states(database, letter) == {QUEUED: everybody(30)}
    assert attempts(database, letter) == {0: 30}
    second.misbehaviour = ""
    resume(database, letter)
    assert worker_for(database, *relays, connections=1).run(drain=True).counts == {SENT: 30}
    assert everybody_once(30, second)


def test_a_relay_that_refuses_us_is_not_asked_again_and_again(database, serve):
    """Every wrong login is a mark against us there."""
    prepared(database, 300)
    bad, good = serve("refuses-at-auth", users={"ana": "x"}, auth_in_clear=True), serve(delay=0.005)
    relays = (by(bad, user="ana", password="x"), by(good))
    assert worker_for(database, *relays, connections=2).run(drain=True).counts == {SENT: 300}
    assert bad.connections <= 2


def test_one_of_three_is_left(database, serve):
    letter, good = prepared(database, 90), serve()
    down, suspended = by(good, port=1), by(serve("refuses-at-mail"))
    summary = worker_for(database, down, suspended, by(good), connections=1).run(drain=True)
    assert summary.counts == {SENT: 90}
    assert everybody_once(90, good)
    assert attempts(database, letter) == {1: 90}
    assert not summary.relay_down


def test_weights_are_shares_of_the_mail(database, serve):
    prepared(database, 1200)
    one, other = serve(keep_content=False), serve(keep_content=False)
    assert worker_for(database, by(one), by(other), weights=(3, 1)).run(drain=True).counts == {SENT: 1200}
    assert len(one.accepted) + len(other.accepted) == 1200
    assert 840 <= len(one.accepted) <= 960


def test_a_relay_on_standby_is_used_when_the_other_is_down_and_not_before(database, serve):
    prepared(database, 60)
    main, spare = serve(), serve()
    assert worker_for(database, by(main), by(spare), weights=(None, 0)).run(drain=True).counts == {SENT: 60}
    assert not spare.accepted
    letter = prepared_again(database, 60)
    worker_for(database, by(main, port=1), by(spare), connections=1, weights=(None, 0)).run(drain=True)
    assert states(database, letter) == {SENT: everybody(60)}
    assert len(spare.accepted) == 60


def prepared_again(database, number):
    from ledger_world import add_mailing

    return add_mailing(database, number, number=2)


def test_where_everybody_is_put_off_once_the_second_try_comes_before_the_next_first_ones(database):
    """Greylisting. Whoever went on with people who are seen for the first time would rest longer and longer, and reach nobody."""
    seen, letter = set(), prepared(database, 60)

    def greylists(message):
        if message.recipient in seen:
            return Sent(code=250)
        seen.add(message.recipient)
        return Deferred(code=450, enhanced="4.2.0", text="greylisted")

    relay = Relay(greylists)
    running = InThread(worker_for(database, relay, connections=1, retry_first_seconds=1))
    until(lambda: state_of(database, letter) is MailingState.FINISHED)
    running.stop()
    assert states(database, letter) == {SENT: everybody(60)}
    assert relay.got_nothing_twice()
