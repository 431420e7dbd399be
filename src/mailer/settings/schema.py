"""A JSON Schema of mailer.toml, for editors that complete and check it as it is typed."""

import typing
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from mailer.settings.table import SECTIONS, ListSettings, RelaySettings
from mailer.settings.values import CHOICES

_TYPES = {int: "integer", float: "number", str: "string", bool: "boolean"}


def settings_schema() -> dict[str, Any]:
    """The schema, draft 2020-12."""
    sections = {name: _table(kind, name) for name, kind in SECTIONS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mailer.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": sections | {"relays": {"type": "array", "items": _table(RelaySettings, "relays")}},
    }


def _table(kind: type, prefix: str) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    properties = {
        field.name: _property(hints[field.name], f"{prefix}.{field.name}") | {"description": field.metadata["help"]}
        for field in fields(kind)
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _property(hint: Any, name: str) -> dict[str, Any]:
    if name in CHOICES:
        return {"enum": list(CHOICES[name])}
    if typing.get_origin(hint) is Mapping:
        return {"type": "object", "additionalProperties": _table(ListSettings, "subscribers.lists")}
    if hint in _TYPES:
        return {"type": _TYPES[hint]}
    assert datetime in typing.get_args(hint), name
    return {"type": "string", "format": "date-time"}
