"""Messages to addresses that somebody named, now and outside any mailing: each through the first relay that can be used.

They stand in no ledger, so nothing that becomes of them counts against anybody: no address is marked as bad, no breaker
trips, no relay's mail is slowed down. But they leave through the relay, so they are paid for as all mail is, from its rates
and its quota of the day. What is said of mailings alone, their own rate and the hours of the day, does not hold them.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from mailer.backend import Backend, Receipt
from mailer.delivery.pace import Route
from mailer.domain.address import email_key, masked
from mailer.domain.limits import Hindrance, Lane, Limits, group_key
from mailer.domain.message import OutgoingMessage
from mailer.domain.provider import Provider, provider_of
from mailer.edition.dispatch import Dispatch
from mailer.errors import BackendError, BackendUnavailable
from mailer.storage import buckets, pacing, quotas
from mailer.storage.database import Database
from mailer.storage.quotas import Day

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of one message. receipt: of the relay called `relay`; None where none could be used.

    errors: (name, why) of the relays that could not be used: those found out by this very message, and where none is left, all.
    """

    relay: str = ""
    receipt: Receipt | None = None
    errors: tuple[tuple[str, BackendError], ...] = ()


@dataclass(slots=True, kw_only=True)
class _Way:
    """One relay. error: why it cannot be used; it is not asked again."""

    route: Route
    limits: Limits
    backend: Backend | None = None
    error: BackendError | None = None


class AtOnce:
    """Used by one thread, from enter to exit."""

    def __init__(
        self,
        database: Database,
        routes: Sequence[Route],
        *,
        clock: Callable[[], datetime],
        waits: Callable[[str, float], None] = lambda _relay, _seconds: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """routes: at least one; those on standby are asked after the others.

        waits: is told the name of a relay and for how many seconds its rates hold the next message.
        """
        self._database, self._clock, self._waits, self._sleep = database, clock, waits, sleep
        in_turn = sorted(routes, key=lambda route: route.weight == 0)
        self._ways = [
            _Way(route=route, limits=replace(route.limits, mailing_rate=0.0, window=None)) for route in in_turn
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for way in self._ways:
            if way.backend is not None:
                way.backend.close()

    def send(self, make: Callable[[Dispatch], OutgoingMessage]) -> Attempt:
        """Carry the message that `make` gives, as the relay wants it by which it leaves. Raises what `make` raises."""
        found_out: list[tuple[str, BackendError]] = []
        for way in self._ways:
            name = way.route.name
            if way.error is not None:
                continue
            try:
                return Attempt(relay=name, receipt=self._carry(way, make), errors=tuple(found_out))
            except BackendError as error:
                way.error = error
                found_out.append((name, error))
                log.info("message.turned_back relay=%s error=%s", name, error.code)
        return Attempt(errors=tuple((way.route.name, way.error) for way in self._ways if way.error is not None))

    def _carry(self, way: _Way, make: Callable[[Dispatch], OutgoingMessage]) -> Receipt:
        """Raises BackendError where the relay cannot be used; then the message has not left."""
        message = make(way.route.dispatch)
        if way.backend is None:
            backend = way.route.make_backend()
            backend.open()
            way.backend = backend
        day = self._pay(way, provider_of(email_key(message.recipient)))
        try:
            receipt = way.backend.send(message)
        except BackendError:
            if day is not None:
                quotas.give_back(self._database, {day: 1})
            raise
        fate = type(receipt).__name__.lower()
        log.info("message.%s relay=%s to=%s code=%d", fate, way.route.name, masked(message.recipient), receipt.code)
        return receipt

    def _pay(self, way: _Way, provider: Provider) -> Day | None:
        """Wait until the relay's rates let a message go, and pay for it; the day of the quota that it counts on, if any.

        Raises BackendUnavailable when that is used up.
        """
        relay = quotas.relay_ids(self._database, [way.route.name])[way.route.name]
        while True:
            with self._database.writing() as connection:
                slowed = group_key(relay, provider) in buckets.slowed_groups(connection)
                lane = Lane(relay=relay, provider=provider, limits=way.limits, slowed=slowed)
                if not lane.is_limited:
                    return None
                now = self._clock() if self._database.is_sqlite else None
                purse = pacing.open_purse(connection, lane, 0, now=now)
                if purse.room != 0:
                    pacing.spend(connection, purse, 1)
                    return purse.day
            assert purse.hold is not None
            if purse.hold.reason is Hindrance.QUOTA:
                raise BackendUnavailable(
                    "Its quota of the day is used up.", hint=f"There is more from {purse.hold.until:%-d %B %H:%M} UTC."
                )
            self._waits(way.route.name, purse.hold.seconds)
            self._sleep(purse.hold.seconds)
