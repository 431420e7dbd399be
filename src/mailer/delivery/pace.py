"""How fast and how wide one worker process works: from the settings, and from where the relay stands."""

from dataclasses import dataclass

from mailer.settings import RelaySettings, Settings

#: For a relay that is not on this machine and whose limits nobody told us.
CAUTIOUS_CONNECTIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How one worker process uses its relay and the ledger. rate: messages a second, 0 for no limit."""

    connections: int = 4
    rate: float = 0.0
    lease_seconds: int = 60
    retry_first_seconds: float = 120.0
    max_in_doubt: int = 64
    breaker: bool = True

    @property
    def largest_group(self) -> int:
        """Messages that one connection has marked at a time: half of its share, for the next group is marked meanwhile."""
        return max(1, self.max_in_doubt // self.connections // 2)


def pace_for(settings: Settings, relay: RelaySettings, *, processes: int = 1) -> Pace:
    """The pace of one of `processes` worker processes: they share the relay's rate and its connections."""
    sending = settings.sending
    rate, connections = relay.speed, sending.connections * processes
    if rate and not relay.rate and "sending.connections" not in settings.origins:
        connections = CAUTIOUS_CONNECTIONS
    return Pace(
        connections=max(1, connections // processes),
        rate=rate / processes,
        lease_seconds=max(1, sending.lease_seconds),
        retry_first_seconds=sending.retry_first_seconds,
        max_in_doubt=max(1, sending.max_in_doubt),
        breaker=sending.breaker == "on",
    )
