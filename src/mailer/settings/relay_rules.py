"""What cannot be in a relay's table, judged over the whole of it: its name, its server, its login."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailer.settings.relay_presets import PRESETS
from mailer.settings.relays import RelaySettings, is_loopback

#: As every name here: it stands in the ledger, in status and in the names of files.
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_HOST = re.compile(r"[A-Za-z0-9_.-]+|\[?[0-9A-Fa-f:.]+\]?")
MOST_WEIGHT, MOST_GROWTH = 1000, 10.0
#: Whose mailboxes may have a rate of their own (`domain.provider.Provider`).
PROVIDERS = ("gmail", "outlook", "yahoo", "icloud", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong. key: the setting to blame."""

    key: str
    message: str
    hint: str


def faults(relay: RelaySettings, *, before: Sequence[RelaySettings] = ()) -> Iterator[Fault]:
    """Everything wrong with `relay`; before: the relays that stand above it."""
    yield from _name(relay, before)
    if relay.backend == "smtp":
        yield from _server(relay)
    yield from _envelope(relay)
    yield from _pace(relay)
    yield from _login(relay)
    if relay.weight is not None and relay.weight > MOST_WEIGHT:
        yield Fault(key="weight", message=f"weight is {relay.weight}", hint=f"it takes 0 to {MOST_WEIGHT}")
    if relay.messages_per_connection < 1:
        yield Fault(key="messages_per_connection", message="messages_per_connection is 0", hint="it takes 1 or more")


def _name(relay: RelaySettings, before: Sequence[RelaySettings]) -> Iterator[Fault]:
    if not NAME.fullmatch(relay.name):
        message = f"{json.dumps(relay.name, ensure_ascii=False)} cannot name a relay"
        yield Fault(key="name", message=message, hint="small letters, digits and hyphens, a letter first")
    elif relay.name in {other.name for other in before}:
        message = f'two relays are called "{relay.name}"'
        yield Fault(key="name", message=message, hint='give each a name of its own: name = "…"')


def _login(relay: RelaySettings) -> Iterator[Fault]:
    ways = [way for way in ("password", "password_file", "token", "token_file", "token_command") if getattr(relay, way)]
    for way in ways[1:]:
        yield Fault(key=way, message=f"{ways[0]} is set as well", hint="take one of the two out")
    if ways and not relay.user and relay.backend == "smtp":
        what = ways[0].partition("_")[0]
        yield Fault(key="user", message=f"there is a {what} and no user", hint="write the login name as user")
    if relay.idle_timeout == 0:
        yield Fault(key="idle_timeout", message="idle_timeout is 0", hint="it takes more than 0 seconds")


def _envelope(relay: RelaySettings) -> Iterator[Fault]:
    if relay.envelope == "fixed" and not relay.envelope_from:
        hint = 'write envelope_from = "bounces@example.org"'
        yield Fault(key="envelope", message="bounces go to a fixed address, and there is none", hint=hint)
    elif relay.envelope == "verp" and not relay.bounce_domain:
        hint = 'write bounce_domain = "bounce.example.org"'
        yield Fault(key="envelope", message="bounces go to a domain of ours, and there is none", hint=hint)
    for key, rule in (("envelope_from", "fixed"), ("bounce_domain", "verp")):
        if getattr(relay, key) and relay.envelope != rule:
            message = f"{key} is set, and bounces do not go there"
            yield Fault(key=key, message=message, hint=f'write envelope = "{rule}", or take it out')


def _pace(relay: RelaySettings) -> Iterator[Fault]:
    for name, rate in relay.provider_rates.items():
        if name not in PROVIDERS:
            message = f"provider_rates names {json.dumps(name, ensure_ascii=False)}, which is no group of mailboxes"
            yield Fault(key="provider_rates", message=message, hint=f"it takes {', '.join(PROVIDERS)}")
        elif rate < 0:
            message = f"provider_rates has {name} = {rate:g}"
            yield Fault(key="provider_rates", message=message, hint="it cannot be below zero")
    if not 1 <= relay.warm_up_growth <= MOST_GROWTH:
        message = f"warm_up_growth is {relay.warm_up_growth:g}"
        yield Fault(key="warm_up_growth", message=message, hint=f"it takes 1 to {MOST_GROWTH:g}; usual are 1.3 to 2")


def _server(relay: RelaySettings) -> Iterator[Fault]:
    preset = PRESETS.get(relay.preset)
    if not relay.hosts:
        form = preset.host_form if preset else ""
        yield Fault(key="host", message="the relay has no host", hint=f'write host = "{form or "smtp.example.org"}"')
    elif not all(map(_HOST.fullmatch, relay.hosts)):
        hint = "write the name alone; port and security are settings of their own"
        yield Fault(key="host", message=f'host is "{relay.host}"', hint=hint)
    elif relay.security == "none" and not all(map(is_loopback, relay.hosts)):
        message = f"{relay.host} is not this machine, and mail and passwords may not go there in clear"
        yield Fault(key="security", message=message, hint='write "starttls" (port 587) or "tls" (port 465)')
    if not 0 < relay.port < 65536:
        hint = "usual are 587 (starttls) and 465 (tls)"
        yield Fault(key="port", message=f"port is {relay.port}", hint=hint)
