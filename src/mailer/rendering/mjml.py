r"""MJML becomes HTML, with mrml's traps kept away from it.

What is done before the call, and why (each has a regression test):

- the document is parsed as XML first, so that every complaint has a line; mrml gives byte positions, or none
- it is judged against the official schema: mrml copies unknown tags out and drops unknown attributes without a word
- all of it goes over as ASCII with character references, `\\`, tabs, line feeds and `"` in attributes too: mrml writes
  attribute values in Rust's debug notation, which breaks half the world's scripts
- a bare 0 in a padding becomes 0px: mrml would give up the whole side and make Outlook overflow
- `<mj-style>` never reaches it: inlining is not compiled in, and references are not decoded inside
- no fonts are fetched from a font host
- marks between sections and columns stand in `<mj-raw>`, as comments, which tables bear
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.entities import html5
from typing import Any

from lxml import etree
from mjml import mjml2html

from mailer.errors import InputProblems, Problem
from mailer.rendering.holes import Holes
from mailer.rendering.lines import Located
from mailer.rendering.mjml_marks import marks_apart, marks_wrapped
from mailer.rendering.mjml_schema import Finding, judge

_ENTITY = re.compile(r"&([a-zA-Z][a-zA-Z0-9]*);")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_BARE_ZERO = re.compile(r"(?<![\d.\w-])0(?![\d.\w%])")
#: Stands in for a backslash while the tree is serialised; XML has no reference that lxml would write itself.
_BACKSLASH = "\ue05c"
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Styled:
    """HTML as mrml made it, and the style sheets that were kept from it."""

    html: str
    inline_css: str
    head_css: str


def to_html(source: Located, holes: Holes, *, is_own_picture: Callable[[str], bool]) -> Styled:
    """The HTML of an MJML document.

    is_own_picture: whether an address is one of the campaign's pictures. Raises InputProblems, each with file and line.
    """
    root = _parsed(source)
    inline_css, head_css = _cut_styles(root)
    problems = [_problem(source, *found) for found in marks_apart(root, holes)]
    problems += [_problem(source, *found) for found in marks_wrapped(root, holes)]
    problems += [_problem(source, *found) for found in judge(root, lambda value: bool(holes.pattern.search(value)))]
    problems += [_problem(source, *found) for found in _foreign_pictures(root, is_own_picture)]
    if problems:
        raise InputProblems(problems)
    _prepare(root)
    try:
        html = mjml2html(_serialised(root), fonts={})
    except ValueError as error:
        raise InputProblems(
            [Problem(rule="mjml", file=_file(source), message=f"MJML cannot be turned into HTML: {error}")]
        ) from None
    return Styled(str(html), inline_css, head_css)


def _parsed(source: Located) -> etree._Element:
    text = _ENTITY.sub(_as_number, source.text.lstrip())
    skipped = source.text[: len(source.text) - len(source.text.lstrip())].count("\n")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        line = (error.lineno or 1) - 1 + skipped
        place = source.place(line)
        file, at = place or (_file(source), None)
        message = (error.msg or "not well-formed").partition(", line ")[0]
        raise InputProblems(
            [Problem(rule="mjml", file=file, line=at, message=f"not well-formed: {message}",
                     hint="close every element, also <br />; write &amp; for &")]
        ) from None  # fmt: skip


def _as_number(match: re.Match[str]) -> str:
    characters = None if match[1] in _XML_ENTITIES else html5.get(match[1] + ";")
    return "".join(f"&#{ord(character)};" for character in characters) if characters else match[0]


def _file(source: Located) -> str:
    return source.places[0][0] if source.places else "templates"


def _problem(source: Located, element: etree._Element, message: str, hint: str) -> Problem:
    skipped = source.text[: len(source.text) - len(source.text.lstrip())].count("\n")
    place = source.place(_line(element) - 1 + skipped)
    file, line = place or (_file(source), None)
    return Problem(rule="mjml", file=file, line=line, message=message, hint=hint)


def _line(element: etree._Element) -> int:
    line: Any = element.sourceline  # the stubs know no type for it
    return int(line or 1)


def _cut_styles(root: etree._Element) -> tuple[str, str]:
    """Take out every <mj-style>: (what is to be inlined, what stays in the head)."""
    inline: list[str] = []
    head: list[str] = []
    for style in list(root.iter("mj-style")):
        (inline if style.get("inline") == "inline" else head).append("".join(map(str, style.itertext())))
        parent = style.getparent()
        if parent is not None:
            parent.remove(style)
    return "\n".join(inline), "\n".join(head)


def _foreign_pictures(root: etree._Element, is_own_picture: Callable[[str], bool]) -> list[Finding]:
    """Pictures from elsewhere tell somebody else who reads the mail, and are lost when they move house."""
    hint = 'write src="{{ image("picture.jpg").url }}"'
    found = []
    for element in root.iter("mj-image", "img", "mj-social-element", "mj-section", "mj-wrapper", "mj-class", "mj-all"):
        foreign = [address for address in _addresses(element) if not is_own_picture(address)]
        found += [(element, f'the picture "{address}" is not one of the project\'s', hint) for address in foreign]
        if element.tag == "img" and "alt" not in element.attrib:
            found.append((element, "<img> without alt", 'say what it shows, or write alt="" if it only decorates'))
    return found


def _addresses(element: etree._Element) -> Iterator[str]:
    """Every picture that `element` shows, or may show."""
    for name in ("src", "background-url"):
        if (address := element.get(name)) is not None:
            yield address
    for candidate in (element.get("srcset") or "").split(","):
        if words := candidate.split():
            yield words[0]


def _prepare(root: etree._Element) -> None:
    """Spell values so that mrml, and later an HTML parser, read them as they were meant."""
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        if not len(element) and element.text is None and element.tag not in _VOID:
            element.text = ""  # else <td /> would be written, which HTML takes for an opening tag
        for name, value in element.attrib.items():
            text = str(value)
            if "padding" in str(name) and name != "cellpadding":  # that one is a number without a unit
                text = _BARE_ZERO.sub("0px", text)
            element.attrib[name] = text.replace("\\", _BACKSLASH)
    for title in root.iter("mj-title"):
        title.text = (title.text or "").replace("\\", _BACKSLASH).replace('"', "\ue022")


def _serialised(root: etree._Element) -> str:
    text = etree.tostring(root, encoding="ascii", with_tail=False).decode("ascii")
    return text.replace(f"&#{ord(_BACKSLASH)};", "&#92;").replace(f"&#{0xE022};", "&#34;")
