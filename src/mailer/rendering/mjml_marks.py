"""Marks of conditions and loops in MJML: where they may stand, and in what form MJML carries them through.

Both branches of a condition are in the document, one behind the other, so a condition has to begin and end in the same
element: each branch is then whole, whichever is left out. Between MJML's own elements, where text would vanish, a mark
becomes a comment in an `<mj-raw>`, which stands even between the rows of a table.
"""

from collections.abc import Iterator

from lxml import etree

from mailer.rendering.holes import Holes
from mailer.rendering.mjml_schema import Finding, holds_html

_SAME_ELEMENT = "put {% if %} and {% endif %} side by side into the same element"
_USE_EXPRESSION = "use an expression: {{ … if … else … }}"


def marks_apart(root: etree._Element, holes: Holes) -> list[Finding]:
    """Findings for conditions and loops that begin in one element and end in another: one branch would break the mail."""
    findings: list[Finding] = []
    open_in: list[etree._Element] = []
    for parent, text in _texts(root):
        for match in holes.pattern.finditer(text):
            if match[1] in "if":
                open_in.append(parent)
            elif match[1] in "ven":
                if not open_in or open_in[-1] is not parent:
                    findings.append((parent, "a condition on the recipient ends in another element", _SAME_ELEMENT))
                if match[1] == "n" and open_in:
                    open_in.pop()
    return findings


def _texts(root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
    """(element, text directly in it) in reading order; comments count as text of their parent."""
    for event, element in etree.iterwalk(root, events=("start", "end", "comment")):
        parent = element.getparent()
        if event == "start":
            yield element, element.text or ""
        elif parent is not None:
            if event == "comment":
                yield parent, element.text or ""
            yield parent, element.tail or ""


def marks_wrapped(root: etree._Element, holes: Holes) -> list[Finding]:
    """Put marks that stand between MJML's own elements into <mj-raw>; findings for marks where none may stand."""
    findings: list[Finding] = []
    for element in list(root.iter()):
        if not isinstance(element.tag, str):
            continue
        findings += [
            (element, "a condition on the recipient inside an attribute", _USE_EXPRESSION)
            for value in element.attrib.values()
            if any(match[1] in "ivefn" for match in holes.pattern.finditer(str(value)))
        ]
        if not holds_html(element.tag) and element.tag != "mj-attributes" and not _inside_html(element):
            _wrap_comments(element, holes)
            _wrap_texts(element, holes)
    return findings


def _inside_html(element: etree._Element) -> bool:
    return any(holds_html(str(parent.tag)) for parent in element.iterancestors())


def _wrap_comments(element: etree._Element, holes: Holes) -> None:
    """Comments between MJML's elements: marks are wrapped, an author's notes go."""
    for child in list(element):
        if not isinstance(child, etree._Comment):  # noqa: SLF001 (the class has no other name)
            continue
        tokens = [match[0] for match in holes.pattern.finditer(child.text or "")]
        replacement = [_raw(token) for token in tokens]
        _put(element, child, replacement)


def _wrap_texts(element: etree._Element, holes: Holes) -> None:
    if element.text and holes.pattern.search(element.text):
        tokens = [match[0] for match in holes.pattern.finditer(element.text)]
        element.text = holes.pattern.sub("", element.text)
        for place, token in enumerate(tokens):
            element.insert(place, _raw(token))
    for child in list(element):
        if child.tail and holes.pattern.search(child.tail):
            tokens = [match[0] for match in holes.pattern.finditer(child.tail)]
            child.tail = holes.pattern.sub("", child.tail)
            for token in reversed(tokens):
                child.addnext(_raw(token))


def _raw(token: str) -> etree._Element:
    raw = etree.Element("mj-raw")
    raw.append(etree.Comment(token))
    return raw


def _put(parent: etree._Element, old: etree._Element, new: list[etree._Element]) -> None:
    """Replace `old` by `new`, keeping the text behind it."""
    place, tail = parent.index(old), old.tail
    old.tail = None
    parent.remove(old)
    for offset, element in enumerate(new):
        parent.insert(place + offset, element)
    if tail and tail.strip():
        if new:
            new[-1].tail = tail
        elif place:
            parent[place - 1].tail = (parent[place - 1].tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
