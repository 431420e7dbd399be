"""Which lanes are worth asking the ledger for: what a worker remembers of its claims, so that it neither polls nor oversleeps.

A lane in which nothing was due, when the worker looked around or when it claimed, is left alone until it looks around
again; one whose bucket was empty, until the instant at which the claim said that it is worth while. What is remembered
saves statements and decides nothing: a claim looks at the limits again.
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from mailer.domain.limits import Hindrance, Lane, Limits, group_key
from mailer.domain.provider import Provider
from mailer.runtime import Runtime
from mailer.storage.ledger import Batch
from mailer.storage.pacing import Hold

#: Hours and quotas are asked about again after so long: a clock may be set, and others may give back what they did not use.
ASK_AGAIN = 60.0


class Lanes:
    """Used by one thread: the worker's own. Times are monotonic seconds."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._exhausted: set[tuple[int, int, Provider, bool, bool]] = set()
        self._held: dict[str, tuple[float, Hold]] = {}  #: by the key of what holds: until when
        self._turns: dict[int, deque[Provider]] = defaultdict(lambda: deque(Provider))
        self._slowed: frozenset[str] = frozenset()
        self._due: Mapping[int, frozenset[Provider]] = {}  #: of a mailing that is not there any lane may be due
        self._next = math.inf

    def look_again(self, slowed: Iterable[str], due: Mapping[int, frozenset[Provider]]) -> None:
        """Time has passed. slowed: keys of the groups for which relays want less. due: the lanes of each mailing that are."""
        self._exhausted.clear()
        self._slowed, self._due = frozenset(slowed), due

    def forget(self) -> None:
        """Rows were given back."""
        self._exhausted.clear()
        self._due = {}
        for key in [key for key, (_, hold) in self._held.items() if hold.reason is Hindrance.QUOTA]:
            del self._held[key]

    def begin(self) -> None:
        """A round of claims begins."""
        self._next = math.inf

    def open(
        self, relay: int, limits: Limits, mailing_id: int, *, pass_over: bool, again: bool = False
    ) -> Iterator[Lane]:
        """The lanes of a mailing through a relay that may have something now. Whichever is taken goes to the back of the line."""
        turns = self._turns[mailing_id]
        # How long a quota or the hours hold back what comes due meanwhile is learnt by claiming alone.
        learns = limits.quota is not None or limits.window is not None
        due = Provider if learns else self._due.get(mailing_id, Provider)
        for provider in [one for one in turns if one in due]:
            slowed = group_key(relay, provider) in self._slowed
            lane = Lane(relay=relay, provider=provider, limits=limits, slowed=slowed, pass_over=pass_over, again=again)
            if _name(lane, mailing_id) in self._exhausted or self._is_held(lane, mailing_id):
                continue
            turns.remove(provider)
            turns.append(provider)
            yield lane

    def note(self, lane: Lane, mailing_id: int, batch: Batch | None, *, asked_at: float) -> None:
        """What a claim of the lane has brought."""
        if batch is None or batch.exhausted:
            self._exhausted.add(_name(lane, mailing_id))
        elif batch.hold is not None:
            until = asked_at + min(batch.hold.seconds, ASK_AGAIN)
            self._held[batch.hold.key] = until, batch.hold
            self._next = min(self._next, until)

    @property
    def wait(self) -> float:
        """Seconds until it is worth while to claim for a lane that was held back in this round."""
        return max(0.0, self._next - self._runtime.monotonic())

    def rate_holds(self, relay: int) -> bool:
        """Whether the relay's own rate lets nothing go just now."""
        return f"r:{relay}" in self._held and self._held[f"r:{relay}"][0] > self._runtime.monotonic()

    def put_off(self, relay: int, limits: Limits) -> datetime | None:
        """When the relay's mail goes on, if it waits for its quota or for the hours; a wait for the rate is none."""
        if not limits.quota and not limits.window:
            return None
        holds = (self._held.get(key) for key in (f"q:{relay}", "w"))
        return max((one[1].until for one in holds if one and one[0] > self._runtime.monotonic()), default=None)

    def _is_held(self, lane: Lane, mailing_id: int) -> bool:
        now = self._runtime.monotonic()
        keys = (*lane.rates(mailing_id), f"q:{lane.relay}", "w")
        until = max((self._held[key][0] for key in keys if key in self._held), default=0.0)
        if until <= now:
            return False
        self._next = min(self._next, until)
        return True


def _name(lane: Lane, mailing_id: int) -> tuple[int, int, Provider, bool, bool]:
    return mailing_id, lane.relay, lane.provider, lane.pass_over, lane.again
