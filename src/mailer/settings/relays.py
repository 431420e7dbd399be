"""The settings of one relay: a [[relays]] table of mailer.toml."""

import ipaddress
from dataclasses import dataclass

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
    name: str = setting("relay", "a word for it in status and logs")
    backend: str = setting("smtp", "smtp, maildir, memory, or one that a plugin registered")
    host: str = setting("", "the relay's name or address")
    port: int = setting(587, "the relay's port")
    security: str = setting("starttls", "starttls, tls (from the first byte) or none (loopback only)")
    user: str = setting("", "login name")
    password: str = setting("", "login password; better in the environment", secret=True)
    ca_file: str = setting("", "certificates to trust instead of the system's")
    rate: float = setting(0.0, "messages a second; 0: 5 off loopback, unlimited on it")
    messages_per_connection: int = setting(1000, "a connection is renewed after this many")
    pipelining: str = setting("on", "several commands at once where the relay offers it; off if it does so badly")
    ehlo_name: str = setting("", "how we greet the relay; default: this machine's full name, else its address")
    path: str = setting("", "the folder of a maildir backend")

    @property
    def on_loopback(self) -> bool:
        """Whether messages given to this relay surely stay on this machine; of a plugin's backend nobody can say."""
        return self.backend in STAYS_HERE or (self.backend == "smtp" and is_loopback(self.host))

    @property
    def speed(self) -> float:
        """Messages a second: its rate; 5 elsewhere if nobody told us its limits; 0 for as many as it takes."""
        return self.rate or (0.0 if self.on_loopback else 5.0)
