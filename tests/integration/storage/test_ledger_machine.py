"""The ledger under any interleaving: two workers, crashes, reaps, pauses, departures, clocks that jump, on both engines.

A model beside it knows what a relay would have accepted, who holds what by right, who had left, and what a rate allows. After
every step: no row is lost or doubled, rows move along legal roads only, figures add up, nobody gets a message twice under
`hold`, and under `resend` no more often than the ledger owns up to.
"""

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger_world import add_mailing, add_people, email, make_database
from mailer.domain.gcra import SECOND, TOLERANCE
from mailer.domain.limits import ANY_RELAY, Lane, Limits
from mailer.domain.mailing import ROW_STEPS, MailingState, RowState
from mailer.domain.subscriber import SuppressionReason
from mailer.storage import control, mailings, materialise
from mailer.storage.database import Database
from mailer.storage.ledger import Ledger, Outcome
from mailer.storage.status import status_of
from mailer.storage.suppressions import suppress
from mailer.storage.tables import delivery, mailing, subscription
from server_clock import ServerClock

PEOPLE = range(1, 7)
LEASE = 30
HELD = LEASE + 1  # no lease is shorter than its holder believes, who knows only whole seconds
RATE = 0.2
#: One relay takes what it gets; another takes a message in five seconds, from all workers together.
LANES = (ANY_RELAY, Lane(relay=1), Lane(relay=2, limits=Limits(rate=RATE)))
OPEN = (RowState.QUEUED, RowState.LEASED, RowState.SENDING)
workers = st.sampled_from(["a", "b"])
FAST = Path("/dev/shm")


class File:
    """SQLite: every example gets a copy of a file that was made once. The ledger's clock is the machine's."""

    def __init__(self, folder):
        self.folder = folder
        database = make_database(f"sqlite:///{folder}/template.db")
        add_people(database, len(PEOPLE))
        database.dispose()

    def begin(self):
        shutil.copy(self.folder / "template.db", self.folder / "mailer.db")
        return Database(f"sqlite:///{self.folder}/mailer.db")

    def end(self, database):
        database.dispose()
        for path in self.folder.glob("mailer.db*"):
            path.unlink()

    def set_clock(self, now):
        pass


class Server:
    """PostgreSQL: one database, emptied for every example, whose clock is ours."""

    def __init__(self, url):
        self.database = make_database(url)
        self.clock = ServerClock(self.database)

    def begin(self):
        with self.database.writing() as connection:
            tables = sa.inspect(connection).get_table_names(schema="public")
            ours = ", ".join(f'public."{name}"' for name in tables if name != "alembic_version")
            connection.exec_driver_sql(f"TRUNCATE {ours} RESTART IDENTITY CASCADE")
        add_people(self.database, len(PEOPLE))
        return self.database

    def end(self, database):
        self.clock.forget()

    def set_clock(self, now):
        self.clock.set(now)

    def close(self):
        self.clock.remove()
        self.database.dispose()


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self, engine):
        super().__init__()
        self.engine = engine
        self.database = engine.begin()
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
        engine.set_clock(self.now)
        self.ledger = Ledger(self.database, lambda: self.now)
        self.batches = {"a": [], "b": []}  # what each worker believes it holds: (token, ids)
        self.marked = {"a": [], "b": []}  # (token, id) that may go on the wire
        self.answers = {"a": [], "b": []}  # (token, Outcome) not yet settled
        self.holder, self.lease = {}, {}  # by right: id -> token, token -> end
        self.accepted = dict.fromkeys(PEOPLE, 0)
        self.owned_up = dict.fromkeys(PEOPLE, 0)  # repeats the ledger says there may be
        self.left = set()
        self.before = dict.fromkeys(PEOPLE, RowState.QUEUED)
        self.retried = set()  # people whose rows a person queued again since the last look
        self.relay = dict.fromkeys(PEOPLE, 0)  # the one that each row was last claimed for
        self.paid = []  # when each row was leased at a rate
        self.went_back = False  # the clock: seconds that are there twice are no measure

    @initialize(in_doubt=st.sampled_from(["hold", "resend"]))
    def begin(self, in_doubt):
        self.in_doubt = in_doubt
        self.mailing = add_mailing(
            self.database, len(PEOPLE), in_doubt=in_doubt, give_up_at=self.now + timedelta(days=300)
        )

    def pass_time(self, seconds):
        self.now += timedelta(seconds=seconds)
        self.went_back |= seconds < 0
        self.engine.set_clock(self.now)

    @property
    def seconds(self):
        return int(self.now.timestamp())

    def state(self):
        with self.database.reading() as connection:
            return mailings.get(connection, self.mailing).state

    def rows(self):
        with self.database.reading() as connection:
            query = sa.select(delivery.c.subscriber_id, delivery.c.state).where(delivery.c.mailing_id == self.mailing)
            return {who: RowState(state) for who, state in connection.execute(query)}

    @rule(worker=workers, number=st.integers(1, 4), lane=st.sampled_from(LANES))
    def claim(self, worker, number, lane=ANY_RELAY):
        batch = self.ledger.claim(self.mailing, number, lease_seconds=LEASE, lane=lane)
        if self.state() is not MailingState.SENDING:
            assert batch is None
        if batch is None:
            return
        ids = {row.subscriber_id for row in batch.rows}
        assert not ids & self.left, "somebody who had left was claimed"
        assert not ids & self.holder.keys(), "a row was claimed twice"
        self.batches[worker].append((batch.token, ids))
        self.holder |= dict.fromkeys(ids, batch.token)
        self.lease[batch.token] = self.seconds + HELD
        self.relay |= dict.fromkeys(ids, lane.relay)
        if lane.limits.rate:
            self.pay(len(ids))

    def pay(self, number):
        """What one bucket paid for, of all workers together, over any span of time."""
        self.paid += [self.now] * number
        for first, begin in enumerate(self.paid):
            span = (self.now - begin).total_seconds() + TOLERANCE / SECOND
            assert self.went_back or len(self.paid) - first <= RATE * span + 1, "more were leased than the rate allows"

    @rule(worker=workers, data=st.data())
    def mark(self, worker, data):
        """It asks for all it believes to hold, or for anybody, whether it holds them or not."""
        if not self.batches[worker]:
            return
        token, ids = data.draw(st.sampled_from(self.batches[worker]))
        asked = data.draw(st.one_of(st.just(ids), st.just(ids), st.sets(st.sampled_from(PEOPLE), min_size=1)))
        before = self.rows()
        marked = self.ledger.mark_sending(token, self.mailing, asked)
        by_right = {who for who in asked if self.holder.get(who) == token and before[who] is RowState.LEASED}
        good = self.state() is MailingState.SENDING and self.lease[token] > self.seconds
        assert marked == (by_right if good else set())
        self.marked[worker] += [(token, who) for who in sorted(marked)]

    @rule(worker=workers, seconds=st.sampled_from([LEASE, HELD, HELD + 1]), data=st.data())
    def freeze_and_mark(self, worker, seconds, data):
        """It claims, is frozen for about a lease, wakes and goes on as if nothing had been."""
        self.claim(worker, 2)
        self.pass_time(seconds)
        self.mark(worker, data)

    @rule(
        worker=workers,
        fate=st.sampled_from(["sent", "deferred", "refused", "uncertain", "arrived, link lost", "back", "sent"]),
    )
    def wire(self, worker, fate):
        """The oldest marked message goes to the relay, or is put back without having been on the wire."""
        if not self.marked[worker]:
            return
        token, who = self.marked[worker].pop(0)
        self.accepted[who] += fate in ("sent", "arrived, link lost")
        states = {
            "sent": RowState.SENT,
            "deferred": RowState.QUEUED,
            "back": RowState.QUEUED,
            "refused": RowState.FAILED,
        }
        state = states.get(fate, RowState.UNCERTAIN)
        due = self.seconds + 20 if fate == "deferred" else 0
        outcome = Outcome(subscriber_id=who, state=state, due=due, counted=fate != "back", code=250, text=fate)
        self.answers[worker].append((token, outcome))

    @rule(worker=workers)
    def settle(self, worker):
        answers, self.answers[worker] = self.answers[worker], []
        for token in {token for token, _ in answers}:
            outcomes = [outcome for other, outcome in answers if other == token]
            settled = self.ledger.settle(token, self.mailing, outcomes)
            assert settled == {one.subscriber_id for one in outcomes if self.holder.get(one.subscriber_id) == token}
            for who in settled:
                del self.holder[who]

    @rule(worker=workers)
    def extend(self, worker):
        for token, _ in self.batches[worker]:
            good = self.lease[token] > self.seconds
            held = [who for who, other in self.holder.items() if other == token]
            assert self.ledger.extend(token, lease_seconds=LEASE) == (len(held) if good else 0)
            if good and held:
                self.lease[token] = self.seconds + HELD

    @rule(worker=workers)
    def release(self, worker):
        rows = self.rows()
        for token, _ in self.batches[worker]:
            unsent = {who for who, other in self.holder.items() if other == token and rows[who] is RowState.LEASED}
            assert self.ledger.release(token) == len(unsent)
            for who in unsent:
                del self.holder[who]

    @rule(worker=workers)
    def crash(self, worker):
        """It forgets everything: what it had claimed, what was marked, and answers it had not written."""
        self.batches[worker], self.marked[worker], self.answers[worker] = [], [], []

    @rule()
    def reap(self):
        rows = self.rows()
        dead = {who for who, token in self.holder.items() if self.lease[token] <= self.seconds}
        reaped = self.ledger.reap()
        doubtful = {who for who in dead if rows[who] is RowState.SENDING}
        assert reaped.released == len(dead - doubtful)
        assert (reaped.uncertain, reaped.resent)[self.in_doubt == "resend"] == len(doubtful)
        assert reaped.uncertain + reaped.resent == len(doubtful)
        for who in dead:
            del self.holder[who]
        for who in doubtful:
            self.owned_up[who] += self.in_doubt == "resend"

    @rule()
    def pause(self):
        self.move(MailingState.PAUSED)

    @rule()
    @precondition(lambda self: self.state() is MailingState.PAUSED)
    def resume(self):
        self.move(MailingState.SENDING)

    @rule(chance=st.integers(0, 9))
    def cancel(self, chance):
        """Seldom, for it ends everything."""
        if chance < 9:
            return
        rows = self.rows()
        with self.database.writing() as connection:
            if mailings.move(connection, self.mailing, MailingState.CANCELLED, at=self.now):
                control.cancel_rows(connection, self.mailing)
                for who in [who for who in self.holder if rows[who] is RowState.LEASED]:
                    del self.holder[who]

    @rule(state=st.sampled_from([RowState.FAILED, RowState.UNCERTAIN]))
    @precondition(lambda self: self.state() is not MailingState.CANCELLED)
    def retry(self, state):
        """A person queues again what failed, or what is in doubt: those may get it twice."""
        again = {who for who, now in self.rows().items() if now is state}
        with self.database.writing() as connection:
            number = control.queue_again(connection, self.mailing, state, give_up_at=self.now + timedelta(days=300))
        assert number == len(again)
        self.retried |= again
        for who in again:
            self.owned_up[who] += state is RowState.UNCERTAIN

    @rule()
    def write_the_rows_again(self):
        """A second process that materialises the same mailing does nothing."""
        materialise.materialise(self.database, self.mailing, at=self.now, undo=timedelta(0))

    def move(self, to):
        with self.database.writing() as connection:
            mailings.move(connection, self.mailing, to, at=self.now)

    @rule(who=st.sampled_from(PEOPLE), complains=st.booleans())
    @precondition(lambda self: len(self.left) < 2)
    def leave(self, who, complains):
        with self.database.writing() as connection:
            if complains:
                suppress(connection, email(who), reason=SuppressionReason.COMPLAINT, at=self.now)
            else:
                theirs = sa.update(subscription).where(subscription.c.subscriber_id == who)
                connection.execute(theirs.values(status="unsubscribed"))
        self.left.add(who)

    @rule(seconds=st.sampled_from([30, 31, 10, 29, 1, 600, -5]))
    def clock_jumps(self, seconds):
        self.pass_time(seconds)

    @invariant()
    def no_row_is_lost_or_doubled(self):
        assert set(self.rows()) == set(PEOPLE)

    @invariant()
    def rows_move_along_legal_roads(self):
        after = self.rows()
        for who, state in after.items():
            was = self.before[who]
            roads = {was} | ROW_STEPS[was] | {end for via in ROW_STEPS[was] for end in ROW_STEPS[via]}
            assert state in roads, f"{was.name} became {state.name}"
            ended = was in (RowState.FAILED, RowState.UNCERTAIN) and who not in self.retried
            assert state is was or not ended, f"{was.name} became {state.name}, and nobody asked for it"
        self.before, self.retried = after, set()

    @invariant()
    def the_ledger_knows_who_holds_what(self):
        held = {who for who, state in self.rows().items() if state in (RowState.LEASED, RowState.SENDING)}
        assert held == set(self.holder)

    @invariant()
    def rows_remember_the_relay_that_they_were_claimed_for(self):
        with self.database.reading() as connection:
            query = sa.select(delivery.c.subscriber_id, delivery.c.relay).where(delivery.c.mailing_id == self.mailing)
            found = {row.subscriber_id: row.relay for row in connection.execute(query)}
        assert all(found[who] == self.relay[who] for who in self.holder)

    @invariant()
    def figures_add_up(self):
        with self.database.reading() as connection:
            found = status_of(connection, mailings.get(connection, self.mailing), now=self.now).document()
        parts = sum(found[state.name.lower()] for state in RowState) + found["deferred"]
        assert parts == found["total"] == len(PEOPLE)

    @invariant()
    def nobody_gets_it_more_often_than_the_ledger_owns_up_to(self):
        # A doubt that a relay told us of ("uncertain") is held here whatever the mailing says; only a reap resends.
        for who, times in self.accepted.items():
            assert times <= 1 + self.owned_up[who]

    def teardown(self):
        """Then every worker dies, one healthy worker is left, and it must end every row."""
        if hasattr(self, "mailing") and self.state() is not MailingState.CANCELLED:
            self.finish()
        self.engine.end(self.database)

    def finish(self):
        with self.database.writing() as connection:
            connection.execute(sa.update(mailing).values(state=MailingState.SENDING))
        self.pass_time(10_000)
        self.reap()
        while batch := self.ledger.claim(self.mailing, 4, lease_seconds=LEASE):
            ids = self.ledger.mark_sending(batch.token, self.mailing, [row.subscriber_id for row in batch.rows])
            for who in ids:
                self.accepted[who] += 1
            outcomes = [Outcome(subscriber_id=who, state=RowState.SENT) for who in ids]
            assert self.ledger.settle(batch.token, self.mailing, outcomes) == ids
        self.nobody_gets_it_more_often_than_the_ledger_owns_up_to()
        for who, state in self.rows().items():
            assert state not in OPEN, "a row never ended"
            if state is RowState.SENT:
                assert self.accepted[who], "marked as sent, and nobody accepted it"


def run(engine, examples):
    run_state_machine_as_test(
        lambda: LedgerMachine(engine),
        settings=settings(
            max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_under_any_interleaving_on_sqlite(tmp_path):
    fast = Path(tempfile.mkdtemp(prefix="ledger-", dir=FAST)) if FAST.is_dir() else tmp_path
    try:
        run(File(fast), examples=12)
    finally:
        shutil.rmtree(fast)


def test_under_any_interleaving_on_postgresql(postgres_url):
    server = Server(postgres_url)
    try:
        run(server, examples=6)
    finally:
        server.close()
