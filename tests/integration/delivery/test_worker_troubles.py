"""A worker whose relay refuses, breaks or sleeps, and people who leave meanwhile: everybody ends in a true state."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, email, states
from mailer.backend import Deferred, Refused, Sent, Uncertain
from mailer.delivery.outlet import PATIENCE
from mailer.delivery.work import Lease
from mailer.domain.mailing import MailingState, RowState
from mailer.domain.subscriber import SuppressionReason
from mailer.edition.program import Program
from mailer.errors import BackendMisconfigured, BackendUnavailable, StorageError
from mailer.runtime import Runtime
from mailer.storage import events, mailings, suppressions
from mailer.storage.ledger import Ledger
from mailer.storage.tables import subscriber, subscription
from waiting import until
from worker_world import Connection, InThread, Relay, attempts, prepared, state_of, worker_for

QUEUED, LEASED, SENDING, SENT, FAILED, UNCERTAIN, SUPPRESSED, CANCELLED, EXPIRED = RowState


def test_claims_that_take_longer_than_a_lease_lose_none(database, monkeypatch):
    """Each claim waits half a lease for the disk, and there is one for every provider group."""
    late, claim = [0.0], Ledger.claim

    class Late(Runtime):
        def monotonic(self):
            return super().monotonic() + late[0]

    def slow_claim(*arguments, **options):
        batch = claim(*arguments, **options)
        late[0] += 35.0
        return batch

    monkeypatch.setattr(Ledger, "claim", slow_claim)
    letter = prepared(database, 3)
    relay = Relay(delay=0.3)
    worker = worker_for(
        database, relay, clock=lambda: datetime.now(UTC) + timedelta(seconds=late[0]), runtime=Late(), lease_seconds=60
    )
    assert worker.run(drain=True).counts == {SENT: 3}
    assert attempts(database, letter) == {1: 3}


def test_a_deferred_message_is_tried_again_when_it_is_due_and_drain_does_not_wait(database):
    letter = prepared(database, 3)
    script = [Deferred(code=451, enhanced="4.7.1", text="greylisted"), Sent(code=250)]
    relay = Relay(lambda message: script.pop(0) if message.recipient == email(2) else Sent(code=250))
    started = datetime.now(UTC)
    summary = worker_for(database, relay, retry_first_seconds=300).run(drain=True)
    assert summary.counts == {SENT: 2, QUEUED: 1}
    [left] = summary.left
    assert (left.mailing.id, left.rows) == (letter, 1)
    assert started + timedelta(seconds=75) < summary.next_at < datetime.now(UTC) + timedelta(seconds=600)
    assert worker_for(database, relay, ahead=timedelta(hours=1)).run(drain=True).counts == {SENT: 1}
    assert state_of(database, letter) is MailingState.FINISHED
    with database.reading() as connection:
        history = [(event.state, event.code, event.detail) for event in events.history(connection, letter, 2)]
    assert history == [(QUEUED, 451, "greylisted"), (SENT, 250, "")]


def test_a_refusal_fails_the_row_and_a_bad_address_is_suppressed(database):
    letter = prepared(database, 3)
    script = {
        email(1): Refused(code=554, enhanced="5.7.1", text="spam"),
        email(2): Refused(code=550, enhanced="5.1.1", text="unknown", bad_address=True),
    }
    summary = worker_for(database, Relay(lambda one: script.get(one.recipient, Sent(code=250)))).run(drain=True)
    assert summary.some_failed
    assert states(database, letter) == {FAILED: [1, 2], SENT: [3]}
    with database.reading() as connection:
        assert suppressions.find(connection, email(1)) is None
        assert suppressions.find(connection, email(2)).reason is SuppressionReason.BAD_ADDRESS
    again = add_mailing(database, 3, number=2)
    worker_for(database, Relay()).run(drain=True)
    assert states(database, again) == {SENT: [1, 3], SUPPRESSED: [2]}


def test_who_leaves_while_it_runs_gets_nothing_more(database):
    letter = prepared(database, 1200)
    has_left = threading.Event()
    relay = Relay(lambda _message: has_left.wait(60) and Sent(code=250))
    thread = InThread(worker_for(database, relay, connections=2), drain=True)
    until(lambda: relay.begun)
    with database.writing() as connection:
        late = subscription.c.subscriber_id > 1100
        connection.execute(sa.update(subscription).where(late).values(status="unsubscribed"))
    has_left.set()
    thread.join(60)
    assert states(database, letter)[SUPPRESSED] == list(range(1101, 1201))
    assert not {email(one) for one in range(1101, 1201)} & set(relay.people)


def test_a_message_that_cannot_be_built_fails_alone(database):
    letter = prepared(database, 3)
    with database.writing() as connection:
        connection.execute(sa.update(subscriber).where(subscriber.c.id == 2).values(email="nobody at all\r\nX: y"))
    summary = worker_for(database, Relay()).run(drain=True)
    assert summary.counts == {SENT: 2, FAILED: 1}
    assert states(database, letter) == {SENT: [1, 3], FAILED: [2]}
    assert attempts(database, letter) == {1: 2, 0: 1}
    with database.reading() as connection:
        assert events.history(connection, letter, 2)[-1].detail


def test_a_fault_of_ours_fails_one_message_and_the_log_does_not_quote_the_person(database, monkeypatch, caplog):
    letter = prepared(database, 3)
    message = Program.message

    def faulty(self, recipient, **options):
        if recipient.subscriber_id == 2:
            raise ValueError(f"no such thing as {recipient.email}")
        return message(self, recipient, **options)

    monkeypatch.setattr(Program, "message", faulty)
    caplog.set_level("DEBUG")
    worker_for(database, Relay()).run(drain=True)
    assert states(database, letter) == {SENT: [1, 3], FAILED: [2]}
    assert "ValueError" in caplog.text
    assert email(2) not in caplog.text


def test_somebody_erased_in_the_last_moment_stops_nobody(database, monkeypatch):
    letter = prepared(database, 3)
    claim = Ledger.claim

    def claim_then_erase(self, *args, **kwargs):
        batch = claim(self, *args, **kwargs)
        with database.writing() as connection:
            connection.execute(sa.delete(subscriber).where(subscriber.c.id == 2))
        return batch

    monkeypatch.setattr(Ledger, "claim", claim_then_erase)
    worker_for(database, Relay()).run(drain=True)
    assert states(database, letter) == {SENT: [1, 3], FAILED: [2]}


def test_ten_refusals_alike_pause_the_mailing_and_the_rest_stays_queued(database):
    letter = prepared(database, 300)
    no = Refused(code=554, enhanced="5.7.1", text="your network is listed")
    relay = Relay(lambda _message: no)
    summary = worker_for(database, relay, connections=1, max_in_doubt=8).run(drain=True)
    assert 10 <= summary.counts[FAILED] <= 10 + 8
    assert "554 5.7.1 your network is listed" in summary.paused[letter]
    with database.reading() as connection:
        found = mailings.get(connection, letter)
    assert found.state is MailingState.PAUSED
    assert "your network is listed" in found.state_reason
    rows = states(database, letter)
    assert set(rows) == {FAILED, QUEUED}
    [left] = summary.left
    assert left.rows == len(rows[QUEUED])
    with database.writing() as connection:
        mailings.move(connection, letter, MailingState.SENDING, at=datetime.now(UTC))
    assert worker_for(database, Relay()).run(drain=True).counts == {SENT: len(rows[QUEUED])}


def test_the_breaker_can_be_switched_off(database):
    prepared(database, 40)
    summary = worker_for(database, Relay(lambda _message: Refused(code=554)), breaker=False).run(drain=True)
    assert summary.counts == {FAILED: 40}


def test_a_relay_that_refuses_us_pauses_the_mailing_and_counts_against_nobody(database):
    letter = prepared(database, 20)
    relay = Relay()
    relay.refuse_to_open = BackendMisconfigured("535 5.7.8 authentication failed")
    summary = worker_for(database, relay).run(drain=True)
    assert summary.paused == {letter: "535 5.7.8 authentication failed"}
    assert states(database, letter) == {QUEUED: list(range(1, 21))}
    assert attempts(database, letter) == {0: 20}
    assert relay.opened <= 4, "a wrong password is not tried again and again"


def test_a_relay_that_refuses_our_sender_in_the_middle_does_the_same(database):
    letter = prepared(database, 20)

    def answer(message):
        if message.recipient == email(6):
            raise BackendMisconfigured("550 5.7.1 sender not allowed")
        return Sent(code=250)

    summary = worker_for(database, Relay(answer), connections=1).run(drain=True)
    assert state_of(database, letter) is MailingState.PAUSED
    assert summary.counts == {SENT: 5}
    assert states(database, letter) == {SENT: [1, 2, 3, 4, 5], QUEUED: list(range(6, 21))}


def test_a_relay_that_is_down_leaves_everything_queued_and_drain_says_so(database):
    letter = prepared(database, 20)
    relay = Relay()
    relay.refuse_to_open = BackendUnavailable("127.0.0.1 port 25 refused the connection.")
    summary = worker_for(database, relay, connections=2).run(drain=True)
    assert summary.relay_down == "127.0.0.1 port 25 refused the connection."
    assert states(database, letter) == {QUEUED: list(range(1, 21))}
    assert attempts(database, letter) == {0: 20}
    assert state_of(database, letter) is MailingState.SENDING
    [left] = summary.left
    assert (left.rows, left.next_at) == (20, None)


def test_a_service_waits_for_a_relay_to_come_back(database):
    letter = prepared(database, 20)
    relay = Relay()
    relay.refuse_to_open = BackendUnavailable("down")
    thread = InThread(worker_for(database, relay, connections=1))
    until(lambda: relay.opened >= 2)
    relay.refuse_to_open = None
    until(lambda: state_of(database, letter) is MailingState.FINISHED)
    thread.stop()
    assert len(relay.accepted) == 20
    assert relay.got_nothing_twice()


def test_a_lost_connection_puts_back_what_had_not_left(database):
    letter = prepared(database, 30)
    trouble = [BackendUnavailable("421 closing")]

    def answer(message):
        if message.recipient == email(5) and trouble:
            raise trouble.pop()
        return Sent(code=250)

    relay = Relay(answer)
    worker_for(database, relay, connections=1).run(drain=True)
    assert states(database, letter) == {SENT: list(range(1, 31))}
    assert relay.got_nothing_twice()
    assert attempts(database, letter) == {1: 30}


def test_what_may_have_arrived_is_held_or_resent_as_the_mailing_says(database):
    held = prepared(database, 2)
    doubt = Relay(lambda message: Uncertain(text="lost") if message.recipient == email(1) else Sent(code=250))
    worker_for(database, doubt).run(drain=True)
    assert states(database, held) == {UNCERTAIN: [1], SENT: [2]}
    assert state_of(database, held) is MailingState.FINISHED
    resent = add_mailing(database, 2, number=2, in_doubt="resend")
    worker_for(database, doubt).run(drain=True)
    assert states(database, resent) == {QUEUED: [1], SENT: [2]}


def test_a_backend_that_breaks_leaves_its_message_in_doubt_and_stops_the_worker(database):
    letter = prepared(database, 20)

    def answer(message):
        if message.recipient == email(4):
            raise TypeError("a plugin's mistake")
        return Sent(code=250)

    with pytest.raises(TypeError, match="a plugin's mistake"):
        worker_for(database, Relay(answer), connections=1).run(drain=True)
    assert states(database, letter) == {SENT: [1, 2, 3], UNCERTAIN: [4], QUEUED: list(range(5, 21))}


def test_a_fault_of_ours_while_answering_leaves_nobody_in_doubt_who_was_not_sent_to(database, monkeypatch):
    """The backend had taken the next message already, as one that pipelines does; it did nothing wrong."""
    letter = prepared(database, 20)

    class Ahead(Connection):
        def send_many(self, messages):
            message = next(messages, None)
            while message is not None:
                following = next(messages, None)
                yield self.send(message)
                message = following

    def fail(*_args, **_kwargs):
        raise StorageError("the disk is gone")

    no = Refused(code=554, enhanced="5.7.1")
    monkeypatch.setattr(mailings, "move", fail)
    with pytest.raises(StorageError, match="the disk is gone"):
        worker_for(database, lambda: Ahead(Relay(lambda _message: no)), connections=1).run(drain=True)
    assert states(database, letter) == {FAILED: list(range(1, 11)), QUEUED: list(range(11, 21))}


def test_what_was_taken_ahead_does_not_leave_when_its_lease_ended_meanwhile(database, monkeypatch):
    letter = prepared(database, 3)
    looks = []

    class Ahead(Connection):
        def send_many(self, messages):
            message = next(messages, None)
            while message is not None:
                following = next(messages, None)
                receipt = self.send(message)
                if relay.people == [email(1)]:
                    looks.append(False)  # it ended while the first reply was awaited
                yield receipt
                assert not looks, "asked for more before the lease was looked at"
                message = following

    relay = Relay()
    monkeypatch.setattr(Lease, "good", lambda _lease, _now: looks.pop() if looks else True)
    worker_for(database, lambda: Ahead(relay), connections=1).run(drain=True)
    assert relay.opened == 1
    assert not looks
    assert relay.got_nothing_twice()
    assert states(database, letter) == {SENT: [1, 2, 3]}
    assert attempts(database, letter) == {1: 3}


def test_a_relay_that_puts_off_everything_alike_rests_instead_of_using_up_attempts(database):
    letter = prepared(database, 300)
    busy = [True]
    wait = Deferred(code=451, enhanced="4.3.2", text="no room now")
    relay = Relay(lambda _message: wait if busy else Sent(code=250))
    summary = worker_for(database, relay, connections=1).run(drain=True)
    assert summary.relay_down == 'The relay puts off one message after another: "451 4.3.2 no room now"'
    tried = attempts(database, letter)[1]
    assert 10 <= tried <= 10 + PATIENCE, "ten, then one after each rest"
    busy.clear()
    assert worker_for(database, relay).run(drain=True).counts == {SENT: 300 - tried}
