"""One relay in the hands of one worker: the shelf where its parcels wait, and its connections.

Outlets know nothing of each other. The rota decides which of them gets work, the worker what a relay that refuses us means.
"""

import math
from collections.abc import Callable

from mailer.delivery.carrier import Bench, Carrier
from mailer.delivery.pace import Route
from mailer.delivery.shelf import Shelf
from mailer.runtime import Runtime

#: Rows of one claim.
LARGEST_CLAIM, SMALLEST_CLAIM = 500, 10
#: A relay with a rate gets no more than what it takes in so many seconds: what lies on the shelf while it is slow leaves all
#: at once when it is not.
CLAIMED_AHEAD = 0.5
#: Every connection failed this often in a row: the relay is down.
PATIENCE = 3
#: A relay that refuses us is left alone for so long, twice as long each time: to ask again and again makes it worse.
SET_ASIDE, LONGEST_ASIDE = 60.0, 900.0


class Outlet:
    """Starts with its worker and ends with it."""

    def __init__(
        self,
        route: Route,
        *,
        share_of_doubt: int,
        runtime: Runtime,
        ran_low: Callable[[], None],
        make_bench: Callable[["Outlet"], Bench],
    ) -> None:
        """share_of_doubt: messages that one of its connections may have marked at a time. ran_low: as `Shelf` takes it."""
        self.route, self._runtime = route, runtime
        #: Why the relay refuses us, "" while it does not: a person must act, and until then others carry its mail.
        self.refused = ""
        #: Why it could not be used the last time, "" once a message left by it again.
        self.trouble = ""
        self._refusals, self._aside_until = 0, 0.0
        rate = route.limits.rate
        self.claim_size = min(LARGEST_CLAIM, math.ceil(rate * CLAIMED_AHEAD)) if rate else LARGEST_CLAIM
        self.low = self.claim_size // 2  #: so few parcels on the shelf, and it is time to claim again
        self.shelf = Shelf(runtime, low=self.low, ran_low=ran_low)
        bench = make_bench(self)
        self._carriers = [
            Carrier(bench, f"{route.name}-{number}", share=share_of_doubt, dispatch=route.dispatch)
            for number in range(1, route.connections + 1)
        ]

    def start(self) -> None:
        for carrier in self._carriers:
            carrier.start()

    @property
    def down(self) -> bool:
        """Whether nothing can leave by it just now: each connection failed again and again, and rests."""
        now = self._runtime.monotonic()
        return all(carrier.failures >= PATIENCE and carrier.resting_until > now for carrier in self._carriers)

    @property
    def resting(self) -> bool:
        """Whether none of its connections does anything just now."""
        now = self._runtime.monotonic()
        return all(carrier.resting_until > now for carrier in self._carriers)

    @property
    def wary(self) -> bool:
        """Whether one of its connections could not be used, or had everything put off, the last time."""
        return any(carrier.failures for carrier in self._carriers)

    @property
    def set_aside(self) -> bool:
        """Whether it refuses us, and it is too early to ask again."""
        return bool(self.refused) and self._runtime.monotonic() < self._aside_until

    @property
    def aside_for(self) -> float:
        """Seconds until it is asked again."""
        return max(0.0, self._aside_until - self._runtime.monotonic())

    @property
    def standby(self) -> bool:
        return self.route.weight == 0

    def refuses(self, reason: str) -> None:
        """It refuses us. Several of its connections may find that out at the same time: that counts once."""
        if not self.set_aside:
            seconds = min(SET_ASIDE * 2.0**self._refusals, LONGEST_ASIDE)
            self._refusals, self._aside_until = self._refusals + 1, self._runtime.monotonic() + seconds
        self.refused = reason

    def welcomes(self) -> None:
        """It takes us, or takes us again."""
        self.refused, self._refusals = "", 0

    @property
    def wants_more(self) -> bool:
        """Whether its shelf runs low."""
        return len(self.shelf) <= self.low

    @property
    def alive(self) -> bool:
        return any(carrier.is_alive() for carrier in self._carriers)

    def close(self) -> None:
        """Nothing more is taken; what is on the wire is finished."""
        self.shelf.close()

    def abort(self) -> None:
        """Do not wait for a slow relay any longer."""
        for carrier in self._carriers:
            carrier.abort()

    def join(self, seconds: float) -> None:
        for carrier in self._carriers:
            carrier.join(seconds)
