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
#: An address in the text part, as reading programs find it.
_IN_TEXT = re.compile(r"(?:https?://|mailto:|tel:)[^\s<>]*", re.IGNORECASE)
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

    @property
    def start(self) -> str:
        """How every token begins."""
        return f"zq{self.holes.nonce}"

    def run(self) -> None:
        """Walk over the markup; what holds no token is passed over in one piece."""
        position = fixed = 0
        while found := _MARKUP.search(self.html, position):
            start = position
            position = self.end_of_raw(found) if found["name"] else self.end_of_comment(found)
            if self.start in self.html[start:position]:
                self.static(self.html[fixed:start])
                self.text(self.html[start : found.start()])
                self.markup(found, position)
                fixed = position
        self.static(self.html[fixed:position])
        self.text(self.html[position:])

    def end_of_comment(self, found: re.Match[str]) -> int:
        """A comment ends behind its -->; what follows the start of a conditional one is scanned as markup."""
        if found["condition"]:
            return found.end()
        close = self.html.find("-->", found.end())
        return len(self.html) if close < 0 else close + 3

    def end_of_raw(self, found: re.Match[str]) -> int:
        """A tag ends behind its >; a style sheet or script with all that it holds."""
        if found["close"] or found["name"].lower() not in _RAW:
            return found.end()
        close = self.html.find(f"</{found['name']}", found.end())
        return len(self.html) if close < 0 else close

    def markup(self, found: re.Match[str], end: int) -> None:
        """One comment or tag, up to `end`, that may hold tokens."""
        if found["name"]:
            self.tag(found)
            self.refuse(self.html[found.end() : end], _RAW.get(found["name"].lower(), ""))
            self.static(self.html[found.end() : end])
        elif found["condition"]:
            self.static(found[0])
        else:
            inside = self.html[found.end() : end].removesuffix("-->").strip()
            token = self.holes.pattern.fullmatch(inside)
            if token and token[1] in "ivefn":
                self.pieces.append(Piece(Part.MARK, token=token[0]))
            else:
                self.refuse(inside, "a comment")
                self.static(self.html[found.start() : end])

    def tag(self, found: re.Match[str]) -> None:
        self.refuse(found["name"], "the name of an element")
        if self.start in found["attributes"]:
            self.attributes(found)
        else:
            self.static(found[0])

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
    """Text without markup, in order. In the text part, what stands inside an address is escaped as in the HTML's links."""
    scanner = _Scanner("", holes)
    position = 0
    for address in _IN_TEXT.finditer(text) if context is Context.PLAIN else ():
        scanner.split(text[position : address.start()], context)
        scanner.split(address[0], Context.URLQ)
        position = address.end()
    scanner.split(text[position:], context)
    return scanner.pieces
