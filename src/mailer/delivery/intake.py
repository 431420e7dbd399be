"""Takes due rows out of the ledger for one worker, and sees that their leases hold until they are settled."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from mailer.delivery.lanes import Lanes
from mailer.delivery.outlet import SMALLEST_CLAIM, Outlet
from mailer.delivery.pace import Pace
from mailer.delivery.rota import Rota
from mailer.delivery.work import Lease, Parcel, Work
from mailer.domain.mailing import Mailing, MailingState, RowState
from mailer.domain.provider import Provider
from mailer.edition import format as edition_format
from mailer.edition.program import Program
from mailer.errors import EditionError, StorageError
from mailer.runtime import Runtime
from mailer.storage import buckets, mailings, quotas, subscribers
from mailer.storage.database import Database
from mailer.storage.ledger import Batch, Ledger, Outcome
from mailer.storage.quotas import Day

logger = logging.getLogger(__name__)
ERASED = "the person was erased before the message's turn came"


class Intake:
    """Used by one thread: the worker's own."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        outlets: Sequence[Outlet],
        *,
        clock: Callable[[], datetime],
        runtime: Runtime,
        key: bytes,
        only: int | None,
        pace: Pace,
    ) -> None:
        """only: a mailing's id, None for all."""
        self._database, self._ledger, self._outlets = database, ledger, outlets
        self._clock, self._runtime, self._key, self._only = clock, runtime, key, only
        self._rota = Rota(outlets)
        self._lease_seconds, self._redirect_to = pace.lease_seconds, pace.redirect_to
        self._works: dict[int, Work] = {}
        self._leases: list[Lease] = []
        self._returning: dict[Lease, set[int]] = defaultdict(set)  #: rows off the shelf that are to be queued again
        self._turn = 0
        self._lanes = Lanes(runtime)
        self._relays: dict[str, int] = {}

    def look(self) -> list[Work]:
        """The mailings that are sending now. What we hold of any other is given back."""
        if not self._relays:
            self._relays = quotas.relay_ids(self._database, [outlet.route.name for outlet in self._outlets])
        with self._database.writing() as connection:
            due = mailings.due_work(connection, self._clock())
            slowed = buckets.slowed_groups(connection)
        sending = {one.id: one for one in due if self._only in (None, one.id)}
        for work in [work for work in self._works.values() if work.halted or work.mailing.id not in sending]:
            work.halted = True
            del self._works[work.mailing.id]
        for outlet in self._outlets:
            self.give_back(outlet.shelf.remove(lambda parcel: parcel.work.halted))
        for mailing in sending.values():
            if mailing.id not in self._works:
                self._load(mailing)
            else:
                self._works[mailing.id].mailing = mailing  # its deadline may have moved
        self._lanes.look_again(slowed, self._ledger.due_lanes(self._works))
        return list(self._works.values())

    def _load(self, mailing: Mailing) -> None:
        try:
            with self._database.reading() as connection:
                edition = edition_format.load(mailings.edition_of(connection, mailing.id))
            for outlet in self._outlets:
                outlet.route.dispatch.refuse_unsigned(edition.meta)
            refuse_other_audience(mailing, redirect_to=self._redirect_to)
            program = Program(edition, key=self._key, mailing_id=mailing.id, test=bool(mailing.redirect_to))
            self._works[mailing.id] = Work(mailing=mailing, program=program)
        except EditionError as error:
            logger.info("mailing held: mailing=%d error=%s", mailing.id, error.code)
            with self._database.writing() as connection:
                mailings.move(connection, mailing.id, MailingState.HELD, reason=str(error), at=self._clock())

    def usable(self) -> list[Outlet]:
        """The outlets that may get work now."""
        return self._rota.usable()

    def fill(self) -> Iterator[tuple[Work, Batch]]:
        """Claim for every outlet whose shelf runs low, in turns over the mailings. Yields what each claim took."""
        self._lanes.begin()
        for outlet, most in self._rota.turns():
            for work, batch in self._fill(outlet, most):
                self._rota.took(len(batch.rows))
                yield work, batch
            self._rota.took(0, rate_holds=self._lanes.rate_holds(self._relays[outlet.route.name]))

    def _fill(self, outlet: Outlet, most: int) -> Iterator[tuple[Work, Batch]]:
        works = list(self._works.values())
        if not works:
            return
        self._turn = (self._turn + 1) % len(works)
        share = max(min(SMALLEST_CLAIM, most), most // len(works))
        for work in works[self._turn :] + works[: self._turn]:
            yield from self._claim(outlet, work, share)

    def _claim(self, outlet: Outlet, work: Work, share: int) -> Iterator[tuple[Work, Batch]]:
        """Up to `share` rows of one mailing, lane by lane.

        Whether a relay that puts off one message after another takes them the second time is found out first: greylisting does.
        """
        took = False
        for again in (True, False) if outlet.wary else (False,):
            for claimed in self._claim_lanes(outlet, work, share, again=again):
                took = took or bool(claimed[1].rows)
                yield claimed
            if took:
                return

    def _claim_lanes(self, outlet: Outlet, work: Work, share: int, *, again: bool) -> Iterator[tuple[Work, Batch]]:
        limits, mailing_id = outlet.route.limits, work.mailing.id
        others, relay = self._others_could_take(outlet), self._relays[outlet.route.name]
        for lane in self._lanes.open(relay, limits, mailing_id, pass_over=others, again=again):
            self._prolong()  # where each claim waits for a slow disk, many take longer than a lease
            asked_at = self._runtime.monotonic()
            batch = self._ledger.claim(mailing_id, share, lease_seconds=self._lease_seconds, lane=lane)
            self._lanes.note(lane, mailing_id, batch, asked_at=asked_at)
            if batch is None or batch.took_nothing:
                continue
            if batch.rows:
                self._put_on_shelf(outlet, work, batch, lane.provider, asked_at)
            yield work, batch
            share -= len(batch.rows)
            if share <= 0:
                return

    def _others_could_take(self, outlet: Outlet) -> bool:
        """Whether what this relay put off can go another way: then it leaves it alone."""
        others = (other for other in self._rota.usable() if other is not outlet and not other.standby)
        return any(self._put_off(other) is None for other in others)

    def _put_off(self, outlet: Outlet) -> datetime | None:
        return self._lanes.put_off(self._relays.get(outlet.route.name, 0), outlet.route.limits)

    @property
    def put_off(self) -> datetime | None:
        """When the mail goes on, if all relays that may be used wait for their quota or for the hours."""
        instants = [self._put_off(outlet) for outlet in self._rota.usable()]
        return min((one for one in instants if one), default=None) if all(instants) else None

    @property
    def wait(self) -> float:
        """Seconds until a limit lets the next row go that `fill` could not take."""
        return self._lanes.wait

    def _put_on_shelf(self, outlet: Outlet, work: Work, batch: Batch, provider: Provider, asked_at: float) -> None:
        ids = [row.subscriber_id for row in batch.rows]
        lease = Lease(
            batch.token,
            batch.mailing_id,
            set(ids),
            taken_at=asked_at,
            seconds=self._lease_seconds,
            provider=provider,
            day=batch.day,
        )
        self._leases.append(lease)
        try:
            with self._database.reading() as connection:
                people = {one.subscriber_id: one for one in subscribers.recipients(connection, ids, work.program.needs)}
            erased = [
                Outcome(subscriber_id=one, state=RowState.FAILED, text=ERASED) for one in ids if one not in people
            ]
            if erased:
                self._ledger.fail_unsent(batch.token, batch.mailing_id, erased)
                lease.done({one.subscriber_id for one in erased})
        except StorageError:
            self._returning[lease].update(ids)
            raise
        outlet.shelf.put(
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
        """Prolong the leases that are half over; forget those that are settled, and give back what could not be."""
        self._return()
        self._refund({})
        self._leases = [lease for lease in self._leases if not lease.over]
        self._prolong()

    def _prolong(self) -> None:
        for lease in self._leases:
            now = self._runtime.monotonic()
            if now >= lease.half_life:
                if self._ledger.extend(lease.token, lease_seconds=self._lease_seconds):
                    lease.renewed(now, self._lease_seconds)
                else:
                    lease.lost()

    def give_back(self, parcels: Iterable[Parcel]) -> None:
        """Queue parcels again that were taken off the shelf and are not marked."""
        for parcel in parcels:
            self._returning[parcel.lease].add(parcel.subscriber_id)
        self._return()

    def _return(self) -> None:
        """What cannot be written now is tried again by `hold`."""
        for lease, ids in list(self._returning.items()):
            if self._ledger.release(lease.token, lease.mailing_id, ids) == len(ids):
                lease.unsent(ids)
            lease.done(ids)
            del self._returning[lease]
            self._lanes.forget()

    def _refund(self, released: Mapping[Day, int]) -> None:
        """The quota of the day gets back what was claimed and did not leave. After a crash it does not: that is the safe side."""
        unsent = Counter(released)
        for lease in self._leases:
            number = lease.take_unsent()
            if lease.day is not None:
                unsent[lease.day] += number
        if +unsent:
            quotas.give_back(self._database, +unsent)
            self._lanes.forget()

    def release(self) -> None:
        """Give back everything that is not on the wire."""
        for outlet in self._outlets:
            outlet.shelf.clear()
        released: Counter[Day] = Counter()
        for lease in self._leases:
            if lease.open:
                number = self._ledger.release(lease.token)
                if lease.day is not None:
                    released[lease.day] += number
        self._refund(released)
        self._leases.clear()


def refuse_other_audience(mailing: Mailing, *, redirect_to: str) -> None:
    """Raises EditionError where a rehearsal would go to the people, or mail for the people to somebody else.

    That is settled when a mailing begins, for every worker on every machine, whatever their settings say later.
    """
    if mailing.redirect_to != redirect_to:
        meant, would = mailing.redirect_to or "the people on the list", redirect_to or "the people on the list"
        raise EditionError(
            f"This mailing is for {meant}, and a worker came upon it that would send it to {would}.",
            hint="Let sending.redirect_to be on that machine what it was when the mailing began, then resume.",
        )
