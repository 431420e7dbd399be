"""Finished HTML becomes nodes of the edition: every token, in the context of the place where it stands.

What is scanned is a serialiser's output, hence regular: attributes are always quoted. Outlook's conditional comments are
looked into, for its buttons and backgrounds hold addresses too. A hole may occur several times, in several contexts; a
hole where no escaping would be safe (a tag's name, a style sheet, a script, an event handler, a comment) is an error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from mailer.edition.format import Context, Expr
from mailer.errors import InputProblems, Problem
from mailer.rendering.holes import Holes, source
from mailer.rendering.nest import Part, Piece

#: A comment, a tag with its attributes, or one of the elements whose content is no markup.
_MARKUP = re.compile(
    r"<!--(?P<condition>\[if [^\]]*\]>(?:<!-->)?)?|<(?P<close>/?)(?P<name>[a-zA-Z!][^\s>/]*)(?P<attributes>(?:\s+[^\s=>\"']+"
    r"(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]*))?)*)\s*/?>"
)
_ATTRIBUTE = re.compile(r"(?P<lead>\s+)(?P<name>[^\s=>\"']+)(?:\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'>]*))?")
_ADDRESSES = frozenset({"href", "src", "background", "action", "cite"})
_RAW = {"style": "a style sheet", "script": "a script"}


def scan(html: str, holes: Holes) -> list[Piece]:
    """`html` in order: text, holes and marks. Raises InputProblems for holes where none may stand."""
    scanner = _Scanner(html, holes)
    scanner.run()
    if scanner.problems:
        raise InputProblems(scanner.problems)
    return scanner.pieces


@dataclass
class _Scanner:
    html: str
    holes: Holes
    pieces: list[Piece] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def run(self) -> None:
        position, end = 0, len(self.html)
        while position < end:
            found = _MARKUP.search(self.html, position)
            if found is None:
                self.text(self.html[position:])
                return
            self.text(self.html[position : found.start()])
            position = self.comment(found) if found["name"] is None else self.tag(found)

    def comment(self, found: re.Match[str]) -> int:
        if found["condition"]:
            self.static(found[0])
            return found.end()  # what follows is scanned as markup; its end, <![endif]-->, as text
        close = self.html.find("-->", found.end())
        close = len(self.html) if close < 0 else close
        inside = self.html[found.end() : close].strip()
        token = self.holes.pattern.fullmatch(inside)
        if token and token[1] in "ivefn":
            self.pieces.append(Piece(Part.MARK, token=token[0]))
        else:
            self.refuse(inside, "a comment")
            self.static(self.html[found.start() : close + 3])
        return min(close + 3, len(self.html))

    def tag(self, found: re.Match[str]) -> int:
        name = found["name"].lower()
        self.refuse(found["name"], "the name of an element")
        if not self.holes.pattern.search(found["attributes"]):
            self.static(found[0])
        else:
            self.attributes(found)
        if name in _RAW and not found["close"]:
            close = self.html.find(f"</{name}", found.end())
            close = len(self.html) if close < 0 else close
            self.refuse(self.html[found.end() : close], _RAW[name])
            self.static(self.html[found.end() : close])
            return close
        return found.end()

    def attributes(self, found: re.Match[str]) -> None:
        start = found.start("attributes")
        self.static(self.html[found.start() : start])
        for attribute in _ATTRIBUTE.finditer(self.html, start, found.end("attributes")):
            value = attribute["value"] or ""
            if not self.holes.pattern.search(attribute[0]):
                self.static(attribute[0])
                continue
            self.refuse(attribute["name"], "the name of an attribute")
            quoted = value[:1] in ("'", '"')
            if not quoted:
                self.refuse(value, "an attribute without quotes")
            begin = attribute.start("value") - attribute.start() + quoted
            self.static(attribute[0][:begin])
            self.value(attribute["name"].lower(), value[1:-1] if quoted else value)
            self.static(value[-1:] if quoted else "")
        self.static(self.html[found.end("attributes") : found.end()])

    def value(self, name: str, value: str) -> None:
        """One attribute's value that holds tokens."""
        if any(match[1] in "ivefn" for match in self.holes.pattern.finditer(value)):
            self.refuse(value, "a condition inside an attribute")
        elif name.startswith("on"):
            self.refuse(value, "an event handler")
        elif name == "srcset":
            self.refuse(value, "a list of addresses")
        elif name in _ADDRESSES:
            self.address(value)
        else:
            self.split(value, Context.CSS if name == "style" else Context.ATTR)

    def address(self, value: str) -> None:
        first = self.holes.pattern.search(value)
        assert first is not None
        if first.start() == 0:
            # The hole decides where the link leads, so it is judged with all that follows, as one address.
            self.pieces.append(
                Piece(Part.HOLE, expr=self.joined(value), context=Context.URL, token=first[0], also=self.others(value))
            )
        else:
            self.split(value, Context.URLQ)

    def joined(self, value: str) -> Expr:
        parts: list[Expr] = []
        for text, token in _split(value, self.holes):
            if text:
                parts.append(("const", unescape(text)))
            if token:
                parts.append(self.holes.instances[token].expr)
        return parts[0] if len(parts) == 1 else ("concat", *parts)

    def others(self, value: str) -> tuple[str, ...]:
        return tuple(match[0] for match in self.holes.pattern.finditer(value))

    def text(self, text: str) -> None:
        if text:
            self.split(text, Context.TEXT)

    def split(self, text: str, context: Context) -> None:
        for static, token in _split(text, self.holes):
            self.static(static)
            if not token:
                continue
            instance = self.holes.instances[token]
            if instance.deferred.kind == "h":
                self.pieces.append(Piece(Part.HOLE, expr=instance.expr, context=context, token=token))
            else:
                self.pieces.append(Piece(Part.MARK, token=token))

    def static(self, text: str) -> None:
        if text:
            self.pieces.append(Piece(Part.STATIC, text=text))

    def refuse(self, text: str, where: str) -> None:
        """A problem for every hole in `text`: no value can be made safe there."""
        for match in self.holes.pattern.finditer(text):
            instance = self.holes.instances[match[0]]
            self.problems.append(
                Problem(
                    rule="personalisation",
                    file=instance.deferred.file,
                    line=instance.deferred.line,
                    message=f"{source(instance)} stands in {where}",
                    hint="personal values may stand in text, addresses, attributes and single style values",
                )
            )


def _split(text: str, holes: Holes) -> Iterator[tuple[str, str]]:
    """(static text, token behind it or "") for each token, and once for the rest."""
    position = 0
    for match in holes.pattern.finditer(text):
        if match[0] in holes.instances:
            yield text[position : match.start()], match[0]
            position = match.end()
    yield text[position:], ""


def scan_plain(text: str, holes: Holes, context: Context) -> list[Piece]:
    """Text without markup, in order."""
    scanner = _Scanner("", holes)
    scanner.split(text, context)
    return scanner.pieces
