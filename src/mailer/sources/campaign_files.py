"""Reads `campaigns/SLUG.md`: YAML front matter between two lines of `---`, then a Markdown body.

Everything that is wrong with a file is said at once, with its line. What the body means is the compiler's business;
here it is text without control characters. The file is read once and kept whole: its bytes are part of what an
approval is bound to.
"""

import difflib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from mailer.domain.campaign_file import CampaignFile
from mailer.domain.campaign_kinds import TEMPLATE_FIELDS, Fault, Place, typed
from mailer.errors import InputProblems, Problem, UnknownName
from mailer.sources.campaign_slugs import FOLDER, campaign_slugs
from mailer.sources.gifts import sum_of_gifts
from mailer.sources.yaml_loader import YamlDocument, read_yaml

__all__ = ["CampaignFile", "body_of", "parse_campaign", "read_campaign"]

#: A campaign is text: the longest of the seeds has 7 KB.
LARGEST_BYTES = 1_000_000
_FENCE = re.compile(r"---[ \t]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")


def read_campaign(root: Path, slug: str) -> CampaignFile:
    """The campaign `slug` of the project in `root`.

    Raises UnknownName when there is no such file, InputProblems with everything that is wrong with it.
    """
    name = f"{FOLDER}/{slug}.md"
    known = campaign_slugs(root)
    if slug not in known:
        raise UnknownName(f'There is no campaign "{slug}".', hint=_known(slug, known))
    return parse_campaign(_content(root / name, name), slug=slug, root=root)


def body_of(root: Path, slug: str) -> tuple[str, int] | None:
    """(the body, its first line) of a campaign whose fields may be wrong; None when not even that can be told."""
    name = f"{FOLDER}/{slug}.md"
    try:
        parts = _split(_text(_content(root / name, name), name), name)
    except InputProblems:
        return None
    return parts.body, parts.body_line


def parse_campaign(content: bytes, *, slug: str, root: Path) -> CampaignFile:
    """The campaign in `content`, as if it had been read from `campaigns/SLUG.md`; raises InputProblems."""
    name = f"{FOLDER}/{slug}.md"
    parts = _split(_text(content, name), name)
    document = read_yaml(parts.front)
    problems = [
        Problem(
            rule="front-matter", file=name, line=fault.line + 1, column=fault.column, message=fault.message,
            hint=fault.hint,
        )
        for fault in document.faults
    ]  # fmt: skip
    if not isinstance(document.value, dict):
        raise InputProblems(problems or [_no_front_matter(name)])
    lines = {place: (line + 1, column) for place, (line, column) in document.lines.items()}
    sources = {name: content}
    faults: list[Problem | Fault] = [*_template_marks(document.value), *_ledger(document, root, sources)]
    campaign = typed(document.value)
    if isinstance(campaign, list):
        faults += campaign
    problems += [fault if isinstance(fault, Problem) else _problem(fault, name, lines) for fault in faults]
    if problems or isinstance(campaign, list):
        raise InputProblems(sorted(problems, key=lambda problem: problem.line or 0))
    return CampaignFile(
        slug=slug, name=name, path=root / name, root=root, campaign=campaign, body=parts.body,
        body_line=parts.body_line, lines=lines, sources=sources,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Parts:
    front: str
    body: str
    body_line: int


def _content(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputProblems(
                [_whole(name, f"the file has {path.stat().st_size:,} bytes", "a campaign is text: under 1,000,000")]
            )
        return path.read_bytes()
    except IsADirectoryError:
        raise InputProblems([_whole(name, "this is a folder", "a campaign is one file")]) from None
    except OSError as error:
        raise InputProblems([_whole(name, f"the file cannot be read: {error.strerror}")]) from None


def _text(content: bytes, name: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputProblems(
            [Problem(rule="encoding", file=name, line=line, message="this is not UTF-8", hint="save the file as UTF-8")]
        ) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InputProblems([_whole(name, "the file is empty", "`mailer new article SLUG` makes one to fill in")])
    found = [
        Problem(
            rule="encoding", file=name, line=text.count("\n", 0, match.start()) + 1,
            message=f"the invisible character U+{ord(match[0]):04X}", hint="delete it",
        )
        for match in _CONTROL.finditer(text)
    ]  # fmt: skip
    if found:
        raise InputProblems(found[:20])
    return text


def _split(text: str, name: str) -> _Parts:
    lines = text.split("\n")
    if not _FENCE.fullmatch(lines[0]):
        raise InputProblems([_no_front_matter(name)])
    end = next((number for number, line in enumerate(lines[1:], 1) if _FENCE.fullmatch(line)), None)
    if end is None:
        raise InputProblems(
            [Problem(rule="front-matter", file=name, line=1, message="the front matter does not end",
                     hint="close it with a second line of ---")]
        )  # fmt: skip
    return _Parts("\n".join(lines[1:end]), "\n".join(lines[end + 1 :]), end + 2)


def _template_marks(value: Any, place: Place = ()) -> Iterator[Fault]:
    """Only subject, preheader and the body are templates; elsewhere braces would stand in people's mail."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _template_marks(part, (*place, key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _template_marks(part, (*place, number))
    elif isinstance(value, str) and not (len(place) == 1 and place[0] in TEMPLATE_FIELDS):
        found = _TEMPLATE.search(value)
        if found:
            yield Fault(
                place, f'"{found[0]}" in a field that is no template', "use it in subject, preheader or the body"
            )


def _ledger(document: YamlDocument, root: Path, sources: dict[str, bytes]) -> list[Problem | Fault]:
    """Put the sum of a fund's ledger of gifts into `raised`; the file becomes one of the sources."""
    fund = document.value.get("fund")
    if not isinstance(fund, dict) or not isinstance(fund.get("ledger"), str) or fund.get("raised") is not None:
        return []
    with suppress(ValueError):
        until = date.fromisoformat(str(fund.get("as_of"))[:10])
        try:
            gifts = sum_of_gifts(root, fund["ledger"], currency=str(fund.get("currency") or "GBP"), until=until)
        except InputProblems as error:
            return [one if one.line else Fault(("fund", "ledger"), one.message, one.hint) for one in error.problems]
        sources[fund["ledger"]] = gifts.content
        fund["raised"] = str(gifts.total)
        del fund["ledger"]
    return []


def _problem(fault: Fault, name: str, lines: dict[Place, tuple[int, int]]) -> Problem:
    for length in range(len(fault.place), 0, -1):
        if fault.place[:length] in lines:
            line, column = lines[fault.place[:length]]
            break
    else:
        line, column = 1, 1
    return Problem(rule="front-matter", file=name, line=line, column=column, message=fault.message, hint=fault.hint)


def _whole(name: str, message: str, hint: str = "") -> Problem:
    return Problem(rule="file", file=name, message=message, hint=hint)


def _no_front_matter(name: str) -> Problem:
    return Problem(
        rule="front-matter", file=name, line=1, message="there is no front matter",
        hint="begin with a line of ---, then fields such as kind: article, then --- again",
    )  # fmt: skip


def _known(slug: str, known: list[str]) -> str:
    near = difflib.get_close_matches(slug, known, n=1)
    if near:
        return f'Did you mean "{near[0]}"?'
    return f"Known: {', '.join(known)}." if known else "There are none yet: `mailer new article SLUG` makes one."
