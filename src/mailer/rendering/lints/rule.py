"""What a lint rule is: an id, how bad it is, and a function that finds it in one compiled campaign."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from mailer.domain.campaign_file import CampaignFile
from mailer.domain.digest import Issue
from mailer.edition.format import Edition
from mailer.errors import Severity
from mailer.settings import Settings

_TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_NOTES = re.compile(r"\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding. file: None for the campaign's own. line: in that file; None where the whole is meant."""

    message: str
    hint: str = ""
    line: int | None = None
    severity: Severity | None = None  #: other than the rule's
    file: str | None = None


@dataclass(frozen=True)
class Material:
    """What rules look at."""

    file: CampaignFile
    settings: Settings
    now: datetime
    zone: ZoneInfo
    edition: Edition
    issue: Issue | None  #: what it holds, if it is a digest
    html: str  #: for a sample recipient
    text: str
    html_bytes: int  #: of the HTML part as encoded

    @cached_property
    def body_lines(self) -> list[tuple[int, str]]:
        """(line, words) of the body, without what stands in Jinja's braces."""
        plain = _TAGS.sub(lambda match: "\n" * match[0].count("\n"), self.file.body)
        return list(enumerate(plain.split("\n"), self.file.body_line))

    @cached_property
    def source_lines(self) -> list[tuple[int, str]]:
        """(line, text) of the whole file, with comments and tags, but without the author's notes in the body."""
        front = self.file.sources[self.file.name].decode("utf-8-sig").splitlines()[: self.file.body_line - 1]
        plain = _NOTES.sub(lambda match: "\n" * match[0].count("\n"), self.file.body)
        return list(enumerate([*front, *plain.split("\n")], 1))

    @cached_property
    def paragraphs(self) -> list[tuple[int, str]]:
        """(line of its first word, words) of every paragraph of the body."""
        out: list[tuple[int, str]] = []
        fresh = True
        for line, words in self.body_lines:
            if not words.strip():
                fresh = True
            elif fresh:
                out.append((line, words.strip()))
                fresh = False
            else:
                out[-1] = (out[-1][0], f"{out[-1][1]} {words.strip()}")
        return out

    @cached_property
    def fields(self) -> list[tuple[int | None, str, str]]:
        """(line, name, text) of every text in the front matter."""
        return list(self._texts(self.file.campaign.model_dump(by_alias=True, exclude_none=True), ()))

    def _texts(self, value: Any, place: tuple[str | int, ...]) -> Iterator[tuple[int | None, str, str]]:
        if isinstance(value, Mapping):
            for key, part in value.items():
                yield from self._texts(part, (*place, key))
        elif isinstance(value, list | tuple):
            for number, part in enumerate(value):
                yield from self._texts(part, (*place, number))
        elif isinstance(value, str):
            yield self.file.line_of(*place), ".".join(map(str, place)), value

    @property
    def words(self) -> list[tuple[int | None, str]]:
        """(line, words) of all that an author wrote, addresses apart."""
        fields = [(line, text) for line, _, text in self.fields if "://" not in text]
        return [*fields, *self.body_lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    id: str
    severity: Severity
    summary: str
    find: Callable[[Material], Iterator[Found]]


def error(id: str, summary: str) -> Callable[[Callable[[Material], Iterator[Found]]], Rule]:  # noqa: A002 (that is what it is)
    """Make a function a rule whose findings are errors."""
    return lambda find: Rule(id=id, severity=Severity.ERROR, summary=summary, find=find)


def warning(id: str, summary: str) -> Callable[[Callable[[Material], Iterator[Found]]], Rule]:  # noqa: A002 (as above)
    """Make a function a rule whose findings are warnings."""
    return lambda find: Rule(id=id, severity=Severity.WARNING, summary=summary, find=find)
