"""Turning what a person wrote into a setting's type, or saying what was wanted."""

import difflib
import json
import re
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from mailer.errors import SettingsError
from mailer.settings.relay_presets import PRESETS
from mailer.settings.relays import is_loopback
from mailer.settings.table import SECTIONS
from mailer.settings.zones import is_zone, nearest_zones

#: Settings that take one of a few words.
CHOICES = {
    "sending.in_doubt": ("hold", "resend"),
    "sending.breaker": ("on", "off"),
    "sending.require_approval": ("off", "over-500", "always"),
    "log.format": ("text", "json"),
    "relays.preset": tuple(PRESETS),
    "relays.security": ("starttls", "tls", "none"),
    "relays.pipelining": ("on", "off"),
    "relays.envelope": ("from", "fixed", "verp"),
    "relays.dkim": ("on", "off"),
}
ZONES = frozenset({"project.timezone", "sending.window_zone", "relays.quota_zone"})
COLOURS = frozenset(f"brand.{name}" for name in ("accent", "accent_dark", "ink", "paper", "canvas"))
#: RFC 6376 §3.1: labels of a domain, most often one.
_SELECTOR = (
    re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"),
    "letters, digits and hyphens, such as mailer2026",
)
_ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")
_ADDRESSES = (
    re.compile(rf"{_ADDRESS.pattern}(?:\s*,\s*{_ADDRESS.pattern})*"),
    "write addresses alone, with commas between: office@example.org, ana@example.org",
)
_DOMAIN = (re.compile(r"[^\s@<>,;:/\"_.]+(?:\.[^\s@<>,;:/\"_.]+)+"), "write the domain alone: example.org")
#: Texts of some form: what they look like when they are set, and an example. None of them may end the place it stands in:
#: a header field, an attribute, a style.
_FORMS = {
    "organisation.name": (re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+"), "one line of text"),
    "organisation.from_address": (
        _ADDRESS,
        "write the address alone: news@example.org",
    ),
    "sending.redirect_to": (_ADDRESS, "write an address alone: you@example.org"),
    "organisation.website": (re.compile(r"https?://[^\s<>\"]+"), 'write "https://www.example.org"'),
    "brand.name": (re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+"), "one line of text"),
    "dkim.selector": _SELECTOR,
    "dkim.ed25519_selector": _SELECTOR,
    "dkim.domain": _DOMAIN,
    "relays.envelope_from": (
        re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"),
        "write an address alone, in ASCII: bounces@example.org",
    ),
    "relays.bounce_domain": (
        re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
        "write a domain alone, in ASCII: bounce.example.org",
    ),
    "web.metrics": (re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}"), 'write "127.0.0.1:9464"'),
    "alerts.to": _ADDRESSES,
    "schedule.proof_to": _ADDRESSES,
    "feeds.allow_private": (
        re.compile(r"[^\s,/@\"]+(?:\s*,\s*[^\s,/@\"]+)*"),
        "write names of hosts alone, with commas between: intranet.example.org, 10.0.0.5",
    ),
    "sending.window": (
        re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d"),
        "write two times of the day: 08:00-20:00",
    ),
    "schedule.window": (
        re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d"),
        "write two times of the day: 08:00-20:00",
    ),
    "brand.headings": (re.compile(r"[\w ,'\"-]+"), "write names of fonts: Georgia, 'Times New Roman', serif"),
}
_PLAIN_URL = re.compile(r"[A-Za-z0-9.:/_~\[\]-]+")
#: A database in memory is gone with the process: what was imported would be lost.
_DATABASE = re.compile(r"sqlite:///(?!:memory:).+|postgresql\+psycopg://.+")
_COLOUR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


def type_of(name: str) -> Any:
    section, _, key = name.partition(".")
    return typing.get_type_hints(SECTIONS[section])[key]


def parse_text(raw: str, kind: Any) -> Any:
    if kind is int or kind is float:
        try:
            return kind(raw)
        except ValueError:
            return raw  # checked says what was wanted
    return convert(raw, kind)


def convert(value: Any, kind: Any) -> Any:
    """`value` as `kind`; a SettingsError says what was wanted."""
    if isinstance(kind, types.UnionType):
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    if kind is datetime:
        return _instant(value)
    if typing.get_origin(kind) is Mapping:
        return _plain_table(value, typing.get_args(kind)[1])
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    words = {int: "a whole number", float: "a number", str: "text in quotes", bool: "true or false"}
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise SettingsError(f"this takes {words[kind]}")  # the value itself may be a password
    return value


def _plain_table(value: Any, kind: Any) -> dict[str, Any]:
    """A table of plain values, all of `kind`; `object` stands for any."""
    if not isinstance(value, dict):
        raise SettingsError("this takes a table")
    if kind is not object:
        return {key: convert(one, kind) for key, one in value.items()}
    if not all(isinstance(one, (str, int, float)) for one in value.values()):
        raise SettingsError("this takes a table of texts, numbers, true and false")
    return value


def _instant(value: Any) -> datetime | None:
    if value in ("", None):
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise SettingsError(f"{value!r} is not an instant", hint='write "2018-01-23T09:00:00Z"') from None
    if moment.tzinfo is None:
        raise SettingsError(f"{value!r} has no zone", hint="end it in Z or +01:00")
    if not 1970 < moment.year < 2200:  # days are counted from it in both directions, and in every zone
        raise SettingsError(f"{value!r} is not of our time", hint="write a year from 1971 to 2199")
    return moment.astimezone(UTC)


def checked(name: str, value: Any, variable: str) -> Any:
    """Refuse words that are no choice and numbers below zero; `variable` names the culprit when it came from outside."""
    where = variable or name
    choices = CHOICES.get(name)
    if choices and value not in choices:
        raise SettingsError(f'{where} is "{value}"', hint=f"it takes {', '.join(choices)}")
    kind = type_of(name) if name.count(".") == 1 and not name.startswith("relays") else None
    if kind in (int, float) and not isinstance(value, (int, float)):
        raise SettingsError(f'{where} is "{value}"', hint="it takes a number")
    if isinstance(value, (int, float)) and value < 0:
        raise SettingsError(f"{where} is {value}", hint="it cannot be below zero")
    if name == "database.url" and value and not _DATABASE.fullmatch(value):  # it may hold a password: not repeated
        raise SettingsError(
            f"{where} is no database that mailer knows",
            hint="write sqlite:///path/to/mailer.db or postgresql+psycopg://user:password@host/name",
        )
    if name == "web.public_url" and value:
        return public_url(value, where)
    if name == "alerts.webhook" and value and not _may_be_told(value):  # it is a secret: not repeated
        raise SettingsError(f"{where} is no address to tell", hint='write "https://…"; http is for this machine alone')
    form = _FORMS.get(name)
    if form and value and not form[0].fullmatch(value):
        raise SettingsError(f"{where} is {json.dumps(value, ensure_ascii=False)}", hint=form[1])
    if name in ZONES and not is_zone(value) and (value or name == "project.timezone"):
        near = nearest_zones(value)
        hint = f"did you mean {' or '.join(near)}?" if near else "write it as Europe/London or America/Lima"
        raise SettingsError(f'{where} is "{value}"', hint=hint)
    if name in COLOURS and not _COLOUR.fullmatch(value) and (value or name != "brand.accent_dark"):
        raise SettingsError(f'{where} is "{value}"', hint="a colour is written like #b3261e")
    return value


def public_url(value: str, where: str) -> str:
    """`value` without a slash at its end; SettingsError if links in mail cannot begin with it. where: what is at fault."""
    # It stands in header fields, attributes and policies, so nothing in it may end one.
    try:
        parts = urlsplit(value if _PLAIN_URL.fullmatch(value) else "")
        _ = parts.port
    except ValueError:  # brackets that hold no address, a port that is no number
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f'{where} is "{value}"', hint='write "https://mail.example.org"')
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise SettingsError(f'{where} is "{value}"', hint="http is only for this machine: links in mail use https")
    return value.rstrip("/")


def _may_be_told(url: str) -> bool:
    """Whether what is written there stays between us and whoever answers: https, or this machine."""
    try:
        parts = urlsplit(url if url.isascii() and url.isprintable() and " " not in url else "")
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    )


def suggest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known)}" if len(known) < 20 else ""
