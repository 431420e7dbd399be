"""The kinds there are, and the reading of front matter into one of them, with every fault at once.

A further kind is one more file with a subclass of `Campaign`, and one line here.
"""

import difflib
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_appeal import Appeal
from mailer.domain.campaign_article import Article
from mailer.domain.campaign_digest import Digest
from mailer.domain.campaign_event_invite import EventInvite
from mailer.domain.campaign_event_report import EventReport
from mailer.domain.campaign_letter import Letter
from mailer.domain.campaign_petition import PetitionLetter

KINDS: dict[str, type[Campaign]] = {
    kind.name: kind for kind in (Article, Appeal, EventReport, Digest, EventInvite, Letter, PetitionLetter)
}
#: Templates and schedules are the author's business; these alone are rendered.
TEMPLATE_FIELDS = ("subject", "preheader")

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at `place` (keys and positions from the top of the front matter)."""

    place: Place
    message: str
    hint: str = ""


def typed(values: Mapping[str, Any]) -> Campaign | list[Fault]:
    """The typed campaign in `values`, or everything that is wrong with them."""
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        return [_wrong_kind(kind)]
    try:
        return KINDS[kind].model_validate(dict(values), context={"kinds": tuple(KINDS)})
    except ValidationError as error:
        return [_fault(KINDS[kind], finding) for finding in error.errors(include_url=False)]


def _wrong_kind(kind: Any) -> Fault:
    known = ", ".join(KINDS)
    if kind is None:
        return Fault((), '"kind" is missing', f"write one of: {known}")
    near = difflib.get_close_matches(str(kind), KINDS, n=1)
    return Fault(("kind",), f'there is no kind "{kind}"', f'did you mean "{near[0]}"?' if near else f"known: {known}")


def _fault(model: type[BaseModel], finding: Any) -> Fault:
    # pydantic adds the branch of a union ("date", "datetime") to the place; only keys and positions are of use.
    place = _known_place(model, finding["loc"], unknown_last=finding["type"] == "extra_forbidden")
    name = ".".join(str(part) for part in place)
    match finding["type"]:
        case "campaign":
            key = finding["ctx"]["key"]
            return Fault((*place, key) if key else place, finding["ctx"]["message"], finding["ctx"]["hint"])
        case "missing":
            return Fault(place, f'"{name}" is missing', _description(model, place))
        case "extra_forbidden":
            return Fault(place, f'unknown key "{place[-1]}"', _suggestion(model, place))
        case "string_type":
            return Fault(place, f'"{name}" is not text', "put it in quotes")
        case "string_too_short":
            return Fault(place, f'"{name}" is empty', "fill it in, or leave the line out")
        case "model_type" | "model_attributes_type" | "dict_type":
            return Fault(
                place, f'"{name}" has keys of its own', f"write them below it, indented: {_keys(model, place)}"
            )
        case "tuple_type" | "list_type":
            return Fault(place, f'"{name}" is a list', "write one item a line, each after a hyphen")
        case "bool_type":
            return Fault(place, f'"{name}" is yes or no', "write true or false")
        case "date_type" | "datetime_type" | "is_instance_of":
            return Fault(place, f'"{name}" is not a date', "write 2024-11-30")
        case _:
            return Fault(place, f'"{name}": {finding["msg"]}', _description(model, place))


def _known_place(model: type[BaseModel], location: Place, *, unknown_last: bool) -> Place:
    place: list[str | int] = []
    current: type[BaseModel] | None = model
    for number, part in enumerate(location):
        if isinstance(part, int):
            place.append(part)
            continue
        field = _fields(current).get(part) if current else None
        if field is not None or (unknown_last and number == len(location) - 1):
            place.append(part)
        if field is not None:
            current = _model_in(field.annotation)
    return tuple(place)


def _fields(model: type[BaseModel] | None) -> dict[str, Any]:
    return {field.alias or name: field for name, field in model.model_fields.items()} if model else {}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `Model | None` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in typing.get_args(annotation) if (found := _model_in(part))), None)


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for part in place:
        if isinstance(part, str) and current:
            field = _fields(current).get(part)
            current = _model_in(field.annotation) if field else None
    return current


def _suggestion(model: type[BaseModel], place: Place) -> str:
    known = list(_fields(_model_at(model, place[:-1])))
    near = difflib.get_close_matches(str(place[-1]), known, n=1)
    return f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known)}"


def _keys(model: type[BaseModel], place: Place) -> str:
    return ", ".join(_fields(_model_at(model, place)))


def _description(model: type[BaseModel], place: Place) -> str:
    field = _fields(_model_at(model, place[:-1])).get(str(place[-1])) if place else None
    return str(field.description or "") if field else ""


@dataclass(frozen=True, slots=True)
class FieldDoc:
    """A field as documentation names it: "fund.target"."""

    name: str
    required: bool
    description: str


def field_docs(model: type[BaseModel], prefix: str = "") -> Iterator[FieldDoc]:
    """Every field of a kind, those inside others after them."""
    for name, field in _fields(model).items():
        yield FieldDoc(prefix + name, field.is_required(), str(field.description))
        inner = _model_in(field.annotation)
        if inner:
            yield from field_docs(inner, f"{prefix}{name}.")
