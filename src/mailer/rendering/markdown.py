"""Markdown with tokens in it becomes a document.

CommonMark, with three differences: raw HTML is an error (mail has its own rules, and the text part would lose it), `#`
is one (the headline is the only heading of the first rank), and an image stands on a line of its own, as a figure.
A block or a condition on the recipient that fills a paragraph by itself is structure, not prose.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token as Inline

from mailer.errors import Problem
from mailer.rendering.document import (
    Call,
    Code,
    Figure,
    Group,
    Heading,
    Item,
    Items,
    Mark,
    Node,
    Paragraph,
    Quote,
    Rule,
)
from mailer.rendering.grouping import grouped
from mailer.rendering.holes import Holes

_PARSER = MarkdownIt("commonmark", {"html": True})
# Addresses are judged by us, with a message; here one that is refused would turn into plain text.
_PARSER.validateLink = lambda url: True  # type: ignore[method-assign] # noqa: ARG005
# Blocks first; what stands in them is parsed when its paragraph is understood.
_BLOCKS = MarkdownIt("commonmark", {"html": True})
_BLOCKS.core.ruler.disable("inline")
_SCHEMES = re.compile(r"(https?|mailto|tel):", re.IGNORECASE)


@dataclass
class Reading:
    """One reading of one text. line_of: the line in the file of a line (from 0) of the text."""

    holes: Holes
    file: str
    line_of: Callable[[int], int]
    problems: list[Problem] = field(default_factory=list)
    #: Addresses that are defined at the end of a text: "[name]: https://…".
    references: dict[str, Any] = field(default_factory=dict)

    def document(self, text: str) -> list[Node]:
        """The document in `text`; what is wrong with it is in `problems`."""
        return self.container(iter(_BLOCKS.parse(text, self.references)), until=None)

    def inline(self, text: str, line: int) -> list[Inline]:
        """`text` as part of a paragraph."""
        found = _PARSER.parseInline(text, self.references)[0].children or []
        self.check_inline(found, line)
        return found

    def problem(self, rule: str, line: int, message: str, hint: str = "") -> None:
        self.problems.append(Problem(rule=rule, file=self.file, line=line, message=message, hint=hint))

    def container(self, tokens: Iterator[Inline], until: str | None) -> list[Node]:
        """The nodes up to the token of type `until`, with conditions and loops as groups."""
        nodes: list[Node] = []
        for token in tokens:
            if token.type == until:
                break
            nodes += self.node(token, tokens)
        return grouped(nodes, self.holes, self.problem)

    def node(self, token: Inline, tokens: Iterator[Inline]) -> list[Node]:
        line = self.line_of(token.map[0]) if token.map else 1
        match token.type:
            case "paragraph_open":
                content = next(tokens).content
                next(tokens)
                return self.paragraph(content, line)
            case "heading_open":
                content = next(tokens).content
                next(tokens)
                return [self.heading(int(token.tag[1]), content, line)]
            case "bullet_list_open" | "ordered_list_open":
                return [self.items(token, tokens)]
            case "blockquote_open":
                return [Quote(self.plain_container(tokens, "blockquote_close", line))]
            case "hr":
                return [Rule(line)]
            case "fence" | "code_block":
                return [Code(token.content)]
            case _:
                self.raw_html(token.content, line)
                return []

    def items(self, token: Inline, tokens: Iterator[Inline]) -> Items:
        close = token.type.replace("_open", "_close")
        out: list[Item | Group] = []
        for part in tokens:
            if part.type == close:
                break
            line = self.line_of(part.map[0]) if part.map else 1
            out.append(Item(self.plain_container(tokens, "list_item_close", line)))
        start = token.attrGet("start")
        return Items(token.type.startswith("ordered"), int(start) if start is not None else 1, out)

    def plain_container(self, tokens: Iterator[Inline], until: str, line: int) -> list[Node]:
        """What stands inside a list or quotation: prose only."""
        nodes = self.container(tokens, until)
        if any(isinstance(node, Call | Figure) for node in nodes):
            self.problem("layout", line, "a block or picture inside a list or quotation", "move it between paragraphs")
        return nodes

    def heading(self, level: int, content: str, line: int) -> Heading:
        if level == 1:
            self.problem(
                "heading", line, "a heading of the first rank in the body", "the headline is that one: begin with ##"
            )
        return Heading(min(max(level, 2), 3), self.inline(content, line), line)

    def paragraph(self, content: str, line: int) -> list[Node]:
        text = content.strip()
        found = list(self.holes.pattern.finditer(text))
        if found and not self.holes.pattern.sub("", text).strip() and all(match[1] in "ivefnb" for match in found):
            return [Call(match[0], line) if match[1] == "b" else Mark(match[0], match[1], line) for match in found]
        whole = self.wholly_conditional(text, line)
        if whole:
            return whole
        inline = self.inline(text, line)
        figure = self.figure(inline, line)
        if figure:
            return [figure]
        for match in found:
            if match[1] == "b":
                self.problem("layout", line, "a block in the middle of a paragraph", "give it a line of its own")
        return [Paragraph(inline, line)]

    def wholly_conditional(self, text: str, line: int) -> list[Node]:
        """A paragraph that one condition fills: its branches are paragraphs, so that a false one leaves nothing behind."""
        marks = [match for match in self.holes.pattern.finditer(text) if match[1] in "ivefn"]
        if not marks or marks[0].start() != 0 or marks[0][1] != "i" or marks[-1].end() != len(text):
            return []
        nodes: list[Node] = []
        depth, start, opened = 0, 0, marks[0]
        for match in marks:
            closes = match[1] == "n"
            if depth == 1 and (closes or match[1] in "ve"):
                branch = text[start : match.start()].strip()
                nodes.append(Mark(opened[0], opened[1], line))
                nodes += self.paragraph(branch, line) if branch else []
            depth += {"i": 1, "f": 1, "n": -1}.get(match[1], 0)
            if depth == 1 and match[1] in "iv" + "e" and (match is marks[0] or match[1] in "ve"):
                start, opened = match.end(), match
            if depth == 0 and match is not marks[-1]:
                return []
        return [*nodes, Mark(marks[-1][0], "n", line)]

    def figure(self, inline: list[Inline], line: int) -> Figure | None:
        """A paragraph that is one image, perhaps inside a link."""
        link = ""
        if len(inline) == 3 and inline[0].type == "link_open" and inline[1].type == "image":
            link, inline = str(inline[0].attrGet("href") or ""), inline[1:2]
        if len(inline) != 1 or inline[0].type != "image":
            return None
        restored = self.holes.restored
        image = inline[0]
        return Figure(
            src=restored(str(image.attrGet("src") or "")),
            alt=restored(image.content),
            caption=restored(str(image.attrGet("title") or "")),
            link=restored(link),
            line=line,
        )

    def check_inline(self, tokens: list[Inline], line: int) -> None:
        alone = len([token for token in tokens if token.type not in ("link_open", "link_close")]) == 1
        for token in tokens:
            if token.type == "html_inline":
                self.raw_html(token.content, line)
            elif token.type == "image" and not alone:
                self.problem("layout", line, "a picture in the middle of a paragraph", "give it a line of its own")
            elif token.type == "link_open":
                self.check_address(self.holes.restored(str(token.attrGet("href") or "")), line)
            line += token.type in ("softbreak", "hardbreak")

    def check_address(self, address: str, line: int) -> None:
        if self.holes.pattern.match(address):
            return
        if not _SCHEMES.match(address):
            shown = f'"{address}"' if address else "nothing"
            self.problem("link", line, f"a link to {shown}", "write the whole address, beginning with https://")

    def raw_html(self, content: str, line: int) -> None:
        if content.startswith("</"):
            return  # its opening tag is reported
        first = content.strip().split("\n")[0][:40]
        hint = "write notes as {# … #}" if first.startswith("<!--") else "use Markdown and blocks; write &lt; for <"
        self.problem("raw-html", line, f"raw HTML in the body: {first}", hint)
