"""Takes due rows out of the ledger for one worker, and sees that their leases hold until they are settled."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from mailer.delivery.pace import Pace
from mailer.delivery.shelf import Shelf
from mailer.delivery.work import Lease, Parcel, Work
from mailer.domain.mailing import Mailing, MailingState, RowState
from mailer.edition import format as edition_format
from mailer.edition.program import Program
from mailer.errors import EditionError
from mailer.storage import mailings, subscribers
from mailer.storage.database import Database
from mailer.storage.ledger import Batch, Ledger, Outcome

logger = logging.getLogger(__name__)
#: Rows of one claim; a slow relay gets fewer, so that other workers find some too.
LARGEST_CLAIM, SMALLEST_CLAIM = 500, 10
#: A claim is worth this part of a lease at the relay's rate.
CLAIMED_AHEAD = 0.25
ERASED = "the person was erased before the message's turn came"


class Intake:
    """Used by one thread: the worker's own."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        shelf: Shelf,
        *,
        clock: Callable[[], datetime],
        key: bytes,
        only: int | None,
        pace: Pace,
    ) -> None:
        """only: a mailing's id, None for all."""
        self._database, self._ledger, self._shelf = database, ledger, shelf
        self._clock, self._key, self._only = clock, key, only
        self._lease_seconds = pace.lease_seconds
        wanted = int(pace.rate * pace.lease_seconds * CLAIMED_AHEAD) if pace.rate else LARGEST_CLAIM
        self._size = max(SMALLEST_CLAIM, min(LARGEST_CLAIM, wanted))
        self.low = self._size // 2  #: so few parcels on the shelf, and it is time to claim again
        self._works: dict[int, Work] = {}
        self._leases: list[Lease] = []
        self._turn = 0

    def look(self) -> list[Work]:
        """The mailings that are sending now. What we hold of any other is given back."""
        with self._database.writing() as connection:
            due = mailings.due_work(connection, self._clock())
        sending = {one.id: one for one in due if self._only in (None, one.id)}
        for work in [work for work in self._works.values() if work.halted or work.mailing.id not in sending]:
            work.halted = True
            del self._works[work.mailing.id]
        self.give_back(self._shelf.remove(lambda parcel: parcel.work.halted))
        for mailing in sending.values():
            if mailing.id not in self._works:
                self._load(mailing)
        return list(self._works.values())

    def _load(self, mailing: Mailing) -> None:
        try:
            with self._database.reading() as connection:
                edition = edition_format.load(mailings.edition_of(connection, mailing.id))
            self._works[mailing.id] = Work(
                mailing=mailing, program=Program(edition, key=self._key, mailing_id=mailing.id)
            )
        except EditionError as error:
            logger.info("mailing held: mailing=%d error=%s", mailing.id, error.code)
            with self._database.writing() as connection:
                mailings.move(connection, mailing.id, MailingState.HELD, reason=str(error), at=self._clock())

    def fill(self) -> Iterator[tuple[Work, Batch]]:
        """Claim, in turns over the mailings, unless the shelf still holds enough. Yields what each claim took."""
        works = list(self._works.values())
        if not works or len(self._shelf) > self.low:
            return
        self._turn = (self._turn + 1) % len(works)
        share = max(SMALLEST_CLAIM, self._size // len(works))
        for work in works[self._turn :] + works[: self._turn]:
            asked_at = time.monotonic()
            batch = self._ledger.claim(work.mailing.id, share, lease_seconds=self._lease_seconds)
            if batch is not None:
                if batch.rows:
                    self._put_on_shelf(work, batch, asked_at)
                yield work, batch

    def _put_on_shelf(self, work: Work, batch: Batch, asked_at: float) -> None:
        ids = [row.subscriber_id for row in batch.rows]
        lease = Lease(batch.token, batch.mailing_id, set(ids), taken_at=asked_at, seconds=self._lease_seconds)
        self._leases.append(lease)
        with self._database.reading() as connection:
            people = {one.subscriber_id: one for one in subscribers.recipients(connection, ids, work.program.needs)}
        erased = [Outcome(subscriber_id=one, state=RowState.FAILED, text=ERASED) for one in ids if one not in people]
        if erased:
            self._ledger.fail_unsent(batch.token, batch.mailing_id, erased)
            lease.done({one.subscriber_id for one in erased})
        self._shelf.put(
            [
                Parcel(work=work, lease=lease, claimed=row, recipient=people[row.subscriber_id])
                for row in batch.rows
                if row.subscriber_id in people
            ]
        )

    @property
    def in_hand(self) -> int:
        """Rows that are leased to us or on their way."""
        return sum(lease.open for lease in self._leases)

    def hold(self) -> None:
        """Prolong the leases that are half over; forget those that are settled."""
        self._leases = [lease for lease in self._leases if lease.open]
        for lease in self._leases:
            now = time.monotonic()
            if now >= lease.half_life:
                if self._ledger.extend(lease.token, lease_seconds=self._lease_seconds):
                    lease.renewed(now, self._lease_seconds)
                else:
                    lease.lost()

    def give_back(self, parcels: Iterable[Parcel]) -> None:
        """Queue parcels again that were taken off the shelf and are not marked."""
        ids: dict[Lease, set[int]] = defaultdict(set)
        for parcel in parcels:
            ids[parcel.lease].add(parcel.subscriber_id)
        for lease, some in ids.items():
            self._ledger.release(lease.token, lease.mailing_id, some)
            lease.done(some)

    def release(self) -> None:
        """Give back everything that is not on the wire."""
        self._shelf.clear()
        for lease in self._leases:
            if lease.open:
                self._ledger.release(lease.token)
        self._leases.clear()
