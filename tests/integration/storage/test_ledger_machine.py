"""The ledger under any interleaving: two workers, crashes, reaps, pauses, departures, clocks that jump, on real SQLite.

A model beside it knows what a relay would have accepted, who holds what by right, and who had left. After every step:
no row is lost or doubled, rows move along legal roads only, nobody gets a message twice under `hold`, and under
`resend` no more often than the ledger owns up to.
"""

import atexit
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger_world import add_mailing, add_people, make_database
from mailer.domain.mailing import ROW_STEPS, MailingState, RowState
from mailer.storage import mailings
from mailer.storage.database import Database
from mailer.storage.ledger import Ledger, Outcome
from mailer.storage.tables import delivery, mailing, subscription

PEOPLE = range(1, 7)
LEASE = 30
workers = st.sampled_from(["a", "b"])
FAST = Path("/dev/shm")


@cache
def template():
    """A database with all the people, made once."""
    folder = tempfile.TemporaryDirectory(prefix="ledger-", dir=FAST if FAST.is_dir() else None)
    atexit.register(folder.cleanup)
    database = make_database(f"sqlite:///{folder.name}/mailer.db")
    add_people(database, len(PEOPLE))
    database.dispose()
    return Path(folder.name, "mailer.db")


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="ledger-", dir=FAST if FAST.is_dir() else None)
        shutil.copy(template(), self.folder)
        self.database = Database(f"sqlite:///{self.folder}/mailer.db")
        self.now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
        self.ledger = Ledger(self.database, lambda: self.now)
        self.batches = {"a": [], "b": []}  # what each worker believes it holds: (token, ids)
        self.marked = {"a": [], "b": []}  # (token, id) that may go on the wire
        self.answers = {"a": [], "b": []}  # (token, Outcome) not yet settled
        self.holder, self.lease = {}, {}  # by right: id -> token, token -> end
        self.accepted = dict.fromkeys(PEOPLE, 0)
        self.owned_up = dict.fromkeys(PEOPLE, 0)  # repeats the ledger says there may be
        self.left = set()
        self.before = dict.fromkeys(PEOPLE, RowState.QUEUED)

    @initialize(in_doubt=st.sampled_from(["hold", "resend"]))
    def begin(self, in_doubt):
        self.in_doubt = in_doubt
        self.mailing = add_mailing(
            self.database, len(PEOPLE), in_doubt=in_doubt, give_up_at=self.now + timedelta(days=300)
        )

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

    @rule(worker=workers, number=st.integers(1, 4))
    def claim(self, worker, number):
        batch = self.ledger.claim(self.mailing, number, lease_seconds=LEASE)
        if self.state() is not MailingState.SENDING:
            assert batch is None
        if batch is None:
            return
        ids = {row.subscriber_id for row in batch.rows}
        assert not ids & self.left, "somebody who had left was claimed"
        assert not ids & self.holder.keys(), "a row was claimed twice"
        self.batches[worker].append((batch.token, ids))
        self.holder |= dict.fromkeys(ids, batch.token)
        self.lease[batch.token] = self.seconds + LEASE

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

    @rule(worker=workers, seconds=st.sampled_from([LEASE - 1, LEASE, LEASE + 1]), data=st.data())
    def freeze_and_mark(self, worker, seconds, data):
        """It claims, is frozen for about a lease, wakes and goes on as if nothing had been."""
        self.claim(worker, 2)
        self.now += timedelta(seconds=seconds)
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
                self.lease[token] = self.seconds + LEASE

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
        if chance == 9:
            self.move(MailingState.CANCELLED)

    def move(self, to):
        with self.database.writing() as connection:
            mailings.move(connection, self.mailing, to, at=self.now)

    @rule(who=st.sampled_from(PEOPLE))
    @precondition(lambda self: len(self.left) < 2)
    def leave(self, who):
        with self.database.writing() as connection:
            connection.execute(
                sa.update(subscription).where(subscription.c.subscriber_id == who).values(status="unsubscribed")
            )
        self.left.add(who)

    @rule(seconds=st.sampled_from([30, 31, 10, 29, 1, 600, -5]))
    def clock_jumps(self, seconds):
        self.now += timedelta(seconds=seconds)

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
        self.before = after

    @invariant()
    def the_ledger_knows_who_holds_what(self):
        held = {who for who, state in self.rows().items() if state in (RowState.LEASED, RowState.SENDING)}
        assert held == set(self.holder)

    @invariant()
    def nobody_gets_it_more_often_than_the_ledger_owns_up_to(self):
        # A doubt that a relay told us of ("uncertain") is held here whatever the mailing says; only a reap resends.
        for who, times in self.accepted.items():
            assert times <= 1 + self.owned_up[who]

    def teardown(self):
        """Then every worker dies, one healthy worker is left, and it must end every row."""
        if hasattr(self, "mailing") and self.state() is not MailingState.CANCELLED:
            self.finish()
        self.database.dispose()
        shutil.rmtree(self.folder)

    def finish(self):
        with self.database.writing() as connection:
            connection.execute(sa.update(mailing).values(state=MailingState.SENDING))
        self.now += timedelta(seconds=10_000)
        self.reap()
        while batch := self.ledger.claim(self.mailing, 4, lease_seconds=LEASE):
            ids = self.ledger.mark_sending(batch.token, self.mailing, [row.subscriber_id for row in batch.rows])
            for who in ids:
                self.accepted[who] += 1
            outcomes = [Outcome(subscriber_id=who, state=RowState.SENT) for who in ids]
            assert self.ledger.settle(batch.token, self.mailing, outcomes) == ids
        self.nobody_gets_it_more_often_than_the_ledger_owns_up_to()
        for who, state in self.rows().items():
            assert state not in (RowState.QUEUED, RowState.LEASED, RowState.SENDING), "a row never ended"
            if state is RowState.SENT:
                assert self.accepted[who], "marked as sent, and nobody accepted it"


LedgerMachine.TestCase.settings = settings(
    max_examples=50, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLedger = LedgerMachine.TestCase
