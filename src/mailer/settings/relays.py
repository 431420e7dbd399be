"""The settings of one relay: a [[relays]] table of mailer.toml, or MAILER_SMTP_URL."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from mailer.errors import SettingsError
from mailer.settings.setting import setting

#: Backends of ours that keep messages where they are.
STAYS_HERE = frozenset({"maildir", "memory"})


def is_loopback(host: str) -> bool:
    """Whether `host` can only mean this machine; a name other than localhost never does, whatever it resolves to."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """Values that a table does not set come from its preset (`relay_presets.py`), else from here."""

    name: str = setting("relay", "a name for it in status and logs; default: its preset's. It stays the same for ever")
    preset: str = setting("", "a service whose host, port, limits and so on are known: see docs/relays.md")
    backend: str = setting("smtp", "smtp, maildir, memory, or one that a plugin registered")
    host: str = setting("", "the relay's name or address; several, with commas between, stand in for each other")
    port: int = setting(587, "the relay's port")
    security: str = setting("starttls", "starttls, tls (from the first byte) or none (loopback only)")
    user: str = setting("", "login name")
    password: str = setting("", "login password; better in a file", secret=True)
    password_file: str = setting("", "a file with the login password, seen from the project; `relay add` makes one")
    token: str = setting("", "an OAuth 2.0 access token to log in with instead of a password", secret=True)
    token_file: str = setting("", "a file with the token of the moment, seen from the project; others keep it fresh")
    token_command: str = setting("", "a command that prints such a token: alone, or as JSON with its expires_in")
    ca_file: str = setting("", "certificates to trust instead of the system's")
    weight: int | None = setting(
        None, "its share of the mail; 0: only when no other relay can be used; unset everywhere: each what it can carry"
    )
    rate: float = setting(0.0, "messages a second; 0: 5 off loopback, unlimited on it")
    provider_rates: Mapping[str, float] = field(
        default_factory=dict,
        metadata={
            "help": "messages a second to people at gmail, outlook, yahoo, icloud, other: {gmail = 5}",
            "secret": False,
        },
    )
    daily_quota: int = setting(0, "messages a day; 0: no limit")
    warm_up: int = setting(0, "messages of the first day of a relay that receivers do not know yet; 0: no warm-up")
    warm_up_growth: float = setting(1.5, "each day of the warm-up allows so many times the day before")
    quota_zone: str = setting("", "IANA zone at whose midnight a day of the quota begins; default: project.timezone")
    connections: int = setting(
        0, "connections at a time from one machine; 0: sending.connections, 2 where no rate is known"
    )
    messages_per_connection: int = setting(1000, "a connection is renewed after this many")
    idle_timeout: float = setting(15.0, "seconds; a connection that was not used for so long is closed")
    pipelining: str = setting("on", "several commands at once where the relay offers it; off if it does so badly")
    envelope: str = setting(
        "from", "where bounces go: from (the From address), fixed, or verp (an address for each message)"
    )
    envelope_from: str = setting("", "the address of envelope = fixed, such as bounces@example.org")
    bounce_domain: str = setting("", "the domain of envelope = verp, whose mail we read: bounce.example.org")
    dkim: str = setting("on", "sign what leaves here as [dkim] says; off where the relay signs and ours would break")
    ehlo_name: str = setting("", "how we greet the relay; default: this machine's full name, else its address")
    path: str = setting("", "the folder of a maildir backend")
    options: Mapping[str, object] = field(
        default_factory=dict,
        repr=False,
        metadata={"help": "what a plugin's backend takes beside these: a table [relays.options]", "secret": True},
    )

    @property
    def hosts(self) -> tuple[str, ...]:
        """The servers of this account; each carries what the one before cannot. An IPv6 address without its brackets."""
        return tuple(host for host in (part.strip(" \t[]") for part in self.host.split(",")) if host)

    @property
    def on_loopback(self) -> bool:
        """Whether messages given to this relay surely stay on this machine; of a plugin's backend nobody can say."""
        if self.backend != "smtp":
            return self.backend in STAYS_HERE
        return bool(self.hosts) and all(map(is_loopback, self.hosts))

    @property
    def speed(self) -> float:
        """Messages a second: its rate; 5 elsewhere if nobody told us its limits; 0 for as many as it takes."""
        return self.rate or (0.0 if self.on_loopback else 5.0)


def joint_speed(relays: Sequence[RelaySettings]) -> float:
    """Messages a second through all of them together, standby apart; 0 for as many as they take."""
    sharing = [relay for relay in relays if relay.weight != 0] or list(relays)
    if any(relay.weight for relay in sharing):  # shares are kept, so each waits for the slowest
        total = sum(relay.weight or 1 for relay in sharing)
        return min((relay.speed * total / (relay.weight or 1) for relay in sharing if relay.speed), default=0.0)
    return sum(relay.speed for relay in sharing) if all(relay.speed for relay in sharing) else 0.0


def relay_from_url(url: str) -> RelaySettings:
    """`smtp://host:port` plain, `smtp+starttls://user:password@host:port`, `smtps://…` (RFC 8314)."""
    securities = {"smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in securities or not parts.hostname:
        # The URL may hold a password, so the message never repeats it.
        raise SettingsError(
            "MAILER_SMTP_URL is not a relay's address.",
            hint="smtp://host:port, smtp+starttls://user:password@host:port or smtps://user:password@host:port",
        )
    security, default_port = securities[parts.scheme]
    return RelaySettings(
        host=parts.hostname,
        port=port or default_port,
        security=security,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
