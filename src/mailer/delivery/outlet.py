"""One relay in the hands of one worker: the shelf where its parcels wait, and its connections.

Outlets know nothing of each other; the worker claims for each, and decides what a relay that refuses us means.
"""

from collections.abc import Callable, Sequence

from mailer.delivery.carrier import Bench, Carrier
from mailer.delivery.pace import Pace, Route
from mailer.delivery.pacing import Bucket
from mailer.delivery.shelf import Shelf
from mailer.runtime import Runtime

#: Rows of one claim; a slow relay gets fewer, so that other workers find some too.
LARGEST_CLAIM, SMALLEST_CLAIM = 500, 10
#: A claim is worth this part of a lease at the relay's rate.
CLAIMED_AHEAD = 0.25
#: Every connection failed this often in a row: the relay is down.
PATIENCE = 3


class Outlet:
    """Starts with its worker and ends with it."""

    def __init__(
        self,
        route: Route,
        *,
        pace: Pace,
        share_of_doubt: int,
        runtime: Runtime,
        ran_low: Callable[[], None],
        make_bench: Callable[["Outlet", Bucket], Bench],
    ) -> None:
        """share_of_doubt: messages that one of its connections may have marked at a time. ran_low: as `Shelf` takes it."""
        self.route, self._runtime = route, runtime
        #: Why the relay refuses us, "" while it does not: a person must act, and until then others carry its mail.
        self.refused = ""
        wanted = int(route.rate * pace.lease_seconds * CLAIMED_AHEAD) if route.rate else LARGEST_CLAIM
        self.claim_size = max(SMALLEST_CLAIM, min(LARGEST_CLAIM, wanted))
        self.low = self.claim_size // 2  #: so few parcels on the shelf, and it is time to claim again
        self.shelf = Shelf(runtime, low=self.low, ran_low=ran_low)
        bench = make_bench(self, Bucket(route.rate, runtime.monotonic()))
        self._carriers = [
            Carrier(bench, f"{route.name}-{number}", largest_group=share_of_doubt, dispatch=route.dispatch)
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


def claiming_order(outlets: Sequence[Outlet]) -> list[Outlet]:
    """Those that parcels may be claimed for now."""
    return [outlet for outlet in outlets if outlet.wants_more and not outlet.down]
