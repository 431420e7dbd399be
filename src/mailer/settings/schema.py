"""A JSON Schema of mailer.toml, for editors that complete and check it as it is typed.

Draft 7, and of that only what draft 4 has too: the language servers of TOML know no more.
"""

import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from datetime import datetime
from typing import Any

from mailer.settings.relays import RelaySettings
from mailer.settings.table import SECTIONS, ListSettings
from mailer.settings.values import CHOICES, COLOURS

_TYPES = {int: "integer", float: "number", str: "string", bool: "boolean"}
#: The form of texts that are more than text.
_FORMS: dict[str, dict[str, Any]] = {
    **{name: {"pattern": "^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$"} for name in COLOURS - {"brand.accent_dark"}},
    "brand.accent_dark": {"pattern": "^(#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}))?$"},
    "organisation.from_address": {"pattern": "^([^@<> ]+@[^@<> ]+)?$"},
    "organisation.website": {"pattern": "^(https?://.+)?$"},
    "web.public_url": {"pattern": "^(https?://[^/]+.*)?$"},
    "relays.name": {"pattern": "^[a-z][a-z0-9-]{0,39}$"},
    "subscribers.default_list": {"pattern": "^[a-z][a-z0-9-]*$"},
}


def settings_schema() -> dict[str, Any]:
    """The schema of the whole file."""
    sections = {name: _table(kind, name) for name, kind in SECTIONS.items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "mailer.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": sections | {"relays": {"type": "array", "items": _table(RelaySettings, "relays")}},
    }


def _table(kind: type, prefix: str) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    properties = {field.name: _property(field, hints[field.name], f"{prefix}.{field.name}") for field in fields(kind)}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _property(field: Field[Any], hint: Any, name: str) -> dict[str, Any]:
    words = {"description": field.metadata["help"]}
    if field.default not in (MISSING, None, ""):
        words["default"] = field.default
    return _form(hint, name) | words


def _form(hint: Any, name: str) -> dict[str, Any]:
    if name in CHOICES:
        return {"enum": list(CHOICES[name])}
    if name == "relays.options":
        return {"type": "object"}
    if typing.get_origin(hint) is Mapping:
        named = (
            {"type": "string", "minLength": 1}
            if name == "subscribers.topics"
            else _table(ListSettings, "subscribers.lists")
        )
        return {
            "type": "object",
            "patternProperties": {"^[a-z][a-z0-9-]*$": named},
            "additionalProperties": False,
        }
    if hint in (int, float, int | None):
        hint = next(iter(typing.get_args(hint)), hint)
        return {"type": _TYPES[hint], "minimum": 0}
    if hint in _TYPES:
        return {"type": _TYPES[hint]} | _FORMS.get(name, {})
    assert datetime in typing.get_args(hint), name
    return {"type": "string", "format": "date-time"}
