"""A segment: a predicate over people, as a typed tree.

Three writers make these trees (segment files, the one-line query, stored audiences) and one reader turns them into SQL
(`mailer.storage.segments`). A tree answers yes or no for every person, never "unknown": `Not(p)` is the complement of `p`.
Trees come from `segment_terms`, which checks them; `describe` writes one in the query language, which reads it back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

#: Fields of a person that hold text and are tested like attributes.
TEXT_FIELDS = ("email", "first_name", "last_name", "name", "timezone", "country")


class Op(StrEnum):
    """How a value is tested. The words are stored with a mailing's audience."""

    EQUALS = "="  #: text exactly; a number as a number; true and false also as the words people write
    CONTAINS = "contains"  #: text within text, or an element of a list
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    EXISTS = "exists"  #: there and not blank
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    BEFORE = "before"  #: dates written YYYY-MM-DD, strictly before the day
    SINCE = "since"  #: dates written YYYY-MM-DD, on the day or later


NUMERIC = frozenset({Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST})
Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Everyone:
    """Everybody who may be mailed."""


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple["Segment", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple["Segment", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Segment"


@dataclass(frozen=True, slots=True)
class Tagged:
    tag: str


@dataclass(frozen=True, slots=True)
class Hears:
    """Would get what is about the topic: chose it, or chose none and so gets everything."""

    topic: str


@dataclass(frozen=True, slots=True)
class OnList:
    """A confirmed member of the list."""

    name: str


@dataclass(frozen=True, slots=True)
class Received:
    """Whom an earlier mailing of the campaign reached: a relay took the message."""

    slug: str


@dataclass(frozen=True, slots=True)
class Speaks:
    """Prefers the language, in whatever regional form: `pt` holds for pt and pt-BR."""

    language: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Came to us before an instant, or at it or later."""

    op: Op  # BEFORE | SINCE
    at: datetime


@dataclass(frozen=True, slots=True)
class JoinedWithin:
    """Came to us within the last `days`, counted back when the audience is taken."""

    days: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field of TEXT_FIELDS. `value` is True for EXISTS, else text."""

    name: str
    op: Op
    value: str | bool


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute that an import brought. A number for NUMERIC operators, ISO dates for BEFORE and SINCE."""

    name: str
    op: Op
    value: Value


Segment = (
    Everyone
    | All
    | AnyOf
    | Not
    | Tagged
    | Hears
    | OnList
    | Received
    | Speaks
    | Joined
    | JoinedWithin
    | Field
    | Attribute
)


def instant_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def resolved(segment: Segment, now: datetime) -> Segment:
    """The same tree with "the last 30 days" counted back from `now`: what a frozen audience stores."""
    match segment:
        case JoinedWithin(days):
            return Joined(Op.SINCE, now - timedelta(days=days))
        case All(parts):
            return All(tuple(resolved(part, now) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(resolved(part, now) for part in parts))
        case Not(part):
            return Not(resolved(part, now))
        case _:
            return segment


def to_json(segment: Segment) -> dict[str, Any]:
    """As a mailing stores it; `from_json` reads it back."""
    match segment:
        case Everyone():
            return {"everyone": True}
        case All(parts):
            return {"all": [to_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [to_json(part) for part in parts]}
        case Not(part):
            return {"not": to_json(part)}
        case Tagged(tag):
            return {"tag": tag}
        case Hears(topic):
            return {"topic": topic}
        case OnList(name):
            return {"list": name}
        case Received(slug):
            return {"received": slug}
        case Speaks(language):
            return {"language": language}
        case Joined(op, at):
            return {"joined": {op.value: instant_text(at)}}
        case JoinedWithin(days):
            return {"joined": {"within": days}}
        case Field(name, op, value):
            return {"field": name, "op": op.value, "value": value}
        case Attribute(name, op, value):
            return {"attribute": name, "op": op.value, "value": value}


def from_json(document: dict[str, Any]) -> Segment:
    """The tree that `to_json` wrote. Raises ValueError for anything else: it was written by a newer mailer."""
    if "op" in document:
        kind, name = (Field, document["field"]) if "field" in document else (Attribute, document["attribute"])
        return kind(name, Op(document["op"]), document["value"])
    ((key, value),) = document.items()
    if key == "joined":
        ((op, moment),) = value.items()
        return JoinedWithin(moment) if op == "within" else Joined(Op(op), datetime.fromisoformat(moment))
    makers: dict[str, Callable[[Any], Segment]] = {
        "everyone": lambda _: Everyone(),
        "all": lambda parts: All(tuple(map(from_json, parts))),
        "any": lambda parts: AnyOf(tuple(map(from_json, parts))),
        "not": lambda part: Not(from_json(part)),
        "tag": Tagged,
        "topic": Hears,
        "list": OnList,
        "received": Received,
        "language": Speaks,
    }
    if key not in makers:
        raise ValueError(f"unknown segment term {key!r}")
    return makers[key](value)


def leaves(segment: Segment) -> list[Segment]:
    """Every test in the tree, in the order of writing."""
    match segment:
        case All(parts) | AnyOf(parts):
            return [leaf for part in parts for leaf in leaves(part)]
        case Not(part):
            return leaves(part)
        case _:
            return [segment]
