"""A JSON Schema of the front matter of campaign files, for editors that complete and check it as it is typed.

Draft 7 rather than a later one: the language servers of YAML and TOML, and the linters that read front matter, all know
it. One schema holds every kind and chooses by `kind`, so that a finding names a field and not seven alternatives.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic.json_schema import models_json_schema

from mailer.domain.campaign_kinds import KINDS

DRAFT = "http://json-schema.org/draft-07/schema#"
_REF = "#/definitions/{model}"
_MODE: Literal["validation"] = "validation"


def campaign_schema() -> dict[str, Any]:
    """The schema of every kind; what a new kind adds to `KINDS` is in it."""
    models = [(model, _MODE) for model in KINDS.values()]
    references, generated = models_json_schema(models, by_alias=True, ref_template=_REF)
    definitions = {name: _tidied(model) for name, model in generated["$defs"].items()}
    return {
        "$schema": DRAFT,
        "title": "Front matter of a campaign",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"description": "what this is", "enum": list(KINDS)}},
        "allOf": [_chosen(name, references[model, _MODE]) for name, model in KINDS.items()],
        # What a type of ours says itself is left over from pydantic's own idea of it.
        "definitions": {name: model for name, model in definitions.items() if _is_used(name, definitions)},
    }


def _is_used(name: str, definitions: Mapping[str, Any]) -> bool:
    kinds = {model.__name__ for model in KINDS.values()}
    return name in kinds or f"'{_REF.format(model=name)}'" in str(definitions)


def _chosen(name: str, reference: Any) -> dict[str, Any]:
    """The rules of one kind, where it is that kind."""
    is_it = {"required": ["kind"], "properties": {"kind": {"const": name}}}
    return {"if": is_it, "then": dict(reference)}


def _tidied(node: Any) -> Any:
    """Without the titles that pydantic makes up from names, and in a form that draft 7 understands."""
    if isinstance(node, list):
        return [_tidied(part) for part in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if not _is_noise(key, value)}
    if "properties" in kept:  # its keys are names of fields, which may be called "title" too
        kept["properties"] = {name: _tidied(value) for name, value in kept["properties"].items()}
        return kept
    tidied = {key: _tidied(value) for key, value in kept.items()}
    return _with_words_beside_references(_with_null(tidied))


def _is_noise(key: str, value: Any) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value in (None, [], ()))


def _with_null(node: dict[str, Any]) -> dict[str, Any]:
    """`X or nothing` as one type with null in it, where X is a plain type: editors then say one thing, not two."""
    first, *others = node.get("anyOf") or [{}]
    if others != [{"type": "null"}] or not isinstance(first.get("type"), str):
        return node
    beside = {key: value for key, value in node.items() if key != "anyOf"}
    return {**first, "type": [first["type"], "null"], **beside}


def _with_words_beside_references(node: dict[str, Any]) -> dict[str, Any]:
    """Draft 7 overlooks whatever stands beside a $ref (draft-handrews-json-schema-01 §8.3)."""
    if "$ref" not in node or len(node) == 1:
        return node
    others = {key: value for key, value in node.items() if key != "$ref"}
    return {"allOf": [{"$ref": node["$ref"]}], **others}
