"""`mailer relay list`: every relay on a few lines; never a secret."""

from typing import TYPE_CHECKING, Any

from mailer.cli.output import Output
from mailer.settings import FILE_NAME, RelaySettings, Settings
from mailer.settings.relay_options import has_password
from mailer.settings.relay_presets import PRESETS

if TYPE_CHECKING:
    from mailer.app import App


def list_relays(output: Output) -> None:
    app = output.app
    found = [_relay(app, number, relay) for number, relay in enumerate(app.settings.relays)]
    output.document({"relays": found})
    if not found:
        output.say("There is no relay yet, so no mail can leave.")
        output.next("relay add")
    for one in found:
        output.data(f"{one['name']}: {_where(one)}")
        for line in _lines(one):
            output.data(f"    {line}")
    if found and app.settings.origins.get("relays") != FILE_NAME:
        output.say(f"From {app.settings.origins['relays']}, which replaces the relays of {FILE_NAME}.")


def _relay(app: "App", number: int, relay: RelaySettings) -> dict[str, Any]:
    settings = app.settings
    used, limit = _quota(app, relay)
    return {
        "name": relay.name,
        "backend": relay.backend,
        "hosts": relay.hosts,
        "port": relay.port,
        "security": relay.security,
        "user": relay.user or None,
        "password": has_password(relay, settings.root),
        "rate": relay.speed or None,
        "connections": relay.connections or None,
        "weight": relay.weight,
        "quota": None if limit is None else {"used": used, "limit": limit},
        "preset": relay.preset or None,
        "from_preset": _from_preset(settings, number, relay),
    }


def _quota(app: "App", relay: RelaySettings) -> tuple[int, int | None]:
    """(messages counted today, how many today allows): None without a quota. Looking makes no database."""
    from mailer.domain.limits import limits_of
    from mailer.storage.database import Database
    from mailer.storage.quotas import used_on
    from mailer.storage.schema import current_revision

    quota, now = limits_of(app.settings, relay).quota, app.clock()
    if quota is None:
        return 0, None
    used, first_day = 0, None
    if app.has_database:
        with Database(app.database_url).reading() as connection:
            if current_revision(connection) is not None:
                used, first_day = used_on(connection, relay.name, quota, now)
    return used, quota.cap(quota.day(now), first_day)


def _from_preset(settings: Settings, number: int, relay: RelaySettings) -> list[str]:
    """The settings that the table leaves to its preset."""
    fills = PRESETS[relay.preset].fills if relay.preset else {}
    return [key for key in fills if settings.origins.get(f"relays.{number}.{key}") != FILE_NAME]


def _where(one: dict[str, Any]) -> str:
    if one["backend"] != "smtp":
        return f"backend {one['backend']}"
    return f"{', '.join(one['hosts'])} port {one['port']}, {_SECURITY[one['security']]}"


_SECURITY = {"starttls": "STARTTLS", "tls": "TLS", "none": "in clear"}


def _lines(one: dict[str, Any]) -> list[str]:
    login = "no login" if not one["user"] else f"logs in as {one['user']}"
    secret = "" if not one["user"] else ", password there" if one["password"] else ", PASSWORD MISSING"
    share = {None: "as much as it can carry", 0: "on standby"}.get(one["weight"], f"weight {one['weight']}")
    rate = f"{one['rate']:g} a second" if one["rate"] else "as fast as it takes"
    lines = [f"{login}{secret}", f"{rate}, {share}"]
    if one["quota"]:
        lines.append(f"{one['quota']['used']:,} of {one['quota']['limit']:,} messages today")
    if one["preset"]:
        lines.append(f"preset {one['preset']}: {', '.join(one['from_preset']) or 'nothing left to it'}")
    return lines
