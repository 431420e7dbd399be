"""subscribers/segments.yaml: named segments, read strictly, with the line of every problem.

A segment is a mapping of tests that must all hold, or `all`, `any`, `not` of such, or a line in the query language.
Lists and segments share one namespace; `everyone` is built in. A project without the file has no segments of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mailer.domain import segment as tree
from mailer.domain.segment import Segment
from mailer.domain.segment_query import QueryError, parse
from mailer.domain.segment_terms import KEYS, TermError, Vocabulary, key_hint, suggestion, term
from mailer.domain.topics import Topics
from mailer.errors import InputProblems, MailerError, Problem, UnknownName, UsageError
from mailer.settings import SLUG, Settings
from mailer.sources.yaml_loader import Place, YamlDocument, read_yaml

FILE_NAME = "subscribers/segments.yaml"
EVERYONE = "everyone"
_GROUPS: dict[str, type[tree.All | tree.AnyOf]] = {"all": tree.All, "any": tree.AnyOf}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSegment:
    name: str
    description: str
    segment: Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Every name that stands for people: segments of the file, lists, and `everyone`."""

    named: dict[str, NamedSegment]
    words: Vocabulary

    def find(self, name: str) -> Segment:
        """The segment, or the members of the list, of that name. Raises UnknownName."""
        if name == EVERYONE:
            return tree.Everyone()
        if name in self.named:
            return self.named[name].segment
        if name in self.words.lists:
            return tree.OnList(name)
        names = [EVERYONE, *self.named, *sorted(self.words.lists)]
        raise UnknownName(f'There is no segment or list "{name}".', hint=f"There are: {', '.join(names)}.")

    def parse(self, query: str) -> Segment:
        """The segment of one line. Raises UsageError, or UnknownName for a list or segment that is not there."""
        try:
            return parse(query, self.words)
        except QueryError as error:
            marked = f"{error.message}\n  {query}\n  {' ' * error.column}^"
            raise (UnknownName if error.unknown else UsageError)(marked, hint=error.hint) from None


def read_segments(root: Path | None, settings: Settings) -> Segments:
    """All segments of the project. Raises InputProblems with every problem in the file."""
    people = settings.subscribers
    words = Vocabulary(
        lists=frozenset(people.lists), topics=Topics(people.topics), zone=ZoneInfo(settings.project.timezone)
    )
    path = root / FILE_NAME if root else None
    if path is None or not path.is_file():
        return _segments({}, words)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputProblems([_problem(line, "not UTF-8", "save the file as UTF-8")]) from None
    except OSError as error:
        raise MailerError(f"{FILE_NAME} cannot be read: {error.strerror}.") from None
    document = read_yaml(text)
    reader = _Reader(document, words)
    found = {} if document.faults and document.value is None else reader.all()
    faults = [_problem(fault.line, fault.message, fault.hint, fault.column) for fault in document.faults]
    if faults or reader.problems:
        raise InputProblems(sorted((*faults, *reader.problems), key=lambda one: (one.line or 0, one.column or 0)))
    return _segments(found, words)


def find_segment(root: Path | None, settings: Settings, name: str) -> Segment:
    """One of them by name. Raises UnknownName, InputProblems."""
    return read_segments(root, settings).find(name)


def _segments(named: dict[str, NamedSegment], words: Vocabulary) -> Segments:
    def find(name: str) -> Segment:
        if name == EVERYONE:
            return tree.Everyone()
        if name not in named:
            raise TermError(f'there is no segment "{name}"', suggestion(name, (*named, EVERYONE)), unknown=True)
        return named[name].segment

    return Segments(named=named, words=replace(words, segment=find))


def _problem(line: int | None, message: str, hint: str = "", column: int | None = None) -> Problem:
    return Problem(rule="segments", message=message, file=FILE_NAME, line=line, column=column, hint=hint)


class _Reader:
    """Makes trees of the document; what is wrong goes to `problems` and stands as everyone until they are mended."""

    def __init__(self, document: YamlDocument, words: Vocabulary) -> None:
        self._document = document
        self._words = replace(words, segment=self._reference)
        self._trees: dict[str, Segment] = {}
        self._path: list[str] = []  # the segments being read, for circles
        self.problems: list[Problem] = []

    def all(self) -> dict[str, NamedSegment]:
        content = self._document.value
        if content is None:
            return {}
        if not isinstance(content, dict):
            self.problems.append(
                _problem(1, "this is no list of segments", "write NAME: and its tests below, indented")
            )
            return {}
        return {name: self._named(name) for name in content if self._may_be_called(name)}

    def _may_be_called(self, name: str) -> bool:
        message = ""
        if not SLUG.fullmatch(name):
            message = f'"{name}" cannot name a segment: small letters, digits and hyphens, a letter first'
        elif name == EVERYONE:
            message = '"everyone" is built in: all who may be mailed'
        elif name in self._words.lists:
            message = f'"{name}" is a list already: lists and segments share their names'
        if message:
            self._report((name,), message)
        return not message

    def _named(self, name: str) -> NamedSegment:
        content = self._document.value[name]
        described = content.get("description", "") if isinstance(content, dict) else ""
        if not isinstance(described, str):
            self._report((name, "description"), "description is text")
            described = ""
        return NamedSegment(name=name, description=described, segment=self._tree(name))

    def _tree(self, name: str) -> Segment:
        if name not in self._trees:
            self._path.append(name)
            content = self._document.value[name]
            if isinstance(content, dict):
                content = {key: value for key, value in content.items() if key != "description"}
            self._trees[name] = self._segment(content, (name,))
            self._path.pop()
        return self._trees[name]

    def _reference(self, name: str) -> Segment:
        if name == EVERYONE:
            return tree.Everyone()
        if name not in self._document.value:
            raise TermError(f'there is no segment "{name}"', suggestion(name, (*self._document.value, EVERYONE)))
        if name in self._path:
            circle = " → ".join((*self._path[self._path.index(name) :], name))
            raise TermError(f"segments refer to each other in a circle: {circle}")
        return self._tree(name)

    def _segment(self, content: Any, place: Place) -> Segment:
        if isinstance(content, dict) and content:
            parts = [self._entry(key, value, (*place, key)) for key, value in content.items()]
            return parts[0] if len(parts) == 1 else tree.All(tuple(parts))
        if isinstance(content, str):
            return self._checked(lambda: parse(content, self._words), place)
        message = "a list of tests stands under `all:` or `any:`" if isinstance(content, list) else "this tests nothing"
        return self._report(place, message, "write for example: tag: donor")

    def _entry(self, key: str, value: Any, place: Place) -> Segment:
        if key in _GROUPS:
            if not isinstance(value, list) or not value:
                return self._report(
                    place, f"{key} takes a list of tests", f"each on a line of its own under `{key}:`, after a hyphen"
                )
            parts = tuple(self._segment(item, (*place, number)) for number, item in enumerate(value))
            return parts[0] if len(parts) == 1 else _GROUPS[key](parts)
        if key == "not":
            return tree.Not(self._segment(value, place))
        if key == EVERYONE and value is True:
            return tree.Everyone()
        if key not in KEYS and not key.startswith("attr."):
            return self._report(place, f'"{key}" is nothing to test', key_hint(key))
        parts = tuple(self._tests(key, value, place))
        return parts[0] if len(parts) == 1 else tree.All(parts)

    def _tests(self, key: str, value: Any, place: Place) -> Iterator[Segment]:
        """A value alone, several to choose from, or operators with their values."""
        tests = value if isinstance(value, dict) else {"=": value}
        if not tests:
            yield self._report(place, f"{key} needs a value")
        for operator, wanted in tests.items():
            here = (*place, operator) if isinstance(value, dict) else place
            values = wanted if isinstance(wanted, list) else [wanted]
            if any(one is None or isinstance(one, (dict, list)) for one in values):
                yield self._report(here, f"{key} needs a value", "text, a number, true or false")
            else:
                yield self._checked(lambda op=operator, it=wanted: term(key, op, it, self._words), here)

    def _checked(self, make: Any, place: Place) -> Segment:
        try:
            made: Segment = make()
        except TermError as error:
            return self._report(place, error.message, error.hint)
        return made

    def _report(self, place: Place, message: str, hint: str = "") -> Segment:
        line, column = self._document.lines.get(place, (None, None))
        self.problems.append(_problem(line, message, hint, column))
        return tree.Everyone()
