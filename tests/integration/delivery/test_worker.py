"""A whole worker over a real ledger: who gets a message, how often, and what is left when it ends."""

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from smtpd import SmtpServer

import sqlalchemy as sa

from ledger_world import add_mailing, described, email, states
from mailer.backend import Deferred, Refused, Sent
from mailer.backends.smtp import SmtpBackend
from mailer.delivery.observer import Observer
from mailer.domain.mailing import MailingState, RowState
from mailer.storage import mailings
from mailer.storage.ledger import Ledger
from mailer.storage.tables import delivery
from waiting import until
from worker_world import InThread, Relay, attempts, prepared, state_of, worker_for

QUEUED, LEASED, SENDING, SENT, FAILED, UNCERTAIN, SUPPRESSED, CANCELLED, EXPIRED = RowState


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
    began = time.monotonic()
    worker_for(database, relay, rate=10.0).run(drain=True)
    assert len(times) == 15
    assert times[-1] - began >= 1.15, "so long it takes to claim them (`domain.gcra`)"


def test_leases_are_prolonged_while_a_slow_worker_is_healthy(database):
    letter = prepared(database, 10)
    relay = Relay(delay=0.5)
    summary = worker_for(database, relay, connections=1, lease_seconds=4).run(drain=True)
    assert summary.counts == {SENT: 10}
    assert states(database, letter) == {SENT: list(range(1, 11))}
    assert relay.got_nothing_twice()


def test_an_idle_worker_stops(database):
    prepared(database, 1)
    worker = worker_for(database, Relay())
    thread = InThread(worker)
    until(lambda: state_of(database, 1) is MailingState.FINISHED)
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
    dead = ledger.claim(letter, 4, lease_seconds=3600)
    ledger.mark_sending(dead.token, letter, [1])
    with database.writing() as connection:
        held = sa.update(delivery).where(delivery.c.state.in_((LEASED, SENDING)))
        connection.execute(held.values(lease=delivery.c.lease - 3600 + 2))
    ends = datetime.now(UTC) + timedelta(seconds=1)  # at the earliest: leases are counted in whole seconds
    summary = worker_for(database, Relay()).run(drain=True)
    assert datetime.now(UTC) > ends
    assert states(database, letter) == {UNCERTAIN: [1], SENT: [2, 3, 4, 5, 6]}
    assert summary.counts == {SENT: 5, UNCERTAIN: 1}
    assert state_of(database, letter) is MailingState.FINISHED


def test_a_mailing_in_its_undo_window_is_left_for_later(database):
    letter = prepared(database, 3, state="waiting", starts_at=datetime.now(UTC) + timedelta(hours=1))
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
