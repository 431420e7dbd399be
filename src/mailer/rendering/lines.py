"""Where rendered text came from.

Text of a template passes through Jinja as it stands, so a mark in front of it (file and line, between control characters
that no source may hold) says afterwards which line of which file each rendered line is. Bodies get one more service: a
tag, or the call of a block, that stands alone on its line becomes a paragraph of its own, whether it runs now or waits
for the recipient.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jinja2.ext import Extension
from jinja2.lexer import (
    TOKEN_BLOCK_BEGIN,
    TOKEN_BLOCK_END,
    TOKEN_DATA,
    TOKEN_VARIABLE_BEGIN,
    TOKEN_VARIABLE_END,
    Token,
    TokenStream,
)

#: Between these a number of a place; after the third a line feed that no source has.
_START, _END, _ADDED = "\x02", "\x03", "\x04"
_MARK = re.compile("\x02(\\d+)\x03")
_OPENING = {TOKEN_BLOCK_BEGIN: TOKEN_BLOCK_END, TOKEN_VARIABLE_BEGIN: TOKEN_VARIABLE_END}


@dataclass
class Places:
    """Every (file, line) that a mark stands for, by number. `first_lines`: the line in its file where a source begins."""

    known: list[tuple[str, int]] = field(default_factory=list)
    first_lines: dict[str, int] = field(default_factory=dict)

    def mark(self, file: str, line: int) -> str:
        self.known.append((file, line + self.first_lines.get(file, 1) - 1))
        return f"{_START}{len(self.known) - 1}{_END}"


@dataclass(frozen=True, slots=True)
class Located:
    """Text without marks, and where its lines came from. starts: lines (from 0) at which a known place begins."""

    text: str
    starts: tuple[int, ...]
    places: tuple[tuple[str, int], ...]

    def place(self, line: int) -> tuple[str, int] | None:
        """(file, line) of a rendered line, counted from 0."""
        found = bisect_right(self.starts, line) - 1
        if found < 0:
            return None
        file, first = self.places[found]
        return file, first + line - self.starts[found]


def located(rendered: str, places: Places) -> Located:
    """`rendered` without marks."""
    pieces = _MARK.split(rendered)
    out, line, starts, found = [_plain(pieces[0])], pieces[0].count("\n"), [], []
    line += pieces[0].count(_ADDED)
    for number, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        file, source_line = places.known[int(number)]
        # White space before the first word of a piece ends the line of the tag before it.
        for part in re.split(f"({_ADDED})", piece):
            if part == _ADDED:
                line += 1
            elif part:
                starts.append(line)
                found.append((file, source_line))
                line += part.count("\n")
                source_line += part.count("\n")
        out.append(_plain(piece))
    return Located("".join(out), tuple(starts), tuple(found))


def _plain(text: str) -> str:
    return text.replace(_ADDED, "\n")


class LineMarks(Extension):
    """Puts marks into `.mjml` templates and bodies (`.md`); tells paragraphs apart in bodies."""

    def filter_stream(self, stream: TokenStream) -> TokenStream | Iterable[Token]:
        name = stream.filename or stream.name or ""
        if name.endswith(".md"):
            return self._marked(_with_paragraphs(list(stream), frozenset(self.environment.block_names)), name)  # type: ignore[attr-defined]
        # Only text with elements in it: a mark in a bare value would travel into attributes and lengths.
        return self._marked(stream, name, only="<") if name.endswith(".mjml") else stream

    def _marked(self, tokens: Iterable[Token], file: str, only: str = "") -> Iterator[Token]:
        places: Places = self.environment.places  # type: ignore[attr-defined]
        for token in tokens:
            if token.type == TOKEN_DATA and only in token.value:
                yield Token(token.lineno, token.type, places.mark(file, token.lineno) + token.value)
            else:
                yield token


def _with_paragraphs(tokens: list[Token], blocks: frozenset[str]) -> list[Token]:
    """`tokens` with empty lines around every line that holds nothing but tags, or the call of a block."""
    out: list[Token] = []
    position = 0
    while position < len(tokens):
        end = _end_of_tags(tokens, position, blocks)
        if end == position:
            out.append(tokens[position])
            position += 1
            continue
        before = out[-1] if out else None
        after = tokens[end] if end < len(tokens) else None
        alone_before = before is None or bool(re.search(r"(\A|\n|\x04)[ \t]*\Z", before.value))
        alone_after = after is None or bool(re.match(r"[ \t]*(\n|\Z)", after.value))
        if alone_before and alone_after:
            if before is not None:
                text = re.sub(r"([ \t]*)\Z", rf"{_ADDED}\1", before.value, count=1)
                out[-1] = Token(before.lineno, before.type, text)
            out += tokens[position:end]
            if after is not None:
                out.append(Token(after.lineno, after.type, _ADDED + after.value))
        else:
            out += tokens[position:end]
            if after is not None:
                out.append(after)
        position = end + 1
    return out


def _end_of_tags(tokens: list[Token], position: int, blocks: frozenset[str]) -> int:
    """The end of a run of tags that begins at `position`, or `position` if none does."""
    while position < len(tokens) and tokens[position].type in _OPENING:
        opening = tokens[position]
        if opening.type == TOKEN_VARIABLE_BEGIN and tokens[position + 1].value not in blocks:
            break
        closing = _OPENING[opening.type]
        while tokens[position].type != closing:
            position += 1
        position += 1
    return position
