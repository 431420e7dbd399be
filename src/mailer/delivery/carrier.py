"""One connection to the relay: takes parcels, builds their messages just in time, and puts on the wire what is marked.

A parcel's way: taken from the shelf → its message built (who cannot be written to fails here, far from the wire) →
marked, committed → on the wire → its receipt settled. While one group is on the wire the next is being marked.

The lease is asked when a backend takes a message, and again when the receipt before it has come: with pipelining a
message is taken, and its envelope travels, while the relay still thinks about the one before, for minutes if it likes.
What can pass between that look and the content are the answers to the envelope; `work.MARGIN` is for them.
"""

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from mailer.backend import Backend, Receipt, Uncertain
from mailer.delivery.breaker import Stall
from mailer.delivery.committer import Committer
from mailer.delivery.pace import Pace
from mailer.delivery.retry import next_try
from mailer.delivery.shelf import Shelf
from mailer.delivery.verdict import asks_for_less, verdict
from mailer.delivery.work import Parcel, Settlement, Work
from mailer.domain.mailing import RowState
from mailer.domain.message import OutgoingMessage
from mailer.domain.provider import Provider
from mailer.edition.dispatch import PLAIN, Dispatch
from mailer.errors import BackendError, BackendMisconfigured, BackendUnavailable, EditionError, NotForThem
from mailer.runtime import Runtime
from mailer.storage.ledger import Outcome
from mailer.turns import Thread, apart
from mailer.waiting import Event, Promise

logger = logging.getLogger(__name__)
#: A group is what one connection carries in about this time: slow relays get small groups, so a crash leaves less in doubt.
GROUP_SECONDS = 0.5
IDLE_STEP = 0.5
LONGEST_REST = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the connections to one relay share. The last five are the worker's ears; some of them write to the database."""

    relay: str  #: its name
    shelf: Shelf
    committer: Committer
    make_backend: Callable[[], Backend]
    clock: Callable[[], datetime]
    runtime: Runtime
    make_thread: Callable[[Callable[[], None], str], Thread]  #: for one connection: a thread, or a job of one
    stopping: Event
    pace: Pace
    idle_timeout: float = 15.0  #: seconds after which an unused connection is closed
    halt: Callable[[Work, str], None]  #: pause the mailing and say why
    welcomed: Callable[[], None]  #: the relay deals with our messages (again)
    refused: Callable[[str, list[Work]], None]  #: the relay refuses us, while it had these in hand
    trouble: Callable[[str, float], None]
    slow_down: Callable[[Provider], None]  #: the relay asks for less mail to that group
    crashed: Callable[[Exception], None]


class Carrier:
    """One connection and its thread, or its part of one."""

    def __init__(self, bench: Bench, name: str, *, share: int, dispatch: Dispatch = PLAIN) -> None:
        """share: messages that it may have marked at a time. dispatch: how its relay wants them."""
        self._thread = bench.make_thread(self._run, name)
        self._share = max(1, share)
        self._dispatch = dispatch
        self.failures = 0  #: how often in a row the relay could not be used
        self.resting_until = 0.0
        self._bench = bench
        self._backend: Backend | None = None
        self._opened = False
        self._welcome = False  #: the relay has answered a message of ours since it last could not be used
        self._used_at = 0.0
        self._seconds_each = GROUP_SECONDS
        self._stall = Stall()
        self._on_wire: deque[Parcel] = deque()
        self._marked: deque[Parcel] = deque()
        self._ahead: Promise[list[Parcel]] | None = None
        self._now = bench.runtime.monotonic

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            while not self._bench.stopping.is_set():
                self._round()
        except Exception as error:  # noqa: BLE001 (whatever it is, the worker must stop and say so)
            self._bench.crashed(error)
        finally:
            self._shut()

    def abort(self) -> None:
        """Called by another thread: do not wait for a slow relay any longer."""
        if (backend := self._backend) is not None:  # which its own thread may be letting go of
            backend.abort()

    def _round(self) -> None:
        if self._opened and self._now() - self._used_at > self._bench.idle_timeout:
            self._shut()  # relays, and firewalls on the way, drop what lies idle; a relay counts it as long as it does not
        rest = self.resting_until - self._now()
        if rest > 0:
            self._bench.stopping.wait(min(rest, IDLE_STEP))
        elif self._bench.shelf.wait(IDLE_STEP) and (parcels := self._take(patient=True)):
            with self._bench.committer.asking():
                self._carry(parcels)

    @property
    def _group(self) -> int:
        return max(1, min(self._share, int(GROUP_SECONDS / max(self._seconds_each, 1e-6))))

    def _take(self, *, patient: bool) -> list[Parcel]:
        """Parcels that may be marked and go out now: the allowance of doubt leaves room for each."""
        bench = self._bench
        most = min(self._group, max(1, self._share - len(self._on_wire) - len(self._marked)))
        allowed = bench.committer.allowance.take(most, seconds=IDLE_STEP if patient else 0)
        taken = bench.shelf.take(allowed)
        parcels = [parcel for parcel in taken if not parcel.work.halted]
        if len(parcels) < len(taken):
            bench.committer.give_back([parcel for parcel in taken if parcel.work.halted])
        bench.committer.allowance.give_back(allowed - len(parcels))
        return parcels

    def _carry(self, parcels: list[Parcel]) -> None:
        """Put a group on the wire, and the groups behind it as long as there are any."""
        if not self._open(parcels):
            return
        assert self._backend is not None
        self._ahead = self._prepare(parcels)
        try:
            # Closed before anything is put back: a fault of ours while answering is none of the backend's.
            with closing(self._receipts(self._backend)) as receipts:
                for receipt in receipts:
                    parcel = self._on_wire.popleft()
                    self._answered(parcel, receipt)
                    if reason := self._stall.record(receipt, again=parcel.claimed.attempts > 0):
                        raise BackendUnavailable(reason)  # noqa: TRY301 (the same rest as for a relay that is down)
                    if self.failures or not self._welcome:
                        self.failures, self._welcome = 0, True
                        self._bench.welcomed()
                    if self._on_wire and not self._on_wire[0].lease.good(self._now()):
                        break
        except BackendUnavailable as error:
            self._rest(error)
        except BackendMisconfigured as error:
            self._refused_us(error, list(self._on_wire or self._marked))
        finally:
            self._used_at = self._now()
            self._put_back()

    def _receipts(self, backend: Backend) -> Generator[Receipt, None, None]:
        """The backend's receipts. When it breaks, nobody knows what it did with what it had taken."""
        at = self._now()
        receipts = backend.send_many(self._messages())
        try:
            for receipt in receipts:
                now = self._now()
                self._seconds_each, at = self._seconds_each + (now - at - self._seconds_each) / 4, now
                yield receipt
        except BackendError:
            raise
        except Exception as error:
            self._unanswered(f"the backend broke: {type(error).__name__}")
            raise
        else:
            self._unanswered("the backend gave no receipt")
        finally:
            if isinstance(receipts, Generator):
                receipts.close()

    def _open(self, parcels: list[Parcel]) -> bool:
        """Connect before anything is marked: a relay that is down puts nobody in doubt."""
        if self._opened:
            return True
        try:
            if self._backend is None:
                self._backend = apart(self._bench.make_backend)
            self._backend.open()
            self._opened = True
        except BackendError as error:
            self._bench.committer.allowance.give_back(len(parcels))
            self._bench.shelf.put_back(parcels)
            if isinstance(error, BackendMisconfigured):
                self._refused_us(error, parcels)
            else:
                self._rest(error)
        return self._opened

    def _prepare(self, parcels: list[Parcel]) -> "Promise[list[Parcel]]":
        """Build the messages, then have them marked. Built first, so that no row is `sending` without a message."""
        at = self._bench.clock()
        built = [parcel for parcel in parcels if self._build(parcel, at)]
        self._bench.committer.allowance.give_back(len(parcels) - len(built))
        return self._bench.committer.mark(built)

    def _build(self, parcel: Parcel, at: datetime) -> bool:
        state = RowState.FAILED
        try:
            parcel.message = parcel.work.program.message(parcel.recipient, at=at, dispatch=self._dispatch)
        except NotForThem as error:
            reason, state = error.message, RowState.SUPPRESSED
        except EditionError as error:
            reason = error.message
        except Exception as error:  # noqa: BLE001 (one person's data must not stop everybody's mail)
            # Only the kind: the text of the error may hold the person's data.
            reason = f"the message cannot be built: {type(error).__name__}"
            logger.warning("message not built: mailing=%d error=%s", parcel.work.mailing.id, type(error).__name__)
        else:
            return True
        unsent = Outcome(subscriber_id=parcel.subscriber_id, state=state, counted=False, text=reason)
        self._bench.committer.fail_unsent(Settlement(parcel, unsent))
        return False

    def _messages(self) -> Iterator[OutgoingMessage]:
        """What may go on the wire now. Ends when there is nothing, so that outstanding replies are read."""
        while self._ahead is not None:
            self._marked.extend(self._answer())
            # The later the next group is asked for, the larger it is, and the fewer the commits.
            few = self._group // 8
            while self._marked:
                if self._bench.stopping.is_set() or not self._marked[0].lease.good(self._now()):
                    return
                if self._marked[0].work.halted:
                    return
                parcel = self._marked.popleft()
                self._on_wire.append(parcel)
                assert parcel.message is not None
                yield parcel.message
                if self._ahead is None and len(self._marked) <= few:
                    self._look_ahead()

    def _answer(self) -> list[Parcel]:
        """Those of the group ahead that may go on the wire."""
        ahead, self._ahead = self._ahead, None
        return ahead.result() if ahead else []

    def _look_ahead(self) -> None:
        """Ask for the next group while the last of this one leave."""
        if following := self._take(patient=False):
            self._ahead = self._prepare(following)

    def _answered(self, parcel: Parcel, receipt: Receipt) -> None:
        work, bench = parcel.work, self._bench
        outcome = verdict(
            receipt,
            subscriber_id=parcel.claimed.subscriber_id,
            relay=bench.relay,
            in_doubt=work.mailing.in_doubt,
            next_try=lambda: self._next_try(parcel, receipt),
        )
        parcel.message = None
        bench.committer.settle([Settlement(parcel, outcome)])
        if asks_for_less(receipt):
            apart(partial(bench.slow_down, parcel.lease.provider))
        # An answer that we broke off ourselves, to stop, says nothing about the relay.
        told = bench.pace.breaker and not work.halted and not bench.stopping.is_set()
        if told and (reason := work.breaker.record(receipt)):
            apart(partial(bench.halt, work, reason))

    def _next_try(self, parcel: Parcel, receipt: Receipt) -> datetime | None:
        return next_try(
            receipt,
            attempts=parcel.claimed.attempts,
            first_seconds=self._bench.pace.retry_first_seconds,
            deadline=parcel.work.deadline,
            now=self._bench.clock(),
            chance=self._bench.runtime.chance(),
        )

    def _unanswered(self, reason: str) -> None:
        """Messages that were handed over and got no receipt although the backend did not say that they may be tried again."""
        while self._on_wire:
            self._answered(self._on_wire.popleft(), Uncertain(text=reason))

    def _put_back(self) -> None:
        """What was marked and never left is queued again; it was no attempt."""
        left = [*self._on_wire, *self._marked, *self._answer()]
        self._on_wire.clear()
        self._marked.clear()
        outcomes = (
            Outcome(subscriber_id=parcel.subscriber_id, state=RowState.QUEUED, counted=False) for parcel in left
        )
        self._bench.committer.settle([*map(Settlement, left, outcomes)])

    def _rest(self, error: BackendError) -> None:
        """The connection is at fault: wait, longer each time, and count it against nobody."""
        self._shut()
        self.failures += 1
        rest = min(2.0 ** (self.failures - 1), LONGEST_REST) * (0.75 + self._bench.runtime.chance() / 2)
        self.resting_until = self._now() + rest
        if not self._bench.stopping.is_set():
            self._bench.trouble(error.message, rest)

    def _refused_us(self, error: BackendMisconfigured, parcels: list[Parcel]) -> None:
        """The relay refuses us, whoever the recipient is: a person must act before it is of use again."""
        self._welcome = False
        works = list(dict.fromkeys(parcel.work for parcel in parcels))
        apart(partial(self._bench.refused, error.message, works))
        self._rest(error)
        self._backend = None  # the next one reads the login anew: a person may have mended it

    def _shut(self) -> None:
        self._opened = False
        if self._backend is not None:
            self._backend.close()
