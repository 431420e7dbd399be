"""Which relay gets work next: shares by weight, standby, and what happens to the share of one that cannot be used.

Weights are kept strictly, by stride scheduling: each relay has a mark that moves by rows / weight, the one furthest
behind is served first, and none runs further ahead than one claim. Claims begin small and grow with what was taken, so that
the shares of a small mailing are kept too. So relays with weights hold up each other, as shares
must; relays without weights each carry as much as they can. A relay that cannot be used, or for which nothing may be
taken today, holds up nobody, and when it comes back it gets its share from then on, not what it missed.

A relay of weight 0 stands by: it is used while no other can be. One that refuses us is left alone for a while, and asked
earlier only if there is no other left to ask.
"""

import math
from collections.abc import Iterator, Sequence

from mailer.delivery.outlet import SMALLEST_CLAIM, Outlet

#: Rows of one claim of the relay with the largest weight, when shares are kept: this part of all that was taken since there
#: was nothing to take, from `SMALLEST_CLAIM` to `CHUNK`.
CHUNK, CHUNKS = 100, 20


class Rota:
    """Used by one thread: the worker's own."""

    def __init__(self, outlets: Sequence[Outlet]) -> None:
        self._outlets = outlets
        self._shared = len(outlets) > 1 and any(outlet.route.weight for outlet in outlets)
        self._largest = max((_weight(outlet) for outlet in outlets), default=1)
        self._marks = dict.fromkeys(outlets, 0.0)
        self._took, self._rate_holds = 0, False
        self._taken = 0  # since a round brought nothing: that was the end of a mailing, or a rate holds all

    def turns(self) -> Iterator[tuple[Outlet, int]]:
        """(outlet, the most rows to take for it), until all have enough. `took` says what came of each turn."""
        left, waiting, before, turns = self.usable(), set[Outlet](), self._taken, 0
        while left:
            floor = min(self._marks[outlet] for outlet in left)
            for outlet in self._outlets:
                if outlet not in left:
                    self._marks[outlet] = max(self._marks[outlet], floor)
            near = [outlet for outlet in left if outlet.wants_more and self._marks[outlet] <= floor + self._slack]
            hungry = [outlet for outlet in near if outlet not in waiting]
            if not hungry:
                break
            outlet = min(hungry, key=self._marks.__getitem__)
            most, self._took, self._rate_holds = self._most(outlet), 0, False
            yield outlet, most
            self._marks[outlet] += self._took / _weight(outlet)
            self._taken, turns = self._taken + self._took, turns + 1
            if self._shared and self._rate_holds:
                waiting.add(outlet)  # it is no faster, and the others wait for it
            elif not self._shared or self._took < most / 2:  # one claim each, or there is nothing more to take for it
                left.remove(outlet)
        if turns and self._taken == before:
            self._taken = 0

    def took(self, rows: int, *, rate_holds: bool = False) -> None:
        """So many rows were taken in this turn. rate_holds: and no more, because of the relay's rate."""
        self._took += rows
        self._rate_holds = rate_holds

    def usable(self) -> list[Outlet]:
        """Those that mail may be given to now."""
        ready = [outlet for outlet in self._outlets if not outlet.resting]
        welcome = [outlet for outlet in ready if not outlet.set_aside]
        first = [outlet for outlet in welcome if not outlet.standby]
        if first or any(not (one.standby or one.down or one.set_aside) for one in self._outlets):
            return first
        return welcome or ([] if any(not one.set_aside for one in self._outlets) else ready)

    @property
    def _chunk(self) -> int:
        return max(SMALLEST_CLAIM, min(CHUNK, self._taken // CHUNKS))

    @property
    def _slack(self) -> float:
        return self._chunk / self._largest if self._shared else math.inf

    def _most(self, outlet: Outlet) -> int:
        if not self._shared:
            return outlet.claim_size
        return min(outlet.claim_size, math.ceil(self._chunk * _weight(outlet) / self._largest))


def _weight(outlet: Outlet) -> int:
    return outlet.route.weight or 1
