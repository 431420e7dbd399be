"""What a segment means, in plain Python: the other opinion that the SQL is compared with. Shares no code with it."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailer.domain import segment as tree
from mailer.domain.segment import Op

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WORDS = {True: {"true", "yes", "y", "1"}, False: {"false", "no", "n", "0"}}


@dataclass
class Somebody:
    id: int
    joined: datetime
    attributes: dict = field(default_factory=dict)
    fields: dict = field(default_factory=dict)
    tags: set = field(default_factory=set)
    topics: set = field(default_factory=set)
    lists: set = field(default_factory=set)
    received: set = field(default_factory=set)


def holds(segment, person, now):
    match segment:
        case tree.Everyone():
            return True
        case tree.All(parts):
            return all(holds(part, person, now) for part in parts)
        case tree.AnyOf(parts):
            return any(holds(part, person, now) for part in parts)
        case tree.Not(part):
            return not holds(part, person, now)
        case tree.Tagged(tag):
            return tag in person.tags
        case tree.Hears(topic):
            return not person.topics or topic in person.topics
        case tree.OnList(name):
            return name in person.lists
        case tree.Received(slug):
            return slug in person.received
        case tree.Speaks(language):
            spoken = person.fields.get("language", "")
            return spoken == language or spoken.startswith(f"{language}-")
        case tree.Joined(op, at):
            return person.joined < at if op is Op.BEFORE else person.joined >= at
        case tree.JoinedWithin(days):
            return person.joined >= now - timedelta(days=days)
        case tree.Field(name, op, value):
            return text_holds(op, value, person.fields.get(name, ""))
        case tree.Attribute(name, op, value):
            return name in person.attributes and attribute_holds(op, value, person.attributes[name])
    raise AssertionError(segment)


def text_holds(op, value, text):
    return {
        Op.EQUALS: lambda: text == value,
        Op.CONTAINS: lambda: value in text,
        Op.STARTS_WITH: lambda: text.startswith(value),
        Op.ENDS_WITH: lambda: text.endswith(value),
        Op.EXISTS: lambda: text.strip(" ") != "",
    }[op]()


def attribute_holds(op, value, found):
    if op is Op.EXISTS:
        return found is not None and not (isinstance(found, str) and found.strip(" ") == "")
    if op in (Op.BEFORE, Op.SINCE):
        dated = isinstance(found, str) and DAY.match(found) is not None
        return dated and (found < value if op is Op.BEFORE else found >= value)
    if isinstance(value, bool):
        return found is value or (isinstance(found, str) and ascii_lower(found) in WORDS[value])
    if isinstance(value, (int, float)):
        return number_holds(op, value, found)
    if op is Op.CONTAINS and isinstance(found, list):
        return value in [one for one in found if isinstance(one, str)]
    return isinstance(found, str) and text_holds(op, value, found)


def ascii_lower(text):
    return "".join(chr(ord(one) + 32) if "A" <= one <= "Z" else one for one in text)


def number_holds(op, value, found):
    if isinstance(found, str) and NUMBER.fullmatch(found) and len(found) <= 16:
        found = float(found)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return False
    return {
        Op.EQUALS: found == value,
        Op.LESS: found < value,
        Op.AT_MOST: found <= value,
        Op.MORE: found > value,
        Op.AT_LEAST: found >= value,
    }[op]
