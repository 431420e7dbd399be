"""`mailer relay add`: from options and answers to a table in mailer.toml and a private file, both or neither."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from mailer.cli.output import Output
from mailer.errors import SettingsError, UsageError
from mailer.settings import FILE_NAME, RelaySettings, Settings, is_loopback
from mailer.settings.relay_presets import PRESETS, Preset
from mailer.settings.relay_rules import faults
from mailer.settings.relay_writing import KEPT_IN, Value, store_relay

OTHER = "other"


def add_relay(output: Output, given: Mapping[str, Value | None], *, password_stdin: bool) -> None:
    """given: options by name, None where they were not set."""
    settings = output.app.settings
    root = _root(settings)
    known: dict[str, Value] = {key: value for key, value in given.items() if value is not None}
    if output.interactive and not password_stdin:
        _ask(output, known, settings)
    values = _values(known, settings)
    password = _password(output, values, from_stdin=password_stdin)
    if password:
        values["password_file"] = KEPT_IN.format(name=values["name"])
    store_relay(root, values, password=password)
    output.document({"name": values["name"], "settings": values, "password_file": values.get("password_file")})
    output.say(f"Added the relay {values['name']} to {FILE_NAME}.")
    if password:
        output.say(f"Its password is in {values['password_file']}, which nobody else can read and git leaves out.")
    if preset := PRESETS.get(str(values.get("preset"))):
        output.say(preset.note)
    if settings.origins.get("relays", FILE_NAME) != FILE_NAME:
        output.warn(f"{settings.origins['relays']} is set and replaces the relays of {FILE_NAME}.")
    output.next(f"relay test {values['name']}")


def _root(settings: Settings) -> Path:
    if settings.root is None:
        raise SettingsError(
            "There is no project here to add a relay to.",
            hint="Change into a folder with mailer.toml, run `mailer init`, or set MAILER_SMTP_URL.",
        )
    return settings.root


def _ask(output: Output, known: dict[str, Value], settings: Settings) -> None:
    """Put in what the options left open."""
    if "preset" not in known and "host" not in known:
        services = "\n".join(f"  {name:14}{preset.title}" for name, preset in PRESETS.items())
        output.say(f"Which service carries your mail?\n{services}\n  {OTHER:14}another, or a server of your own")
        chosen = click.prompt("Service", type=click.Choice([*PRESETS, OTHER]), show_choices=False, err=True)
        if chosen != OTHER:
            known["preset"] = chosen
    preset = PRESETS.get(str(known.get("preset")))
    if "host" not in known and not (preset and "host" in preset.fills):
        form = f" ({preset.host_form})" if preset else ""
        known["host"] = click.prompt(f"Its host{form}", err=True).strip()
        if preset is None and "port" not in known:
            known["port"] = click.prompt("Its port", type=click.IntRange(1, 65535), default=587, err=True)
    if "user" not in known and not (preset and "user" in preset.fills):
        what = preset.login if preset else "the login name; Enter if it wants none"
        known["user"] = click.prompt(f"User, {what}", default="", show_default=False, err=True).strip()
    if "name" not in known:
        known["name"] = click.prompt("What shall it be called here?", default=_free_name(known, settings), err=True)


def _free_name(known: Mapping[str, Value], settings: Settings) -> str:
    taken = {relay.name for relay in settings.relays}
    name = str(known.get("preset") or "main")
    return next(one for one in (name, *(f"{name}-{number}" for number in range(2, 1000))) if one not in taken)


def _values(known: Mapping[str, Value], settings: Settings) -> dict[str, Value]:
    """What the table gets. Raises SettingsError for the first thing in it that cannot be."""
    preset = PRESETS.get(str(known.get("preset")))
    values = {key: value for key, value in known.items() if value != ""}
    values = {"name": values.pop("name", "") or _free_name(known, settings), **values}
    if preset is None and "host" in values:
        values = _usual(values)
    filled: dict[str, Any] = {**(preset.fills if preset else {}), **values}
    relay = RelaySettings(**filled)
    before = settings.relays if settings.origins.get("relays", FILE_NAME) == FILE_NAME else ()
    for fault in faults(relay, before=before):
        raise SettingsError(f"{fault.message[0].upper()}{fault.message[1:]}.", hint=_as_option(fault.key, fault.hint))
    return values


def _usual(values: Mapping[str, Value]) -> dict[str, Value]:
    """Port and security as they go together (RFC 8314 §3.3), where one or both were left open."""
    local = all(map(is_loopback, str(values["host"]).split(",")))
    port = values.get("port") or {"tls": 465, "none": 25}.get(str(values.get("security")), 25 if local else 587)
    security = values.get("security") or ("tls" if port == 465 else "none" if local else "starttls")
    first = {key: values[key] for key in ("name", "host")}
    return first | {"port": port, "security": security} | {key: values[key] for key in values if key not in first}


def _as_option(key: str, hint: str) -> str:
    return f"--{key}: {hint}." if key in {"host", "port", "security", "user", "weight"} else f"{hint}."


def _password(output: Output, values: Mapping[str, Value], *, from_stdin: bool) -> str:
    """The password, "" for a relay without login. Asked for without showing it."""
    preset = PRESETS.get(str(values.get("preset")))
    user = values.get("user") or (preset and preset.fills.get("user"))
    if not user:
        if from_stdin:
            raise UsageError("--password-stdin is of no use without a user.", hint="Name the login with --user.")
        return ""
    if from_stdin:
        found = sys.stdin.readline().rstrip("\r\n")
    elif output.interactive:
        found = click.prompt(f"Password, {_what(preset)} (not shown)", hide_input=True, err=True).strip()
    else:
        raise UsageError("The relay's password is missing, and there is nobody to ask.", hint="Use --password-stdin.")
    if not found or not found.isprintable():
        raise UsageError("That is no password.", hint="It is one line of text.")
    return str(found)


def _what(preset: Preset | None) -> str:
    return preset.key if preset else "the one for that login"
