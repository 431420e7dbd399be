"""What `check --fix` mends by itself: slips of typing and pasting that can be meant in one way only.

Only the words of a body are touched: no tag, address, code or picture's file, and nothing of the front matter. No line is
added or taken away, and every other character stays what it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from mailer.rendering.lints.words import MEANT_TWICE

_AFTER_LINE = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")
#: Jinja's tags, code, where links lead, addresses.
_UNTOUCHED = re.compile(
    r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|^```.*?^```|(?P<ticks>`+).*?(?P=ticks)|\]\([^)]*\)|<[^>\s]*>|https?://\S+",
    re.DOTALL | re.MULTILINE,
)
_END = r"(?=[\r\n]|\Z)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """One line of a file as it was and as it is now, without line ends."""

    line: int
    before: str
    after: str


def mend(text: str, body_line: int) -> tuple[str, list[Mended]]:
    """(`text` with what could be mended mended, the lines that changed). body_line: where the body begins, from 1."""
    lines = _AFTER_LINE.split(text)
    front, body = lines[: body_line - 1], "".join(lines[body_line - 1 :])
    for pattern, replacement in _SLIPS:
        body = _replaced(body, pattern, replacement)
    if re.search("[“”]", body):
        body = _replaced(body, re.compile('"'), _curly)
    after = [*front, *_AFTER_LINE.split(body)]
    changed = [
        Mended(line=number, before=old.rstrip("\r\n"), after=new.rstrip("\r\n"))
        for number, (old, new) in enumerate(zip(lines, after, strict=True), 1)
        if old != new
    ]
    return "".join(after), changed


def _replaced(body: str, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]) -> str:
    spans = [match.span() for match in _UNTOUCHED.finditer(body)]

    def unless_untouched(match: re.Match[str]) -> str:
        inside = any(start < match.end() and match.start() < end for start, end in spans)
        return match[0] if inside else replacement(match)

    return pattern.sub(unless_untouched, body)


def _once(match: re.Match[str]) -> str:
    """A word that was typed twice; names such as Duran Duran are left alone."""
    again = match[2]
    meant = again.lower() in MEANT_TWICE or again.isdigit() or not again.islower()
    return match[0] if meant else match[1]


def _curly(match: re.Match[str]) -> str:
    """A straight mark as a curly one, where what stands around it leaves no doubt."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    opens = (not before or before in " \t\r\n([—–>") and bool(after.strip())
    # Behind a digit it may stand for inches.
    closes = (
        bool(before.strip())
        and not before.isdigit()
        and before not in "([—–"
        and (not after or after in " \t\r\n.,;:!?)]—–")
    )
    return "“" if opens and not closes else "”" if closes and not opens else match[0]


_SLIPS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile("[\u00ad\u200b\u2060\ufeff]"), lambda _: ""),
    (re.compile(rf"[ \t]*\u00a0[ \t\u00a0]*{_END}"), lambda _: ""),
    (re.compile("\u00a0"), lambda _: " "),
    (re.compile(rf"(?<=\S)[ \t]{_END}"), lambda _: ""),  # two spaces are a line break in Markdown
    (re.compile(r"([£€$])[ \t]+(?=\d)"), lambda match: match[1]),
    (re.compile(r"([“‘])[ \t]+(?=\S)"), lambda match: match[1]),
    (re.compile(r"\b(\w+(?: +\w+){0,5}) +(\1)\b", re.IGNORECASE), _once),
)
