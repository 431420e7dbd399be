"""The ledger's promises, one by one, on both engines. How they hold together: `test_ledger_machine`."""

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, add_people, make_database, states
from mailer.domain.mailing import LAST_PLACE, MailingState, RowState
from mailer.domain.subscriber import SuppressionReason
from mailer.storage import events, mailings
from mailer.storage.ledger import Ledger, Outcome, Reaped
from mailer.storage.ledger_outlook import outlook
from mailer.storage.suppressions import find, suppress
from mailer.storage.tables import delivery, mailing, subscription

PEOPLE = 10
QUEUED, LEASED, SENDING, SENT, FAILED, UNCERTAIN, SUPPRESSED, CANCELLED, EXPIRED = RowState


@pytest.fixture
def database(database_url):
    made = make_database(database_url)
    add_people(made, PEOPLE)
    yield made
    made.dispose()


class Clock:
    """The real time, or some time later. On PostgreSQL the ledger reads the server's clock, so there the leases age instead."""

    def __init__(self, database):
        self.database, self.ahead = database, timedelta()

    def __call__(self):
        return datetime.now(UTC) + self.ahead

    def advance(self, seconds):
        if self.database.is_sqlite:
            self.ahead += timedelta(seconds=seconds)
            return
        due = sa.case((delivery.c.due > LAST_PLACE, delivery.c.due - seconds), else_=delivery.c.due)
        older = {"lease": delivery.c.lease - seconds, "due": due}
        with self.database.writing() as connection:
            connection.execute(sa.update(delivery).values(older))


@pytest.fixture
def clock(database):
    return Clock(database)


@pytest.fixture
def ledger(database, clock):
    return Ledger(database, clock)


def move(database, mailing_id, state):
    with database.writing() as connection:
        assert mailings.move(connection, mailing_id, state, at=datetime.now(UTC))


def ids(batch):
    return [row.subscriber_id for row in batch.rows]


def sent(*people):
    return [Outcome(subscriber_id=one, state=SENT, code=250, enhanced="2.0.0", text="queued as 7F") for one in people]


def test_a_row_travels_from_queued_to_sent_and_its_history_tells(database, ledger):
    letter = add_mailing(database, 3)
    batch = ledger.claim(letter, 2, lease_seconds=60)
    assert ids(batch) == [1, 2]
    assert states(database, letter) == {LEASED: [1, 2], QUEUED: [3]}
    assert ledger.mark_sending(batch.token, letter, [1, 2]) == {1, 2}
    assert states(database, letter) == {SENDING: [1, 2], QUEUED: [3]}
    assert ledger.settle(batch.token, letter, sent(1, 2)) == {1, 2}
    assert states(database, letter) == {SENT: [1, 2], QUEUED: [3]}
    with database.reading() as connection:
        [event] = events.history(connection, letter, 1)
        assert (event.state, event.code, event.enhanced, event.detail) == (SENT, 250, "2.0.0", "queued as 7F")
        assert abs(event.at - datetime.now(UTC)) < timedelta(minutes=5)
        assert connection.scalars(sa.select(delivery.c.attempts).order_by(delivery.c.subscriber_id)).all() == [1, 1, 0]


def test_two_claims_never_share_a_row(database, ledger):
    letter = add_mailing(database, PEOPLE)
    first, second = ledger.claim(letter, 6, lease_seconds=60), ledger.claim(letter, 6, lease_seconds=60)
    assert sorted(ids(first) + ids(second)) == list(range(1, PEOPLE + 1))
    assert first.token != second.token
    assert ledger.claim(letter, 6, lease_seconds=60) is None


def test_many_threads_claim_everything_once(database, ledger):
    letter = add_mailing(database, PEOPLE)
    found, lock = [], threading.Lock()

    def work():
        while (batch := ledger.claim(letter, 1, lease_seconds=60)) is not None:
            with lock:
                found.extend(ids(batch))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(1, PEOPLE + 1))


@pytest.mark.parametrize("state", [one for one in MailingState if one is not MailingState.SENDING])
def test_nothing_is_claimed_or_marked_unless_the_mailing_is_sending(database, ledger, state):
    letter = add_mailing(database, 3)
    batch = ledger.claim(letter, 1, lease_seconds=60)
    with database.writing() as connection:
        connection.execute(sa.update(mailing).values(state=state))
    assert ledger.claim(letter, 1, lease_seconds=60) is None
    assert ledger.mark_sending(batch.token, letter, ids(batch)) == set()


def test_who_left_or_was_suppressed_before_the_claim_is_never_mailed(database, ledger):
    letter = add_mailing(database, 4)
    with database.writing() as connection:
        connection.execute(
            sa.update(subscription).where(subscription.c.subscriber_id == 2).values(status="unsubscribed")
        )
        suppress(connection, "person3@example.org", reason=SuppressionReason.MANUAL, at=datetime.now(UTC))
        connection.execute(sa.delete(subscription).where(subscription.c.subscriber_id == 4))
    batch = ledger.claim(letter, 10, lease_seconds=60)
    assert (ids(batch), batch.suppressed) == ([1], 3)
    assert states(database, letter) == {LEASED: [1], SUPPRESSED: [2, 3, 4]}
    with database.reading() as connection:
        assert "left or was suppressed" in events.history(connection, letter, 2)[0].detail


def test_a_claim_that_leases_nobody_is_not_the_end(database, ledger):
    letter = add_mailing(database, 3)
    with database.writing() as connection:
        connection.execute(sa.update(subscription).where(subscription.c.subscriber_id <= 2).values(status="pending"))
    assert ids(ledger.claim(letter, 2, lease_seconds=60)) == []
    assert ids(ledger.claim(letter, 2, lease_seconds=60)) == [3]


def test_rows_expire_when_send_by_has_passed(database, ledger):
    letter = add_mailing(database, 3, send_by=datetime.now(UTC) - timedelta(seconds=2))
    batch = ledger.claim(letter, 10, lease_seconds=60)
    assert (batch.rows, batch.expired) == ((), 3)
    assert states(database, letter) == {EXPIRED: [1, 2, 3]}


def test_after_the_retry_deadline_only_rows_never_tried_go_out(database, ledger):
    """A pause is not held against people: who had no attempt yet still gets one."""
    letter = add_mailing(database, 3, give_up_at=datetime.now(UTC) - timedelta(seconds=2))
    with database.writing() as connection:
        connection.execute(sa.update(delivery).where(delivery.c.subscriber_id == 2).values(attempts=4))
    batch = ledger.claim(letter, 10, lease_seconds=60)
    assert (ids(batch), batch.failed) == ([1, 3], 1)
    assert states(database, letter)[FAILED] == [2]


def test_a_deferred_row_comes_back_when_it_is_due(database, ledger, clock):
    letter = add_mailing(database, 1)
    batch = ledger.claim(letter, 1, lease_seconds=60)
    ledger.mark_sending(batch.token, letter, [1])
    due = int(clock().timestamp()) + 100
    later = Outcome(subscriber_id=1, state=QUEUED, due=due, code=450, enhanced="4.2.1", text="try again")
    assert ledger.settle(batch.token, letter, [later]) == {1}
    assert ledger.claim(letter, 1, lease_seconds=60) is None
    with database.reading() as connection:
        view = outlook(connection, letter, now=clock())
        assert (view.due, view.later, view.in_hand, view.done) == (0, 1, 0, False)
        assert view.next_due == datetime.fromtimestamp(due, UTC)
    clock.advance(101)
    [row] = ledger.claim(letter, 1, lease_seconds=60).rows
    assert (row.subscriber_id, row.attempts) == (1, 1)


def test_what_was_put_back_counts_as_no_attempt_and_leaves_no_trace(database, ledger):
    letter = add_mailing(database, 1)
    batch = ledger.claim(letter, 1, lease_seconds=60)
    ledger.mark_sending(batch.token, letter, [1])
    ledger.settle(batch.token, letter, [Outcome(subscriber_id=1, state=QUEUED, counted=False)])
    [row] = ledger.claim(letter, 1, lease_seconds=60).rows
    assert row.attempts == 0
    with database.reading() as connection:
        assert events.history(connection, letter, 1) == []


def test_an_expired_lease_cannot_mark(database, ledger, clock):
    letter = add_mailing(database, 2)
    batch = ledger.claim(letter, 2, lease_seconds=30)
    clock.advance(31)
    assert ledger.mark_sending(batch.token, letter, [1, 2]) == set()
    assert ledger.extend(batch.token, lease_seconds=30) == 0


def test_an_extended_lease_can(database, ledger, clock):
    letter = add_mailing(database, 2)
    batch = ledger.claim(letter, 2, lease_seconds=30)
    clock.advance(20)
    assert ledger.extend(batch.token, lease_seconds=30) == 2
    clock.advance(20)
    assert ledger.reap() == Reaped()
    assert ledger.mark_sending(batch.token, letter, [1, 2]) == {1, 2}


def test_somebody_elses_token_moves_nothing(database, ledger):
    letter = add_mailing(database, 2)
    batch = ledger.claim(letter, 2, lease_seconds=30)
    wrong = batch.token ^ 1
    assert ledger.mark_sending(wrong, letter, [1, 2]) == set()
    ledger.mark_sending(batch.token, letter, [1])
    assert ledger.settle(wrong, letter, sent(1)) == set()
    assert ledger.release(wrong) == ledger.release(wrong, letter, [2]) == ledger.extend(wrong, lease_seconds=9) == 0
    assert states(database, letter) == {SENDING: [1], LEASED: [2]}


def test_only_what_is_on_its_way_can_be_settled(database, ledger):
    letter = add_mailing(database, 2)
    batch = ledger.claim(letter, 2, lease_seconds=30)
    ledger.mark_sending(batch.token, letter, [1])
    assert ledger.settle(batch.token, letter, sent(1, 2)) == {1}
    assert ledger.settle(batch.token, letter, sent(1)) == set()


def test_release_gives_back_what_was_not_marked(database, ledger):
    letter = add_mailing(database, 4)
    batch = ledger.claim(letter, 4, lease_seconds=30)
    ledger.mark_sending(batch.token, letter, [1])
    assert ledger.release(batch.token, letter, [1, 2]) == 1
    assert ledger.release(batch.token) == 2
    assert states(database, letter) == {SENDING: [1], QUEUED: [2, 3, 4]}


def test_a_dead_workers_rows_are_taken_over_or_held_in_doubt(database, ledger, clock):
    letter = add_mailing(database, 3)
    batch = ledger.claim(letter, 3, lease_seconds=30)
    ledger.mark_sending(batch.token, letter, [1])
    clock.advance(31)
    assert ledger.reap() == Reaped(released=2, uncertain=1)
    assert states(database, letter) == {UNCERTAIN: [1], QUEUED: [2, 3]}
    assert ledger.settle(batch.token, letter, sent(1)) == set(), "it was taken for dead: too late"
    with database.reading() as connection:
        [doubtful] = events.listed(connection, letter, UNCERTAIN)
        assert doubtful.email == "person1@example.org"
        assert "the worker was lost" in doubtful.last.detail
    assert {row.subscriber_id: row.attempts for row in ledger.claim(letter, 3, lease_seconds=30).rows} == {2: 0, 3: 0}


def test_under_resend_they_are_sent_again(database, ledger, clock):
    letter = add_mailing(database, 2, in_doubt="resend")
    batch = ledger.claim(letter, 2, lease_seconds=30)
    ledger.mark_sending(batch.token, letter, [1])
    clock.advance(31)
    assert ledger.reap() == Reaped(released=1, resent=1)
    assert {row.subscriber_id: row.attempts for row in ledger.claim(letter, 2, lease_seconds=30).rows} == {1: 1, 2: 0}


def test_a_late_answer_still_counts_until_somebody_reaps(database, ledger, clock):
    letter = add_mailing(database, 1)
    batch = ledger.claim(letter, 1, lease_seconds=30)
    ledger.mark_sending(batch.token, letter, [1])
    clock.advance(31)
    assert ledger.settle(batch.token, letter, sent(1)) == {1}


@pytest.mark.parametrize(("end", "becomes"), [(MailingState.CANCELLED, CANCELLED), (MailingState.EXPIRED, EXPIRED)])
def test_rows_that_come_back_to_a_mailing_that_is_over_end_with_it(database, ledger, clock, end, becomes):
    letter = add_mailing(database, 2)
    batch = ledger.claim(letter, 2, lease_seconds=30)
    ledger.mark_sending(batch.token, letter, [1])
    move(database, letter, end)
    clock.advance(31)
    ledger.reap()
    assert states(database, letter) == {UNCERTAIN: [1], becomes: [2]}


def test_a_message_that_cannot_be_built_fails_without_coming_near_the_wire(database, ledger):
    letter = add_mailing(database, 2)
    batch = ledger.claim(letter, 2, lease_seconds=30)
    ledger.mark_sending(batch.token, letter, [2])
    bad = [Outcome(subscriber_id=one, state=FAILED, counted=False, text="too large") for one in (1, 2)]
    assert ledger.fail_unsent(batch.token, letter, bad) == {1}
    assert states(database, letter) == {FAILED: [1], SENDING: [2]}
    with database.reading() as connection:
        [cause] = events.causes(connection, letter, FAILED)
        assert (cause.count, cause.example) == (1, "too large")


def test_whoever_wants_nothing_of_it_any_more_ends_without_coming_near_the_wire(database, ledger):
    letter = add_mailing(database, 1)
    batch = ledger.claim(letter, 1, lease_seconds=30)
    theirs = Outcome(subscriber_id=1, state=SUPPRESSED, counted=False, text="chose other topics.")
    assert ledger.fail_unsent(batch.token, letter, [theirs]) == {1}
    assert states(database, letter) == {SUPPRESSED: [1]}
    with database.reading() as connection:
        assert [one.detail for one in events.history(connection, letter, 1)] == ["chose other topics."]
        assert find(connection, "person1@example.org") is None, "their address may be mailed as before"


def test_an_address_that_does_not_exist_is_suppressed_with_its_row(database, ledger):
    letter = add_mailing(database, 2)
    batch = ledger.claim(letter, 1, lease_seconds=30)
    ledger.mark_sending(batch.token, letter, [1])
    gone = Outcome(subscriber_id=1, state=FAILED, code=550, enhanced="5.1.1", text="no such user", bad_address=True)
    ledger.settle(batch.token, letter, [gone])
    with database.reading() as connection:
        known = find(connection, "person1@example.org")
        assert (known.reason, known.detail) == (SuppressionReason.BAD_ADDRESS, "550 5.1.1 no such user")
        assert find(connection, "person2@example.org") is None


def test_a_step_that_is_not_legal_cannot_be_asked_for(ledger):
    with pytest.raises(AssertionError, match="no step leads"):
        ledger.settle(1, 1, [Outcome(subscriber_id=1, state=CANCELLED)])
    with pytest.raises(AssertionError, match="no step leads"):
        ledger.fail_unsent(1, 1, [Outcome(subscriber_id=1, state=SENT)])


def test_a_strangers_reply_cannot_break_the_history(database, ledger):
    letter = add_mailing(database, 1)
    batch = ledger.claim(letter, 1, lease_seconds=30)
    ledger.mark_sending(batch.token, letter, [1])
    hostile = "no\x00 \ud800 \u202egnihtyna\r\n'; DROP TABLE delivery; --\x1b[2J" + "x" * 9000
    ledger.settle(batch.token, letter, [Outcome(subscriber_id=1, state=FAILED, code=554, text=hostile)])
    with database.reading() as connection:
        [event] = events.history(connection, letter, 1)
    assert event.detail.startswith("no ? gnihtyna '; DROP TABLE delivery; --[2Jxxx")
    assert len(event.detail) == 500


def test_one_commit_is_all_or_nothing(database, ledger):
    letter = add_mailing(database, 2)
    batch = ledger.claim(letter, 2, lease_seconds=30)
    ledger.mark_sending(batch.token, letter, [1])
    with pytest.raises(ZeroDivisionError), ledger.one_commit() as (together, _):  # noqa: PT012 (the point)
        together.settle(batch.token, letter, sent(1))
        together.mark_sending(batch.token, letter, [2])
        raise ZeroDivisionError
    assert states(database, letter) == {SENDING: [1], LEASED: [2]}


def test_no_step_reads_the_whole_ledger(tmp_path):
    """A plan that scans is fast in every test and stands still at a million rows. The index on leases holds few rows."""
    database = make_database(f"sqlite:///{tmp_path / 'plans.db'}")
    sql = Ledger(database, lambda: datetime.now(UTC))._sql
    harmless = re.compile(
        r"SEARCH delivery USING (INDEX ix_delivery_queued|.*subscriber_id=\?)|.* USING INDEX ix_delivery_lease"
    )
    steps = [
        "claim",
        "mark",
        "sent",
        "settle",
        "fail_unsent",
        "extend",
        "release",
        "release_all",
        "reap_leased",
        "reap_sending",
        "close",
    ]
    for name in steps:
        step = getattr(sql, name)
        compiled = getattr(step, "statement", step).compile(
            dialect=database.engine.dialect, compile_kwargs={"render_postcompile": True}
        )
        values = tuple("[]" if key == "p_rows" else 0 for key in compiled.positiontup)
        with database.engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values).all()
        reads = [row[3] for row in plan if " delivery" in row[3]]
        assert reads, name
        assert all(harmless.match(read) for read in reads), (name, reads)
    database.dispose()


def test_nor_does_a_look_at_what_is_left(database, clock):
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by what the tables hold")
    letter, statements = add_mailing(database, 3), []
    with database.writing() as connection:
        driver = connection.connection.driver_connection
        driver.set_trace_callback(statements.append)
        outlook(connection, letter, now=clock())
        mailings.finish_if_done(connection, letter, at=clock())
        driver.set_trace_callback(None)
        looks = [statement for statement in statements if "FROM delivery" in statement]
        assert len(looks) >= 4
        for statement in looks:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
            reads = [row for row in plan if " delivery" in row[3]]
            assert all("ix_delivery_queued" in row[3] or "ix_delivery_lease" in row[3] for row in reads), (
                statement,
                plan,
            )
