"""A whole worker over a real ledger: who gets a message, how often, and what is left when it ends."""

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from smtpd import SmtpServer

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, described, email, make_database, states
from mailer.backend import Deferred, Refused, Sent, Uncertain
from mailer.backends.memory import MemoryBackend
from mailer.backends.smtp import SmtpBackend
from mailer.delivery.observer import Observer
from mailer.delivery.outlet import PATIENCE
from mailer.delivery.work import Lease
from mailer.domain.mailing import MailingState, RowState
from mailer.domain.subscriber import SuppressionReason
from mailer.edition.program import Program
from mailer.errors import BackendMisconfigured, BackendUnavailable, DiskFull, StorageError
from mailer.runtime import Runtime
from mailer.storage import events, mailings, suppressions
from mailer.storage.ledger import Ledger, Reaped
from mailer.storage.tables import delivery, subscriber, subscription
from worker_world import Connection, InThread, Relay, attempts, prepared, state_of, until, worker_for

QUEUED, LEASED, SENDING, SENT, FAILED, UNCERTAIN, SUPPRESSED, CANCELLED, EXPIRED = RowState


@pytest.fixture
def database(tmp_path):
    made = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    yield made
    made.dispose()


# What it does when all is well


def test_everybody_gets_one_message_and_the_mailing_is_finished(database):
    letter = prepared(database, 120)
    relay = Relay()
    summary = worker_for(database, relay).run(drain=True)
    assert summary.counts == {SENT: 120}
    assert relay.people == sorted(email(one) for one in range(1, 121))
    assert relay.got_nothing_twice()
    assert states(database, letter) == {SENT: list(range(1, 121))}
    assert state_of(database, letter) is MailingState.FINISHED
    assert (summary.left, summary.some_failed) == ((), False)


def test_through_real_smtp(database):
    prepared(database, 30)
    with SmtpServer() as server:
        options = {"host": server.host, "port": server.port, "security": "none"}
        summary = worker_for(database, lambda: SmtpBackend(options)).run(drain=True)
        got = Counter(message.recipient for message in server.accepted)
        assert server.breaches == []
        assert server.connections <= 4
        assert b"Ana 7" in next(one.content for one in server.accepted if one.recipient == email(7))
    assert summary.counts == {SENT: 30}
    assert got == Counter(email(one) for one in range(1, 31))


def test_several_mailings_take_turns(database):
    first = prepared(database, 600)
    second = add_mailing(database, 600, number=2)
    order = []
    relay = Relay(lambda message: order.append(message.key) or Sent(code=250))
    summary = worker_for(database, relay, connections=1).run(drain=True)
    assert summary.counts == {SENT: 1200}
    assert len(states(database, first)[SENT]) == len(states(database, second)[SENT]) == 600
    with database.reading() as connection:
        both = [mailings.get(connection, one) for one in (first, second)]
    assert all(one.state is MailingState.FINISHED for one in both)


def test_only_works_one_mailing_alone(database):
    first, second = prepared(database, 5), add_mailing(database, 5, number=2)
    worker_for(database, Relay(), only=second).run(drain=True)
    assert states(database, first) == {QUEUED: [1, 2, 3, 4, 5]}
    assert states(database, second) == {SENT: [1, 2, 3, 4, 5]}


def test_two_workers_share_a_mailing_and_nobody_gets_it_twice(database):
    prepared(database, 1500)
    both_at_work = threading.Barrier(2, timeout=60)

    def relay_that_waits_for_the_other_worker():
        waited = []

        def answer(message):
            if not waited:
                waited.append(both_at_work.wait())
            return Sent(code=250)

        return Relay(answer)

    relays = [relay_that_waits_for_the_other_worker() for _ in range(2)]
    threads = [InThread(worker_for(database, relay), drain=True) for relay in relays]
    for thread in threads:
        thread.join(60)
    assert [thread.error for thread in threads] == [None, None]
    accepted = relays[0].accepted + relays[1].accepted
    assert sum(accepted.values()) == len(accepted) == 1500
    assert sum((thread.summary.counts for thread in threads), Counter()) == {SENT: 1500}
    assert all(thread.summary.counts for thread in threads), "one of them did nothing"


def test_the_observer_hears_what_the_summary_says(database):
    letter = prepared(database, 40)
    heard, finished = Counter(), []

    class Ear(Observer):
        def settled(self, mailing, counts):
            assert mailing.id == letter
            heard.update(counts)

        def finished(self, mailing):
            finished.append(mailing.id)

    script = {email(1): Refused(code=554), email(2): Deferred(code=451)}
    relay = Relay(lambda message: script.get(message.recipient, Sent(code=250)))
    summary = worker_for(database, relay, observer=Ear()).run(drain=True)
    assert heard == summary.counts == {SENT: 38, FAILED: 1, QUEUED: 1}
    assert finished == [], "one is to be tried again"


def test_no_more_are_marked_ahead_of_the_wire_than_may_be_in_doubt(database):
    prepared(database, 400)
    most = []

    def answer(_message):
        with database.reading() as connection:
            query = sa.select(sa.func.count()).where(delivery.c.state == SENDING)
            most.append(connection.scalar(query))
        return Sent(code=250)

    worker_for(database, Relay(answer), max_in_doubt=7, connections=3).run(drain=True)
    assert len(most) == 400
    assert 1 <= max(most) <= 7


def test_a_slow_relay_gets_small_groups_so_a_crash_leaves_less_in_doubt(database):
    prepared(database, 12)
    most = []

    def answer(_message):
        with database.reading() as connection:
            most.append(connection.scalar(sa.select(sa.func.count()).where(delivery.c.state == SENDING)))
        return Sent(code=250)

    worker_for(database, Relay(answer, delay=0.3), connections=2).run(drain=True)
    assert max(most) <= 2 * 3


def test_a_rate_is_kept(database):
    prepared(database, 15)
    times = []
    relay = Relay(lambda _message: times.append(time.monotonic()) or Sent(code=250))
    worker_for(database, relay, rate=10.0).run(drain=True)
    # Claimed over 1.15 s at least (`domain.gcra`); the first may have taken longer from there to the relay than the last.
    assert times[-1] - times[0] >= 0.9


def test_leases_are_prolonged_while_a_slow_worker_is_healthy(database):
    letter = prepared(database, 10)
    relay = Relay(delay=0.5)
    summary = worker_for(database, relay, connections=1, lease_seconds=4).run(drain=True)
    assert summary.counts == {SENT: 10}
    assert states(database, letter) == {SENT: list(range(1, 11))}
    assert relay.got_nothing_twice()


# What people and relays do


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


# Stopping, pausing, dying


def test_an_idle_worker_stops(database):
    prepared(database, 1)
    worker = worker_for(database, Relay())
    thread = InThread(worker)
    until(lambda: state_of(database, 1) is MailingState.FINISHED)
    time.sleep(0.3)
    thread.stop()


def test_a_stopped_worker_finishes_what_is_on_the_wire_and_gives_back_the_rest(database):
    letter = prepared(database, 1500)
    relay = Relay(delay=0.02)
    thread = InThread(worker_for(database, relay))
    until(lambda: len(relay.accepted) > 20)
    thread.stop()
    rows = states(database, letter)
    assert set(rows) == {SENT, QUEUED}, described(database, letter)
    assert sorted(email(one) for one in rows[SENT]) == relay.people
    assert attempts(database, letter) == {1: len(rows[SENT]), 0: len(rows[QUEUED])}
    worker_for(database, Relay(relay.answer)).run(drain=True)
    assert states(database, letter) == {SENT: list(range(1, 1501))}


def test_a_second_stop_does_not_wait_for_a_slow_relay(database):
    letter = prepared(database, 30)
    relay = Relay(delay=600)
    thread = InThread(worker_for(database, relay, connections=2))
    until(lambda: relay.begun)
    thread.worker.stop()
    thread.stop()
    rows = states(database, letter)
    assert set(rows) == {UNCERTAIN, QUEUED}
    assert len(rows[UNCERTAIN]) <= 2


def test_after_pause_has_returned_nothing_new_is_marked(database):
    letter = prepared(database, 5000)
    relay = Relay(delay=0.005)
    thread = InThread(worker_for(database, relay, connections=2, max_in_doubt=10))
    until(lambda: len(relay.accepted) > 20)
    with database.writing() as connection:
        mailings.move(connection, letter, MailingState.PAUSED, at=datetime.now(UTC))
    marked = {email(one) for state in (SENDING, SENT) for one in states(database, letter).get(state, [])}
    until(lambda: not {SENDING, LEASED} & set(states(database, letter)))
    thread.stop()
    assert set(relay.people) <= marked
    assert set(states(database, letter)) == {SENT, QUEUED}


def test_drain_waits_for_the_leases_of_the_dead(database):
    letter = prepared(database, 6)
    ledger = Ledger(database, lambda: datetime.now(UTC))
    ends = datetime.now(UTC) + timedelta(seconds=1)  # at the earliest: leases are counted in whole seconds
    dead = ledger.claim(letter, 4, lease_seconds=2)
    ledger.mark_sending(dead.token, letter, [1])
    summary = worker_for(database, Relay()).run(drain=True)
    assert datetime.now(UTC) > ends
    assert states(database, letter) == {UNCERTAIN: [1], SENT: [2, 3, 4, 5, 6]}
    assert summary.counts == {SENT: 5, UNCERTAIN: 1}
    assert state_of(database, letter) is MailingState.FINISHED


def test_a_mailing_in_its_undo_window_is_left_for_later(database):
    letter = prepared(database, 3, state="waiting", starts_at=datetime.now(UTC) + timedelta(seconds=60))
    summary = worker_for(database, Relay()).run(drain=True)
    [left] = summary.left
    assert left.next_at == left.mailing.starts_at
    assert states(database, letter) == {QUEUED: [1, 2, 3]}


def test_content_that_cannot_be_read_holds_the_mailing(database):
    letter = prepared(database, 3)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE edition SET content = x'00'")
    worker_for(database, Relay()).run(drain=True)
    with database.reading() as connection:
        found = mailings.get(connection, letter)
    assert found.state is MailingState.HELD
    assert "damaged" in found.state_reason


# A database that fails


def limited(database, **pragmas):
    """From now on every new connection lives under these PRAGMAs."""
    database.dispose()

    @sa.event.listens_for(database.engine, "connect")
    def restrict(connection, _record):
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}").close()

    return lambda: (sa.event.remove(database.engine, "connect", restrict), database.dispose())


def pages(database):
    with database.reading() as connection:
        return connection.exec_driver_sql("PRAGMA page_count").scalar()


def test_a_full_disk_stops_the_worker_and_loses_nothing(database):
    letter = prepared(database, 800)
    free = limited(database, max_page_count=pages(database) + 20)
    relay = Relay(lambda _message: Sent(code=250, text="x" * 200))
    with pytest.raises(DiskFull):
        worker_for(database, relay, max_in_doubt=16, lease_seconds=1).run(drain=True)
    free()
    assert 0 < len(relay.accepted) < 800
    summary = worker_for(database, relay, ahead=timedelta(seconds=10)).run(drain=True)
    rows = states(database, letter)
    assert set(rows) <= {SENT, UNCERTAIN}
    assert len(rows.get(UNCERTAIN, [])) <= 16
    assert relay.got_nothing_twice()
    assert len(relay.accepted) + len(rows.get(UNCERTAIN, [])) >= 800
    assert summary.counts[UNCERTAIN] == len(rows.get(UNCERTAIN, []))


def test_reaping_finds_nothing_after_a_clean_end(database):
    prepared(database, 50)
    worker_for(database, MemoryBackend).run(drain=True)
    assert Ledger(database, lambda: datetime.now(UTC) + timedelta(days=1)).reap() == Reaped()


def test_two_workers_share_a_mailing_on_postgresql(postgres_url):
    database = make_database(postgres_url)
    letter = prepared(database, 600)
    relay = Relay(delay=0.0005)
    threads = [InThread(worker_for(database, relay), drain=True) for _ in range(2)]
    for thread in threads:
        thread.join(60)
    assert [thread.error for thread in threads] == [None, None]
    assert sum(relay.accepted.values()) == len(relay.accepted) == 600
    assert states(database, letter) == {SENT: list(range(1, 601))}
    assert state_of(database, letter) is MailingState.FINISHED
    database.dispose()
