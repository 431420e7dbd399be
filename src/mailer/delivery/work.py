"""What a worker has in its hands: a mailing at work, a lease, and one message on its way through both."""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from mailer.delivery.breaker import Breaker
from mailer.domain.mailing import Mailing
from mailer.domain.message import OutgoingMessage
from mailer.domain.provider import Provider
from mailer.domain.subscriber import Recipient
from mailer.edition.program import Program
from mailer.storage.ledger import Claimed, Outcome
from mailer.storage.quotas import Day

#: The part of a lease that must be left when a message goes on the wire.
MARGIN = 0.1


@dataclass(eq=False, slots=True, kw_only=True)
class Work:
    """One mailing, its program loaded. `halted`: it stopped sending; nothing more of it may go on the wire."""

    mailing: Mailing
    program: Program
    breaker: Breaker = field(default_factory=Breaker)
    halted: bool = False

    @property
    def deadline(self) -> datetime:
        """Nothing is retried after this."""
        return min(self.mailing.send_by or self.mailing.give_up_at, self.mailing.give_up_at)


class Lease:
    """The rows of one claim that are still in our hands. Times are monotonic seconds of this process.

    The ledger's fence decides; this local look keeps a worker that was frozen from putting on the wire what others may
    have taken over by now.
    """

    def __init__(
        self,
        token: int,
        mailing_id: int,
        ids: set[int],
        *,
        taken_at: float,
        seconds: float,
        provider: Provider = Provider.OTHER,
        day: Day | None = None,
    ) -> None:
        """taken_at: the time *before* the claim was asked for, so our idea of the end is never later than the ledger's.

        provider: whose mailboxes they are. day: of the relay's quota, on which they were counted.
        """
        self.token, self.mailing_id, self.provider, self.day = token, mailing_id, provider, day
        self._open = set(ids)
        self._unsent = 0
        self._lock = threading.Lock()
        self.renewed(taken_at, seconds)

    def renewed(self, asked_at: float, seconds: float) -> None:
        self.ends, self.half_life = asked_at + seconds, asked_at + seconds / 2
        self._last_call = self.ends - seconds * MARGIN

    def lost(self) -> None:
        """The ledger says that nothing of it is ours any more."""
        self._last_call = 0.0

    def good(self, now: float) -> bool:
        """Whether a message may still go on the wire under it."""
        return now < self._last_call

    def done(self, ids: set[int]) -> None:
        """Rows that left our hands: settled, given back or lost."""
        with self._lock:
            self._open -= ids

    def unsent(self, ids: set[int]) -> None:
        """Rows that left our hands and are queued again without having left this machine: the quota gets them back."""
        with self._lock:
            self._unsent += len(self._open & ids)
            self._open -= ids

    def take_unsent(self) -> int:
        """How many those were since this was last asked."""
        with self._lock:
            number, self._unsent = self._unsent, 0
            return number

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do about it."""
        with self._lock:
            return not (self._open or self._unsent)

    @property
    def open(self) -> int:
        return len(self._open)


@dataclass(eq=False, slots=True, kw_only=True)
class Parcel:
    """One claimed recipient, and their message once it is built."""

    work: Work
    lease: Lease
    claimed: Claimed
    recipient: Recipient
    message: OutgoingMessage | None = None

    @property
    def subscriber_id(self) -> int:
        return self.claimed.subscriber_id


class Settlement(NamedTuple):
    """A parcel and what became of it."""

    parcel: Parcel
    outcome: Outcome
