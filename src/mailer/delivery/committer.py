"""One thread, or job of one, that writes the ledger for all connections of a worker: the group commit.

Connections ask for rows to be marked and hand in what became of messages. While one transaction is being committed the
next group gathers, so a slow disk makes larger groups instead of slower mail. A commit costs as much as thirty rows do, so
a group goes on gathering until every connection at work has asked, or for some milliseconds. Nobody holds a transaction
open while a message is built or on the wire.

When the database is away (restarted, cut off, held by another program) nothing is marked: what was asked for is
refused at once, so that connections go on reading replies, and no more is granted. What has become of messages is kept and
written when it is back, however long that takes; if their leases ran out and somebody reaped them meanwhile, his verdict stands.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mailer.delivery.allowance import Allowance
from mailer.delivery.group import Group, Written, write
from mailer.delivery.work import Parcel, Settlement
from mailer.errors import StorageError
from mailer.runtime import Runtime
from mailer.storage.kept import Kept
from mailer.storage.ledger import Ledger
from mailer.storage.outage import Outage
from mailer.turns import Thread
from mailer.waiting import Promise

logger = logging.getLogger(__name__)
#: Where waiting does not help (the disk is full), what has become of messages is still worth a few more tries.
TRIES, BETWEEN_TRIES = 5, 1.0
#: How long a worker that ends waits for a database that is away.
GRACE, STEP = 30.0, 0.2
#: Seconds for which a group gathers at the most before it is written, so that a fast disk makes fewer, larger commits too.
GATHER = 0.005


class Committer:
    """Takes requests from any thread or job; one of its own writes them."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        max_in_doubt: int,
        runtime: Runtime,
        make_thread: Callable[[Callable[[], None], str], Thread],
        settled: Callable[[Sequence[Settlement]], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """settled: told after each commit what is now in the ledger. failed: told once that the database cannot be written."""
        self.allowance = Allowance(max(1, max_in_doubt), runtime)
        self._ledger, self._runtime = ledger, runtime
        self._told_settled, self._told_failed = settled, failed
        self._group = Group()
        self._changed = runtime.condition()
        self._idle = False  # our thread waits for the first of a group
        self._askers = 0
        self._closing = self._refusing = self._broken = False
        self._abandoned = runtime.event()
        self._outage = Outage(runtime)
        self._kept = Kept()
        self._thread = make_thread(self._run, "committer")

    def start(self) -> None:
        self._thread.start()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around the work of one connection: until it ends, groups wait for it to ask, though never for long."""
        with self._changed:
            self._askers += 1
        try:
            yield
        finally:
            with self._changed:
                self._askers -= 1

    def mark(self, parcels: Sequence[Parcel]) -> "Promise[list[Parcel]]":
        """Those of `parcels` that may now go on the wire; they must hold an allowance. The others are given back."""
        answer: Promise[list[Parcel]] = self._runtime.promise()
        with self._changed:
            if self._refusing:
                self._refuse(self._group, parcels, answer)
            else:
                self._group.marks.append((parcels, answer))
            self._handed_in(last=self._everybody_asked)
        return answer

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """What became of marked parcels.

        Their allowance comes back at once: whatever is marked with it is committed with this or later, never before.
        """
        with self._changed:
            self._group.settled.extend(settlements)
            self._handed_in()
        self.allowance.give_back(len(settlements))

    def fail_unsent(self, settlement: Settlement) -> None:
        """A parcel that was not marked and whose message cannot be built."""
        with self._changed:
            self._group.unsent.append(settlement)
            self._handed_in()

    def give_back(self, parcels: Sequence[Parcel]) -> None:
        """Parcels that were not marked and shall be queued again."""
        with self._changed:
            self._group.given_back.extend(parcels)
            self._handed_in()

    @property
    def _everybody_asked(self) -> bool:
        return len(self._group.marks) >= max(1, self._askers)

    def _handed_in(self, *, last: bool = False) -> None:
        # Twice per group: to be woken for every message would cost more than to write it. Whoever handed in nothing wakes
        # nobody: our thread would find no group, go on waiting, and not count as idle for the one who hands in something.
        if last or (self._idle and self._group):
            self._idle = False
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
            group = self._gathered()
            if not group:
                self._kept.close()
                return
            try:
                self._commit(group)
            except Exception as error:  # noqa: BLE001 (connections wait for answers from here: they must get one)
                self._refuse_marks(group)
                self._break(error)

    def _gathered(self) -> Group:
        """The next group; an empty one at the end."""
        with self._changed:
            self._idle = not self._group
            self._changed.wait_for(lambda: self._group or self._closing)
            self._idle = False
            self._changed.wait_for(lambda: self._everybody_asked or self._closing, GATHER)
            group, self._group = self._group, Group()
            return group

    def _commit(self, group: Group) -> None:
        attempt = 0
        while True:
            if self._refusing:
                self._refuse_marks(group)
            try:
                written = write(self._ledger, group, self._kept)
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

    def _refuse(self, group: Group, parcels: Sequence[Parcel], answer: "Promise[list[Parcel]]") -> None:
        self.allowance.give_back(len(parcels))
        group.withdrawn.extend(parcels)
        answer.set_result([])

    def _tell(self, group: Group, written: Written) -> None:
        for parcels, answer in group.marks:
            mine = [parcel for parcel in parcels if parcel.subscriber_id in written.marked[parcel.lease]]
            self.allowance.give_back(len(parcels) - len(mine))
            answer.set_result(mine)
        both = group.settled + group.unsent
        for lease, ids in written.unsent.items():
            lease.unsent(ids)
        for lease, ids in written.gone.items():
            lease.done(ids)
        known = [one for one in both if one.outcome.subscriber_id in written.settled[one.parcel.lease]]
        if len(known) < len(both):
            logger.info("answers came after the lease: rows=%d", len(both) - len(known))
        if known:
            self._told_settled(known)
