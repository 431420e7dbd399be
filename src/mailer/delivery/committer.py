"""One thread that writes the ledger for all connections of a worker: the group commit.

Connections ask for rows to be marked and hand in what became of messages. While one transaction is being committed the
next group gathers, so a slow disk makes larger groups instead of slower mail. Nobody holds a transaction open while a
message is built or on the wire.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from mailer.delivery.work import Lease, Parcel, Settlement
from mailer.errors import StorageError
from mailer.runtime import MACHINE, Runtime
from mailer.storage.ledger import Ledger, Outcome

logger = logging.getLogger(__name__)
#: After a failed commit nothing new is marked, but what has become of messages is worth a few more tries.
TRIES, BETWEEN_TRIES = 5, 1.0
#: Seconds for which a group gathers before it is written, so that a fast disk makes fewer, larger commits too.
GATHER = 0.003


@dataclass(slots=True)
class Group:
    """What one transaction writes."""

    marks: list[tuple[Sequence[Parcel], "Future[list[Parcel]]"]] = field(default_factory=list)
    settled: list[Settlement] = field(default_factory=list)
    unsent: list[Settlement] = field(default_factory=list)
    given_back: list[Parcel] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.marks or self.settled or self.unsent or self.given_back)


class Allowance:
    """How many rows may be marked and not settled at one moment: what a `kill -9` may leave in doubt."""

    def __init__(self, most: int, runtime: Runtime = MACHINE) -> None:
        self._left = most
        self._changed = runtime.condition()

    def take(self, wanted: int, *, seconds: float = 0.0) -> int:
        """Up to `wanted` of what is left; waits for the first one."""
        with self._changed:
            self._changed.wait_for(lambda: self._left > 0, seconds)
            granted = min(wanted, self._left)
            self._left -= granted
            return granted

    def give_back(self, number: int) -> None:
        with self._changed:
            self._left += number
            self._changed.notify_all()


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
        self._closing = self._broken = False
        self._thread = runtime.thread(self._run, "committer")

    def start(self) -> None:
        self._thread.start()

    def mark(self, parcels: Sequence[Parcel]) -> "Future[list[Parcel]]":
        """Those of `parcels` that may now go on the wire; they must hold an allowance. The others are given back."""
        answer: Future[list[Parcel]] = self._runtime.future()
        with self._changed:
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

    def close(self) -> None:
        """Write what is left, then end. Nobody may ask for more."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

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
                self._broken = True
                self._refuse_marks(group)
                self._told_failed(error)

    def _commit(self, group: Group) -> None:
        for attempt in range(1, TRIES + 1):
            if self._broken:
                self._refuse_marks(group)
            try:
                written = self._write(group)
            except StorageError as error:
                logger.info("commit failed: attempt=%d error=%s", attempt, error.code)
                if not self._broken:
                    self._broken = True
                    self._told_failed(error)
                if attempt < TRIES:
                    self._runtime.event().wait(BETWEEN_TRIES)
            else:
                self._tell(group, written)
                return
        self._refuse_marks(group)
        logger.error("receipts not written: rows=%d; their leases will run out", len(group.settled))

    def _refuse_marks(self, group: Group) -> None:
        for parcels, answer in group.marks:
            self.allowance.give_back(len(parcels))
            answer.set_result([])
        group.marks.clear()

    def _write(self, group: Group) -> tuple[dict[Lease, set[int]], dict[Lease, set[int]]]:
        """Per lease, the rows that were marked and those that were settled."""
        marked: dict[Lease, set[int]] = {}
        done: dict[Lease, set[int]] = defaultdict(set)
        with self._ledger.one_commit() as (ledger, _):
            for lease, outcomes in _outcomes(group.settled):
                done[lease] |= ledger.settle(lease.token, lease.mailing_id, outcomes)
            for lease, outcomes in _outcomes(group.unsent):
                done[lease] |= ledger.fail_unsent(lease.token, lease.mailing_id, outcomes)
            for lease, ids in _by_lease(parcel for parcels, _ in group.marks for parcel in parcels):
                marked[lease] = ledger.mark_sending(lease.token, lease.mailing_id, ids)
                if refused := ids - marked[lease]:
                    ledger.release(lease.token, lease.mailing_id, refused)
            for lease, ids in _by_lease(group.given_back):
                ledger.release(lease.token, lease.mailing_id, ids)
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
        for parcel in group.given_back:
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
