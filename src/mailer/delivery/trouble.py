"""What keeps relays from being used: told once, whoever finds out, and with the relay's name where there are several."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

from mailer.delivery.outlet import Outlet
from mailer.runtime import Runtime

logger = logging.getLogger(__name__)
#: The same trouble with a relay is told again after so long.
TELL_EVERY = 30.0


class Trouble:
    """Connections of several threads report here."""

    def __init__(
        self,
        outlets: Sequence[Outlet],
        runtime: Runtime,
        *,
        telling: AbstractContextManager[object],
        tell: Callable[[str, float], None],
    ) -> None:
        """tell: what a person should hear, and the seconds until the relay is tried again; called one at a time, in `telling`."""
        self._outlets, self._runtime, self._tell = outlets, runtime, tell
        self._telling = telling
        self._told: dict[Outlet, tuple[str, float]] = {}  # the last that was told, and when

    def met(self, outlet: Outlet, reason: str, seconds: float) -> None:
        """A connection cannot be used. Several of a relay find that out at about the same time."""
        name, now = outlet.route.name, self._runtime.monotonic()
        logger.info("connection cannot be used: relay=%s retry_in=%.1f", name, seconds)
        with self._telling:
            outlet.trouble = reason
            told, at = self._told.get(outlet, ("", 0.0))
            if reason == outlet.refused and self._nobody_takes_us():
                return  # what it had is paused, which is told; it is asked again when a person resumes
            if told != reason or now >= at + TELL_EVERY:
                self._told[outlet] = reason, now
                if outlet.set_aside:
                    seconds = outlet.aside_for
                logger.info("relay cannot be used: relay=%s retry_in=%.1f", name, seconds)
                self._tell(self._named({name: reason}), seconds)

    def refused(self, outlet: Outlet, reason: str) -> str:
        """A relay refuses us and is left alone for a while. Returns what all said if none takes us any more, else ""."""
        outlet.refuses(reason)
        refusals = {one.route.name: one.refused for one in self._outlets}
        return self._named(refusals) if self._nobody_takes_us() else ""

    def _nobody_takes_us(self) -> bool:
        return all(one.refused for one in self._outlets)

    def over(self, relays: set[str]) -> None:
        """Messages left by these."""
        for outlet in self._outlets:
            if outlet.trouble and outlet.route.name in relays:
                outlet.trouble = ""

    def now(self) -> str:
        """In words, which relays cannot be used just now and why; "" if all can."""
        said = {outlet.route.name: outlet.trouble for outlet in self._outlets if outlet.trouble}
        return self._named(said) if said else ""

    @property
    def everywhere(self) -> bool:
        return all(outlet.trouble for outlet in self._outlets)

    def _named(self, said: Mapping[str, str]) -> str:
        """What relays said; without their names if it is the only one, or if all say the same."""
        if len(self._outlets) == 1 or (len(said) > 1 and len(set(said.values())) == 1):
            return next(iter(said.values()))
        return " ".join(f"{name}: {reason}" for name, reason in said.items())
