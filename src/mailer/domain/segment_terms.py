"""What a segment may ask: every key and operator, and how a term becomes a checked piece of the tree.

Segment files and the one-line query both come here, so a term means the same in both.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from mailer.domain.naming import ATTRIBUTE, country_code, language_tag, tag_name
from mailer.domain.segment import (
    NUMERIC,
    TEXT_FIELDS,
    All,
    AnyOf,
    Attribute,
    Everyone,
    Field,
    Hears,
    Joined,
    JoinedWithin,
    Not,
    OnList,
    Op,
    Received,
    Segment,
    Speaks,
    Tagged,
    Value,
)
from mailer.domain.topics import Topics, UnknownTopic

#: Keys beside `attr.NAME`, and what each asks.
KEYS: dict[str, str] = {
    "tag": "has the tag",
    "topic": "would hear of the topic: chose it, or chose none and hears of everything",
    "list": "is a confirmed member of the list",
    "segment": "belongs to another segment",
    "received": "an earlier mailing of the campaign reached them",
    "language": "prefers the language, in any regional form",
    "country": "lives there",
    "timezone": "their IANA zone",
    "first_name": "first name",
    "last_name": "last name",
    "name": "name as given, else first and last",
    "email": "address, in lower case",
    "joined": "when they came to us",
}
#: Operators, and what each asks. `in` is what a list of values means.
OPERATORS: dict[str, str] = {
    "=": "is exactly that: text as text, a number as a number; also written `is`",
    "!=": "anything but that, or nothing at all; also written `is_not`",
    "in": "one of several values",
    "<": "less than the number, or before the day",
    "<=": "at most the number, or until the day",
    ">": "more than the number, or after the day",
    ">=": "at least the number, or from the day on",
    "contains": "has the text somewhere, or a list has it as an element",
    "starts_with": "begins with the text",
    "ends_with": "ends with the text",
    "exists": "true: there and not blank; false: the opposite",
    "before": "before the day",
    "since": "on the day or later",
    "on": "on the day",
    "within": "in the last so many days or weeks: 30d, 8w",
}
_ALIASES = {"is": "=", "==": "=", "is_not": "!=", "in": "=", "before": "<", "since": ">="}
_TEXT = {"contains": Op.CONTAINS, "starts_with": Op.STARTS_WITH, "ends_with": Op.ENDS_WITH}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SPAN = re.compile(r"([1-9][0-9]{0,4})\s*([dw])")
_SLUG = re.compile(r"[a-z][a-z0-9-]*")
#: Beyond this a double, which SQLite compares with, no longer holds every whole number.
_LARGEST = 1e15


class TermError(ValueError):
    """A term that means nothing. `unknown`: the name in it does not exist, rather than being written wrongly."""

    def __init__(self, message: str, hint: str = "", *, unknown: bool = False) -> None:
        self.message, self.hint, self.unknown = message, hint, unknown
        super().__init__(message)


def _no_segment(name: str) -> Segment:
    raise TermError(f'there is no segment "{name}"', unknown=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What names stand for: the declared lists, the topics there are, the segments, and the zone in which days begin."""

    lists: frozenset[str] = frozenset()
    topics: Topics = field(default_factory=Topics)
    segment: Callable[[str], Segment] = _no_segment
    zone: tzinfo = field(default=UTC)


def suggestion(word: str, known: Iterable[str]) -> str:
    """A hint: the nearest of `known`, else all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    return f'did you mean "{near[0]}"?' if near else f"known: {', '.join(names)}" if names else ""


def term(key: str, operator: str, value: Value | list[Value], words: Vocabulary) -> Segment:
    """One test. Raises TermError."""
    if operator not in OPERATORS and operator not in _ALIASES:
        raise TermError(f'"{operator}" is no operator', suggestion(operator, OPERATORS))
    operator = _ALIASES.get(operator, operator)
    if operator == "!=":
        return Not(term(key, "=", value, words))
    if isinstance(value, list):
        if not value or operator != "=":
            raise TermError(f"{key} {operator} takes one value, not {len(value)}")
        return AnyOf(tuple(term(key, operator, one, words) for one in value))
    if operator == "exists":
        return _exists(key, value)
    if key.startswith("attr."):
        return _attribute(key.removeprefix("attr."), operator, value)
    if key == "joined":
        return _joined(operator, value, words)
    return _named(key, operator, value, words)


def _named(key: str, operator: str, value: Value, words: Vocabulary) -> Segment:
    text = _text_of(key, value)
    if key in TEXT_FIELDS and operator in _TEXT:
        return Field(key, _TEXT[operator], text.casefold() if key == "email" else text)
    if key not in KEYS:
        raise TermError(f'"{key}" is nothing to test', key_hint(key))
    if operator != "=":
        raise TermError(f"{key} cannot be tested with {operator}", _operators_of(key))
    match key:
        case "tag":
            if not tag_name(text):
                raise TermError(f"{text!r} cannot be a tag")
            return Tagged(tag_name(text))
        case "topic":
            return _hears(text, words.topics)
        case "list":
            if text not in words.lists:
                raise TermError(f'there is no list "{text}"', suggestion(text, words.lists), unknown=True)
            return OnList(text)
        case "segment":
            return words.segment(text)
        case "received":
            if not _SLUG.fullmatch(text):
                raise TermError(f"{text!r} is no campaign's slug")
            return Received(text)
        case "language":
            if not language_tag(text):
                raise TermError(f"{text!r} is no language", 'write "es" or "pt-BR"')
            return Speaks(language_tag(text))
        case "country":
            return Field(key, Op.EQUALS, country_code(text))
        case _:
            return Field(key, Op.EQUALS, text.casefold() if key == "email" else text)


def _hears(text: str, topics: Topics) -> Segment:
    try:
        return Hears(topics.named(text))
    except UnknownTopic as error:
        raise TermError(error.message, error.hint, unknown=bool(topics.titles)) from None


def _text_of(key: str, value: Value) -> str:
    if not isinstance(value, str):
        raise TermError(f"{key} takes text, not {str(value).lower()}", "put it in quotes")
    if not value.strip():
        raise TermError(f"{key} needs a value", f"to ask for people without one: {key}: {{exists: false}}")
    return value


def key_hint(key: str) -> str:
    """For a key that is none: the nearest one, and how attributes are written."""
    near = difflib.get_close_matches(key, [*KEYS, "all", "any", "not"], n=1)
    meant = f'did you mean "{near[0]}"? ' if near else ""
    own = f'an attribute is written "attr.{key}"' if ATTRIBUTE.fullmatch(key) else ""
    return (meant + own).strip()


def _operators_of(key: str) -> str:
    return "it takes =, !=, in, exists" + (", contains, starts_with, ends_with" if key in TEXT_FIELDS else "")


def _exists(key: str, value: Value) -> Segment:
    if not isinstance(value, bool):
        raise TermError(f"{key}: exists is true or false")
    if key in TEXT_FIELDS or key == "language":
        found: Segment = Field(key, Op.EXISTS, True)  # noqa: FBT003
    elif key.startswith("attr."):
        found = Attribute(_checked_name(key.removeprefix("attr.")), Op.EXISTS, True)  # noqa: FBT003
    else:
        raise TermError(f'"{key}" cannot be tested with exists', "" if key in KEYS else key_hint(key))
    return found if value else Not(found)


def _checked_name(name: str) -> str:
    if not ATTRIBUTE.fullmatch(name):
        raise TermError(f"{name!r} cannot be an attribute", "letters without accents, digits and _, a letter first")
    return name


def _attribute(name: str, operator: str, value: Value) -> Segment:
    _checked_name(name)
    if isinstance(value, str) and not value.strip():
        raise TermError(f"attr.{name} needs a value", f"for people without one: attr.{name}: {{exists: false}}")
    if operator in _TEXT:
        return Attribute(name, _TEXT[operator], _text_of(f"attr.{name} {operator}", value))
    if operator == "=":
        return Attribute(name, Op.EQUALS, _number(value))
    if operator == "within":
        raise TermError("within is for joined", f"for dates in an attribute: attr.{name}: {{since: 2026-01-31}}")
    if isinstance(value, str):
        return _days(operator, _day(f"attr.{name} {operator}", value), lambda op, day: _dated(name, op, day))
    if isinstance(value, bool) or operator == "on":
        raise TermError(f"attr.{name} {operator} needs a date such as 2026-01-31")
    assert operator in NUMERIC
    return Attribute(name, Op(operator), _number(value))


def _number(value: Value) -> Value:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not abs(value) <= _LARGEST:
        raise TermError(f"{value} is too large to compare", "put it in quotes to compare it as text")
    return value


def _dated(name: str, op: Op, day: date) -> Segment:
    return Attribute(name, op, day.isoformat())


def _joined(operator: str, value: Value, words: Vocabulary) -> Segment:
    span = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if operator in ("within", "="):
        if span:
            return JoinedWithin(int(span[1]) * (7 if span[2] == "w" else 1))
        if operator == "within":
            raise TermError(f"joined within {value} means nothing", 'write "30d" or "8w"')
    if operator in _TEXT:
        raise TermError(f"joined cannot be tested with {operator}", "it takes <, <=, >, >=, before, since, on, within")
    text = _text_of("joined", value).strip()
    if len(text) > 10 and operator in (">=", "<"):
        return Joined(Op.SINCE if operator == ">=" else Op.BEFORE, _instant(text, words.zone))
    return _days(
        "on" if operator == "=" else operator, _day("joined", text), lambda op, day: Joined(op, _start(day, words.zone))
    )


def _days(operator: str, day: date, make: Callable[[Op, date], Segment]) -> Segment:
    """A comparison of days as `since` and `before` a day's beginning."""
    try:
        following = day + timedelta(days=1)
    except OverflowError:
        raise TermError(f"{day} is too far away") from None
    match operator:
        case ">=":
            return make(Op.SINCE, day)
        case ">":
            return make(Op.SINCE, following)
        case "<":
            return make(Op.BEFORE, day)
        case "<=":
            return make(Op.BEFORE, following)
        case _:
            return All((make(Op.SINCE, day), make(Op.BEFORE, following)))


def _day(what: str, text: str) -> date:
    try:
        if not _DAY.fullmatch(text.strip()):
            raise ValueError  # noqa: TRY301 (fromisoformat knows more spellings than we promise)
        return date.fromisoformat(text.strip())
    except ValueError:
        raise TermError(
            f"{what}: {text!r} is neither a number nor a day"
            if what.startswith("attr")
            else f"{what}: {text!r} is no day",
            "write 2026-01-31",
        ) from None


def _start(day: date, zone: tzinfo) -> datetime:
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        raise TermError(f"{day} is too far away") from None


def _instant(text: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise TermError(f"joined: {text!r} is no day", "write 2026-01-31") from None


def everyone(name: str) -> Segment | None:
    """The built-in segment."""
    return Everyone() if name == "everyone" else None
