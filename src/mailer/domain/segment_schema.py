"""A JSON Schema of subscribers/segments.yaml, for editors; what each term means is in `segment_terms`."""

from typing import Any

from mailer.domain.segment_terms import KEYS, OPERATORS

_ALIASES = ("is", "is_not")
_SCALAR: dict[str, Any] = {"type": ["string", "number", "boolean"]}
_SEVERAL: dict[str, Any] = {"type": "array", "minItems": 1, "items": _SCALAR}


def segment_schema() -> dict[str, Any]:
    """The schema, draft 7."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Segments: parts of the list, by name",
        "type": ["object", "null"],
        "propertyNames": {"pattern": "^[a-z][a-z0-9-]*$", "not": {"const": "everyone"}},
        "additionalProperties": {"$ref": "#/definitions/named"},
        "definitions": {
            "named": {"anyOf": [_query(), _tests({"description": {"type": "string", "description": "who these are"}})]},
            "segment": {"anyOf": [_query(), _tests({})]},
            "value": {"anyOf": [_SCALAR, _SEVERAL, _operators()]},
        },
    }


def _query() -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": "a line: tag:donor -country:GB"}


def _tests(more: dict[str, Any]) -> dict[str, Any]:
    """A mapping of tests that must all hold."""
    groups = {
        name: {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/segment"}} for name in ("all", "any")
    }
    groups["all"]["description"] = "every one of these holds"
    groups["any"]["description"] = "at least one of these holds"
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            **more,
            **groups,
            "not": {"allOf": [{"$ref": "#/definitions/segment"}], "description": "this does not hold"},
            "everyone": {"const": True, "description": "all who may be mailed"},
            **{key: _value(words) for key, words in KEYS.items()},
        },
        "patternProperties": {"^attr\\.[A-Za-z_][A-Za-z0-9_]*$": _value("a column of your own imports")},
    }


def _value(words: str) -> dict[str, Any]:
    return {"allOf": [{"$ref": "#/definitions/value"}], "description": words}


def _operators() -> dict[str, Any]:
    known = {**OPERATORS, **dict.fromkeys(_ALIASES, "the same as = or !=")}
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {name: {"anyOf": [_SCALAR, _SEVERAL], "description": words} for name, words in known.items()},
    }
