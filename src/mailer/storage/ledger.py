"""The ledger: one durable row per (mailing, subscriber), which is also the queue that workers take their work from.

    queued ── claim ──▶ leased ── mark_sending ──▶ sending ── settle ──▶ sent | queued (deferred) | failed | uncertain
       ▲                  │                           │
       └──── release ─────┤                           │   (the worker is gone, its lease is over:)
       └───── reap ───────┴───────── reap ────────────┴──▶ uncertain, or queued again where the mailing says `resend`

The rules of a lease:

1. `claim` takes due rows of a mailing that is *sending*, in one transaction, and writes a random token and the second
   at which the lease ends. Whoever left or was suppressed before that transaction ends as `suppressed` in it, and is
   never mailed.
2. `mark_sending` is committed before a message goes on the wire. It is both the marker that a crash leaves behind and the fence:
   it takes only rows that still carry the token, in a lease that is not over, of a mailing that is still *sending*.
   **Only what it returns may be sent.** After `pause` or `cancel` has returned, it returns nothing.
3. `settle` writes what became of a message, if the row still carries the token. A worker that was taken for dead, and
   whose rows were reaped, changes nothing any more. (Until they are reaped it may still settle after its lease is over: a known
   answer is better than a doubt.)
4. `extend` prolongs a lease while its worker is healthy; `release` gives back what was never put on the wire.
5. `reap` is done by any worker, at any time, for all.

What a crash leaves behind, at any moment, `kill -9` included: rows `leased` whose lease runs out, which are queued again and no
attempt is counted; and rows `sending`, no more than the worker had marked ahead of the wire, which may have left or
not. Under `hold` these become `uncertain`: counted, listed, and never sent again unless a person says so. Under
`resend` they are queued again, with the same Message-ID. No row is ever lost, and there are no other files to look at.

Times are whole unix seconds: the machine's clock on SQLite, the server's on PostgreSQL, which all machines share.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from mailer.domain.limits import ANY_RELAY, Lane
from mailer.domain.mailing import LAST_PLACE, ROW_STEPS, RowState
from mailer.domain.provider import Provider
from mailer.domain.subscriber import SuppressionReason
from mailer.storage import events, instance, pacing
from mailer.storage.database import Database
from mailer.storage.kept import Kept
from mailer.storage.ledger_sql import statements
from mailer.storage.pacing import Hold, Purse
from mailer.storage.prepared import Prepared
from mailer.storage.quotas import Day
from mailer.storage.row_step import RowStep
from mailer.storage.rowset import packed, storable
from mailer.storage.suppressions import suppress
from mailer.storage.tables import subscriber

LEFT = "had left or was suppressed before the message's turn came"
LATE = "send_by had passed"
GIVEN_UP = "the time for retries is over"
LOST = "the worker was lost while the message was on its way; it may have arrived"
ENDED = {RowState.SUPPRESSED: LEFT, RowState.EXPIRED: LATE, RowState.FAILED: GIVEN_UP}
AGAIN = "the worker was lost while the message was on its way; it is sent again"


class Claimed(NamedTuple):
    """One leased row. attempts: how often it was tried before."""

    subscriber_id: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one claim took. rows may be empty: all that was due ended instead, or `hold` says why nothing may go now.

    lease_until: unix seconds, by the ledger's clock. exhausted: nothing more of the lane is due. hold: what keeps the next
    row of the lane back, None if nothing does. day: where its rows were counted if the relay has a quota.
    """

    token: int
    mailing_id: int
    rows: tuple[Claimed, ...]
    lease_until: int
    suppressed: int = 0
    expired: int = 0
    failed: int = 0
    exhausted: bool = False
    hold: Hold | None = None
    day: Day | None = None

    @property
    def took_nothing(self) -> bool:
        """Whether no row was leased and none ended."""
        return not (self.rows or self.suppressed or self.expired or self.failed)


class Outcome(NamedTuple):
    """Where one row goes: sent, failed, uncertain, or queued again at `due` (unix seconds). It begins as its event does.

    relay: the name of the one that answered, "" if none was asked.
    counted: False where the attempt says nothing about the person, because nothing was put on the wire for them.
    bad_address: the relay said that the address does not exist; it is suppressed in the same transaction.
    """

    subscriber_id: int
    state: RowState
    code: int = 0
    enhanced: str = ""
    text: str = ""
    relay: str = ""
    due: int = 0
    counted: bool = True
    bad_address: bool = False

    @property
    def event(self) -> events.EventRow:
        return self[:6]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaped:
    """What a reap found: rows given back untouched, rows now in doubt, rows to be sent again."""

    released: int = 0
    uncertain: int = 0
    resent: int = 0

    def __bool__(self) -> bool:
        return bool(self.released or self.uncertain or self.resent)


class Ledger:
    """The steps of a row. Each method is one transaction of its own, but for those inside `one_commit`."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], *, connection: sa.Connection | None = None
    ) -> None:
        """`clock` is the machine's; PostgreSQL's own is used there. `connection` is for `one_commit` alone."""
        self._database = database
        self._clock = clock
        self._connection = connection
        self._sql = statements(is_sqlite=database.is_sqlite)

    @contextmanager
    def one_commit(self, kept: Kept | None = None) -> Iterator[tuple["Ledger", sa.Connection]]:
        """A ledger whose steps are committed together at the end, or not at all: the group commit. kept: of this thread."""
        with self._database.writing(kept) as connection:
            yield Ledger(self._database, self._clock, connection=connection), connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        if self._connection is not None:
            yield self._connection
        else:
            with self._database.writing() as connection:
                yield connection

    def due_lanes(self, mailing_ids: Iterable[int]) -> dict[int, frozenset[Provider]]:
        """Of which lanes of each mailing a row is due: whether it is worth while to claim. Writes nothing and locks nothing."""
        with self._database.reading() as connection:
            found = {one: self._run(connection, self._sql.due_lanes, p_mailing=one) for one in mailing_ids}
        return {one: frozenset(Provider(lane) for (lane,) in lanes) for one, lanes in found.items()}

    def claim(self, mailing_id: int, n: int, *, lease_seconds: int, lane: Lane = ANY_RELAY) -> Batch | None:
        """Lease up to `n` due rows of one lane, as many as its limits let go now, and pay for them.

        None: the mailing is not sending, or nothing of the lane is due.
        """
        token = secrets.randbelow(2**62 - 1) + 1
        with self._writing() as connection:
            mailing = self._execute(connection, self._sql.open_mailing, p_mailing=mailing_id).one_or_none()
            if mailing is None:
                return None
            purse = self._purse(connection, lane, mailing_id)
            count = n if purse.room is None else min(n, purse.room)
            if not count:
                return Batch(token=token, mailing_id=mailing_id, rows=(), lease_until=mailing.now, hold=purse.hold)
            rows = self._take(
                connection, mailing, lane, count, p_mailing=mailing_id, p_token=token, p_seconds=lease_seconds
            )
            leased = tuple([Claimed(who, attempts) for who, attempts, state, _ in rows if state == RowState.LEASED])
            hold = pacing.spend(connection, purse, len(leased)) if rows else None
        if not rows:
            return None
        became = Counter([state for _, _, state, _ in rows])
        return Batch(
            token=token,
            mailing_id=mailing_id,
            rows=leased,
            lease_until=next((lease for _, _, _, lease in rows if lease), mailing.now),
            suppressed=became[RowState.SUPPRESSED],
            expired=became[RowState.EXPIRED],
            failed=became[RowState.FAILED],
            exhausted=len(rows) < count,
            hold=hold,
            day=purse.day,
        )

    def _purse(self, connection: sa.Connection, lane: Lane, mailing_id: int) -> Purse:
        if not lane.is_limited:
            return Purse()
        now = self._clock() if self._database.is_sqlite else None
        return pacing.open_purse(connection, lane, mailing_id, now=now)

    def _take(
        self, connection: sa.Connection, mailing: sa.Row[Any], lane: Lane, count: int, **values: int
    ) -> list[tuple[int, int, int, int]]:
        """Take `count` due rows; those that ended instead are told why. values: whose rows, and the lease.

        Returns (subscriber_id, attempts, state, end of the lease) of each.
        """
        rows = self._run(
            connection,
            self._sql.claim,
            p_list=mailing.list_name,
            p_late=int(mailing.send_by is not None and mailing.send_by.timestamp() <= mailing.now),
            p_over=int(mailing.give_up_at.timestamp() <= mailing.now),
            p_lane=int(lane.provider),
            p_relay=lane.relay,
            p_not=lane.relay if lane.pass_over else -1,
            p_above=LAST_PLACE if lane.again else -1,
            p_count=count,
            **values,
        )
        told = [(who, RowState(state), 0, "", ENDED[state], "") for who, _, state, _ in rows if state in ENDED]
        events.write(connection, values["p_mailing"], told, at=mailing.now)
        return rows

    def mark_sending(self, token: int, mailing_id: int, ids: Iterable[int]) -> set[int]:
        """Mark rows as on their way, before they are. Only the ids returned may be sent."""
        with self._writing() as connection:
            return self._step(connection, self._sql.mark, ids, p_mailing=mailing_id, p_token=token)

    def settle(self, token: int, mailing_id: int, outcomes: Sequence[Outcome]) -> set[int]:
        """Write what became of messages that were on their way, with the reply's text.

        Returns the ids that were settled; a row that is missing was reaped, and stays as the reaper left it.
        """
        return self._settle(token, mailing_id, outcomes, RowState.SENDING)

    def fail_unsent(self, token: int, mailing_id: int, outcomes: Sequence[Outcome]) -> set[int]:
        """End leased rows for which there is no message: they never come near the wire. Returns the ids that ended."""
        return self._settle(token, mailing_id, outcomes, RowState.LEASED)

    def _settle(self, token: int, mailing_id: int, outcomes: Sequence[Outcome], source: RowState) -> set[int]:
        wrong = {one.state for one in outcomes} - ROW_STEPS[source]
        assert not wrong, f"no step leads from {source.name} to {wrong}"
        with self._writing() as connection:
            values = {"p_mailing": mailing_id, "p_token": token}
            settled: set[int] = set()
            if sent := [one.subscriber_id for one in outcomes if one.state is RowState.SENT]:
                settled |= self._step(connection, self._sql.sent, sent, **values)
            if rest := [one for one in outcomes if one.state is not RowState.SENT]:
                rows = packed((one.subscriber_id, one.state, one.due, int(one.counted)) for one in rest)
                statement = self._sql.settle if source is RowState.SENDING else self._sql.fail_unsent
                settled |= {
                    subscriber_id for (subscriber_id,) in self._run(connection, statement, **values, p_rows=rows)
                }
            told = [one for one in outcomes if one.subscriber_id in settled and (one.counted or one.text)]
            at = self.now(connection) if self._database.is_sqlite else None
            events.write(connection, mailing_id, [one.event for one in told], at=at)
            for one in told:
                if one.bad_address:
                    self._suppress(connection, one)
        return settled

    def _suppress(self, connection: sa.Connection, outcome: Outcome) -> None:
        key = connection.scalar(sa.select(subscriber.c.email_key).where(subscriber.c.id == outcome.subscriber_id))
        if key is not None:
            detail = storable(f"{outcome.code} {outcome.enhanced} {outcome.text}")
            suppress(connection, key, reason=SuppressionReason.BAD_ADDRESS, detail=detail, at=self._clock())

    def extend(self, token: int, *, lease_seconds: int) -> int:
        """Prolong a lease that is not over, for every row still in it. Returns how many rows those are."""
        with self._writing() as connection:
            return self._execute(connection, self._sql.extend, p_token=token, p_seconds=lease_seconds).rowcount

    def release(self, token: int, mailing_id: int | None = None, ids: Iterable[int] | None = None) -> int:
        """Give back leased rows that were not marked: those `ids` of the mailing, or without them all of the token."""
        with self._writing() as connection:
            if mailing_id is None or ids is None:
                return self._execute(connection, self._sql.release_all, p_token=token).rowcount
            return len(self._step(connection, self._sql.release, ids, p_mailing=mailing_id, p_token=token))

    def reap(self) -> Reaped:
        """Take back what dead workers hold, of all mailings, a thousand rows at a time; nothing else decides what is lost."""
        with self._writing() as connection:
            released = len(self._execute(connection, self._sql.reap_leased).all())
            doubtful = self._execute(connection, self._sql.reap_sending).all()
            now = self.now(connection)
            for mailing_id in {row.mailing_id for row in doubtful}:
                states = [(row.subscriber_id, RowState(row.state)) for row in doubtful if row.mailing_id == mailing_id]
                told = [(who, to, 0, "", LOST if to is RowState.UNCERTAIN else AGAIN, "") for who, to in states]
                events.write(connection, mailing_id, told, at=now)
            self._execute(connection, self._sql.close)
            if released or doubtful:
                instance.count_reaped(connection, released + len(doubtful))
        uncertain = sum(row.state == RowState.UNCERTAIN for row in doubtful)
        return Reaped(released=released, uncertain=uncertain, resent=len(doubtful) - uncertain)

    def now(self, connection: sa.Connection) -> int:
        """The ledger's clock in unix seconds."""
        if self._database.is_sqlite:
            return int(self._clock().timestamp())
        now: int = connection.scalar(sa.select(self._sql.now))  # type: ignore[assignment]
        return now

    def _step(self, connection: sa.Connection, step: RowStep, ids: Iterable[int], **values: int) -> set[int]:
        return step(connection, ids, **self._at_its_time(connection, values))

    def _run(self, connection: sa.Connection, statement: Prepared, **values: int | str) -> list[tuple[Any, ...]]:
        return statement(connection, **self._at_its_time(connection, values))

    def _execute(self, connection: sa.Connection, statement: sa.Executable, **values: Any) -> sa.CursorResult[Any]:
        return connection.execute(statement, self._at_its_time(connection, values))

    def _at_its_time(self, connection: sa.Connection, values: dict[str, Any]) -> dict[str, Any]:
        """SQLite is told the time; PostgreSQL looks at its own clock."""
        return values | {"p_now": self.now(connection)} if self._database.is_sqlite else values
