"""One thread that writes the ledger for all connections of a worker: the group commit.

Connections ask for rows to be marked and hand in what became of messages. While one transaction is being committed the
next group gathers, so a slow disk makes larger groups instead of slower mail. Nobody holds a transaction open while a
message is built or on the wire.

When the database is away (restarted, cut off, held by another program) nothing is marked: what was asked for is
refused at once, so that connections go on reading replies, and no more is granted. What has become of messages is kept and
written when it is back, however long that takes; if their leases ran out and somebody reaped them meanwhile, his verdict stands.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from mailer.delivery.allowance import Allowance
from mailer.delivery.work import Lease, Parcel, Settlement
from mailer.domain.mailing import RowState
from mailer.errors import StorageError
from mailer.runtime import Runtime
from mailer.storage.ledger import Ledger, Outcome
from mailer.storage.outage import Outage

logger = logging.getLogger(__name__)
#: Where waiting does not help (the disk is full), what has become of messages is still worth a few more tries.
TRIES, BETWEEN_TRIES = 5, 1.0
#: How long a worker that ends waits for a database that is away.
GRACE, STEP = 30.0, 0.2
#: Seconds for which a group gathers before it is written, so that a fast disk makes fewer, larger commits too.
GATHER = 0.003


@dataclass(slots=True)
class Group:
    """What one transaction writes."""

    marks: list[tuple[Sequence[Parcel], "Future[list[Parcel]]"]] = field(default_factory=list)
    settled: list[Settlement] = field(default_factory=list)
    unsent: list[Settlement] = field(default_factory=list)
    given_back: list[Parcel] = field(default_factory=list)
    #: Refused when a commit failed. It may have been made all the same, and its confirmation lost: then they are marked.
    withdrawn: list[Parcel] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.marks or self.settled or self.unsent or self.given_back or self.withdrawn)

    def add(self, other: "Group") -> None:
        self.marks += other.marks
        self.settled += other.settled
        self.unsent += other.unsent
        self.given_back += other.given_back
        self.withdrawn += other.withdrawn


class Committer:
    """Takes requests from any thread; one thread of its own writes them."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        max_in_doubt: int,
        runtime: Runtime,
        settled: Callable[[Sequence[Settlement]], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """settled: told after each commit what is now in the ledger. failed: told once that the database cannot be written."""
        self.allowance = Allowance(max(1, max_in_doubt), runtime)
        self._ledger, self._runtime = ledger, runtime
        self._told_settled, self._told_failed = settled, failed
        self._group = Group()
        self._changed = runtime.condition()
        self._closing = self._refusing = self._broken = False
        self._abandoned = runtime.event()
        self._outage = Outage(runtime)
        self._thread = runtime.thread(self._run, "committer")

    def start(self) -> None:
        self._thread.start()

    def mark(self, parcels: Sequence[Parcel]) -> "Future[list[Parcel]]":
        """Those of `parcels` that may now go on the wire; they must hold an allowance. The others are given back."""
        answer: Future[list[Parcel]] = self._runtime.future()
        with self._changed:
            if self._refusing:
                self._refuse(self._group, parcels, answer)
            else:
                self._group.marks.append((parcels, answer))
            self._changed.notify()
        return answer

    def settle(self, settlements: Iterable[Settlement]) -> None:
        """What became of marked parcels. Their allowance comes back when it is written."""
        with self._changed:
            self._group.settled.extend(settlements)
            self._changed.notify()

    def fail_unsent(self, settlement: Settlement) -> None:
        """A parcel that was not marked and whose message cannot be built."""
        with self._changed:
            self._group.unsent.append(settlement)
            self._changed.notify()

    def give_back(self, parcels: Sequence[Parcel]) -> None:
        """Parcels that were not marked and shall be queued again."""
        with self._changed:
            self._group.given_back.extend(parcels)
            self._changed.notify()

    def close(self, hurry: Callable[[], bool] = lambda: False) -> None:
        """Write what is left, then end. Nobody may ask for more.

        A database that is away is waited for a while, but not once `hurry` says so.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        give_up = self._runtime.monotonic() + GRACE
        while self._thread.is_alive():
            if hurry() or self._runtime.monotonic() > give_up:
                self._abandoned.set()
            self._thread.join(STEP)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._group or self._closing)
                self._changed.wait_for(lambda: self._closing, GATHER)
                group, self._group = self._group, Group()
            if not group:
                return
            try:
                self._commit(group)
            except Exception as error:  # noqa: BLE001 (connections wait for answers from here: they must get one)
                self._refuse_marks(group)
                self._break(error)

    def _commit(self, group: Group) -> None:
        attempt = 0
        while True:
            if self._refusing:
                self._refuse_marks(group)
            try:
                written = self._write(group)
            except StorageError as error:
                attempt += 1
                logger.info("commit failed: attempt=%d error=%s", attempt, error.code)
                if not self._try_again(group, error, attempt):
                    break
            else:
                self._outage.over()
                self._tell(group, written)
                if not self._broken:
                    self._refusing = False
                    self.allowance.allow()
                return
        logger.error("receipts not written: rows=%d; their leases will run out", len(group.settled))

    def _try_again(self, group: Group, error: StorageError, attempt: int) -> bool:
        """Refuse whatever would go on the wire, take what else was handed in, and wait. False: enough of it."""
        self.allowance.withhold()
        with self._changed:
            self._refusing = True
            group.add(self._group)
            self._group = Group()
        self._refuse_marks(group)
        if not error.passing:
            self._break(error)
        seconds = self._outage.met(error) if error.passing else BETWEEN_TRIES
        if (error.passing or attempt < TRIES) and not self._abandoned.wait(seconds):
            return True
        self._break(error)
        return False

    def _break(self, error: Exception) -> None:
        if not self._broken:
            self._broken = self._refusing = True
            self._told_failed(error)

    def _refuse_marks(self, group: Group) -> None:
        for parcels, answer in group.marks:
            self._refuse(group, parcels, answer)
        group.marks.clear()

    def _refuse(self, group: Group, parcels: Sequence[Parcel], answer: "Future[list[Parcel]]") -> None:
        self.allowance.give_back(len(parcels))
        group.withdrawn.extend(parcels)
        answer.set_result([])

    def _write(self, group: Group) -> tuple[dict[Lease, set[int]], dict[Lease, set[int]]]:
        """Per lease, the rows that were marked and those that were settled."""
        marked: dict[Lease, set[int]] = {}
        done: dict[Lease, set[int]] = defaultdict(set)
        with self._ledger.one_commit() as (ledger, _):
            # Marks first: they lock the mailing, and whoever cancels it locks it before its rows.
            for lease, ids in _by_lease(parcel for parcels, _ in group.marks for parcel in parcels):
                marked[lease] = ledger.mark_sending(lease.token, lease.mailing_id, ids)
                if refused := ids - marked[lease]:
                    ledger.release(lease.token, lease.mailing_id, refused)
            for lease, outcomes in _outcomes(group.settled):
                done[lease] |= ledger.settle(lease.token, lease.mailing_id, outcomes)
            for lease, outcomes in _outcomes(group.unsent):
                done[lease] |= ledger.fail_unsent(lease.token, lease.mailing_id, outcomes)
            for lease, ids in _by_lease([*group.given_back, *group.withdrawn]):
                ledger.release(lease.token, lease.mailing_id, ids)
            for lease, ids in _by_lease(group.withdrawn):
                back = [Outcome(subscriber_id=one, state=RowState.QUEUED, counted=False) for one in ids]
                ledger.settle(lease.token, lease.mailing_id, back)
        return marked, done

    def _tell(self, group: Group, written: tuple[dict[Lease, set[int]], dict[Lease, set[int]]]) -> None:
        marked, done = written
        for parcels, answer in group.marks:
            mine = [parcel for parcel in parcels if parcel.subscriber_id in marked[parcel.lease]]
            for parcel in parcels:
                if parcel.subscriber_id not in marked[parcel.lease]:
                    parcel.lease.done({parcel.subscriber_id})
            self.allowance.give_back(len(parcels) - len(mine))
            answer.set_result(mine)
        for parcel in [*group.given_back, *group.withdrawn]:
            parcel.lease.done({parcel.subscriber_id})
        both = group.settled + group.unsent
        for one in both:
            one.parcel.lease.done({one.parcel.subscriber_id})
        self.allowance.give_back(len(group.settled))
        known = [one for one in both if one.outcome.subscriber_id in done[one.parcel.lease]]
        if len(known) < len(both):
            logger.info("answers came after the lease: rows=%d", len(both) - len(known))
        if known:
            self._told_settled(known)


def _outcomes(settlements: Iterable[Settlement]) -> Iterable[tuple[Lease, list[Outcome]]]:
    outcomes: dict[Lease, list[Outcome]] = defaultdict(list)
    for one in settlements:
        outcomes[one.parcel.lease].append(one.outcome)
    return outcomes.items()


def _by_lease(parcels: Iterable[Parcel]) -> Iterable[tuple[Lease, set[int]]]:
    ids: dict[Lease, set[int]] = defaultdict(set)
    for parcel in parcels:
        ids[parcel.lease].add(parcel.subscriber_id)
    return ids.items()
