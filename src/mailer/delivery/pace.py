"""How fast and how wide one worker process works: from the settings, and from where its relays stand."""

from collections.abc import Callable
from dataclasses import dataclass

from mailer.backend import Backend
from mailer.domain.limits import UNLIMITED, Limits, limits_of
from mailer.edition.dispatch import PLAIN, Dispatch, dispatch_for
from mailer.edition.dkim import Signer
from mailer.settings import RelaySettings, Settings

#: For a relay that is not on this machine and whose limits nobody told us.
CAUTIOUS_CONNECTIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How one worker process uses the ledger, whatever relays it has.

    redirect_to: in a rehearsal, the one address that its backends send everything to.
    """

    lease_seconds: int = 60
    retry_first_seconds: float = 120.0
    max_in_doubt: int = 64
    breaker: bool = True
    redirect_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way out of a worker process: a relay, and how that process uses it.

    make_backend: called once for each connection, in its thread. limits: what all worker processes together may give it.
    idle_timeout: seconds after which an unused connection is closed. weight: its share beside others, 0 for none while
    another can be used, None for as much as it can carry. dispatch: how the relay wants its messages. takes_turns: whether
    its backend does; then its connections share a thread.
    """

    name: str
    make_backend: Callable[[], Backend]
    connections: int = 4
    limits: Limits = UNLIMITED
    idle_timeout: float = 15.0
    weight: int | None = None
    dispatch: Dispatch = PLAIN
    takes_turns: bool = False


def pace_for(settings: Settings) -> Pace:
    sending = settings.sending
    return Pace(
        lease_seconds=max(1, sending.lease_seconds),
        retry_first_seconds=sending.retry_first_seconds,
        max_in_doubt=max(1, sending.max_in_doubt),
        breaker=sending.breaker == "on",
        redirect_to=sending.redirect_to,
    )


def route_for(
    settings: Settings,
    relay: RelaySettings,
    make_backend: Callable[[], Backend],
    *,
    processes: int = 1,
    signer: Signer | None = None,
    takes_turns: bool = False,
) -> Route:
    """The route of one of `processes` worker processes: they share the relay's connections.

    signer: of those messages that the relay does not sign itself. takes_turns: as `Backend.takes_turns`.
    """
    connections = relay.connections or settings.sending.connections * processes
    if relay.speed and not relay.rate and not relay.connections and "sending.connections" not in settings.origins:
        connections = CAUTIOUS_CONNECTIONS
    return Route(
        name=relay.name,
        make_backend=make_backend,
        connections=max(1, connections // processes),
        limits=limits_of(settings, relay),
        idle_timeout=relay.idle_timeout,
        weight=relay.weight,
        dispatch=dispatch_for(relay, signer),
        takes_turns=takes_turns,
    )
