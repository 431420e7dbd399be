"""YAML without surprises, and with the line of every key.

Plain words are true, false, null, whole numbers, numbers, or else text: PyYAML's own reader makes False of `NO` (a
country), 750 of `12:30` and 668 of `01234`. Dates stay text; whoever reads the document knows its time zone.
Duplicate keys, anchors and tags are refused: each hides something from the person who reads the file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_WHOLE = re.compile(r"[-+]?(0|[1-9]\d*)")
_NUMBER = re.compile(r"[-+]?(0|[1-9]\d*)\.\d+([eE][-+]?\d+)?")
_TEXT = "tag:yaml.org,2002:str"
#: What "\\0" or "\\ud800" in quotation marks become; no mail or page can hold them.
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")
#: What PyYAML resolves plain words to; any other tag was written down by somebody.
_RESOLVED = {f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null", "timestamp", "merge", "value")}

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class YamlFault:
    """Something wrong; line and column count from 1 within the text that was given."""

    line: int
    column: int
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """`lines`: (line, column) of every key and item, from 1, by its place from the top."""

    value: Any
    lines: Mapping[Place, tuple[int, int]]
    faults: tuple[YamlFault, ...]


class _Loader(yaml.SafeLoader):
    """Composes nodes; what they mean is decided below."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="references (*name) are not read", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


def read_yaml(text: str) -> YamlDocument:
    """The document in `text`; what could not be read is in `faults`, and the rest is still there."""
    reading = _Reading()
    try:
        node = yaml.compose(text, Loader=_Loader)
        value = reading.value(node, ()) if node else None
    except yaml.MarkedYAMLError as error:
        return YamlDocument(None, {}, (_fault(error),))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        return YamlDocument(None, {}, (YamlFault(line, 1, "a control character", "delete it"),))
    except RecursionError:
        return YamlDocument(None, {}, (YamlFault(1, 1, "too many brackets inside one another"),))
    return YamlDocument(value, reading.lines, tuple(reading.faults))


@dataclass
class _Reading:
    lines: dict[Place, tuple[int, int]] = field(default_factory=dict)
    faults: list[YamlFault] = field(default_factory=list)

    def value(self, node: yaml.Node, place: Place) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self.lines[(*place, number)] = _position(item)
            return [self.value(item, (*place, number)) for number, item in enumerate(node.value)]
        if node.tag != _TEXT and node.tag not in _RESOLVED:
            self.fault(node, f"tags ({node.tag}) are not read", "delete it")
        invisible = _INVISIBLE.search(node.value)
        if invisible:
            self.fault(node, f"the invisible character U+{ord(invisible[0]):04X}", "delete its escape")
            return _INVISIBLE.sub("", node.value)
        return node.value if getattr(node, "style", None) or node.tag == _TEXT else scalar(node.value)

    def mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str):
                self.fault(key_node, "a key is a single word", "write key: value")
                continue
            if key in out:
                first = self.lines[(*place, key)][0]
                self.fault(key_node, f'"{key}" is there twice', f"the first is in line {first}")
                continue
            self.lines[(*place, key)] = _position(key_node)
            out[key] = self.value(value_node, (*place, key))
        return out

    def fault(self, node: yaml.Node, message: str, hint: str = "") -> None:
        self.faults.append(YamlFault(*_position(node), message, hint))


def scalar(word: str) -> str | int | float | bool | None:
    """What a plain word means."""
    if word in _WORDS:
        return _WORDS[word]
    if _WHOLE.fullmatch(word) and len(word) < 19:
        return int(word)
    if _NUMBER.fullmatch(word) and len(word) < 19:
        return float(word)
    return word


def _position(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


#: What PyYAML says, and what a person can do about it.
_HINTS = {
    "mapping values are not allowed here": "a text with a colon in it goes in quotes",
    "could not find expected ':'": 'every line reads "key: value"',
    "found character '\\t' that cannot start any token": "indent with spaces, not tabs",
    "found character '@' that cannot start any token": "put the text in quotes",
    "found character '`' that cannot start any token": "put the text in quotes",
    "expected <block end>, but found '<scalar>'": "put the whole text in quotes, and double the quotes inside it",
    "found unexpected end of stream": "a quotation mark or bracket is not closed",
    "expected the node content, but found '-'": "begin the list on the next line",
    "found undefined alias": "put the text in quotes",
    "references (*name) are not read": "put the text in quotes",
}


def _fault(error: yaml.MarkedYAMLError) -> YamlFault:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or str(error)
    hint = next((hint for start, hint in _HINTS.items() if problem.startswith(start)), "")
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return YamlFault(line, column, f"not YAML: {problem}", hint)
