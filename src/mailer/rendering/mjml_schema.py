"""Judges MJML: tags, attributes, values and what may stand in what.

mrml, which turns MJML into HTML, judges nothing: unknown tags are copied out, unknown attributes and bad values vanish.
The data in `mjml-schema.json` was taken from the official components (MJML 5.4.1, MIT licence, Mailjet SAS).
"""

import json
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from importlib.resources import files
from typing import Any

from lxml import etree

from mailer.rendering.problems import suggestion

#: (element, message, hint)
Finding = tuple[etree._Element, str, str]  # noqa: SLF001 (the class has no other name)

_EVERYWHERE = frozenset({"css-class", "mj-class"})
_ROOT = frozenset({"lang", "dir", "owa"})
#: Elements of MJML that are refused, and what to do instead: mrml fails on them, leaves them out without a word or lays
#: them out wrongly; or what becomes of them has no place in a mail.
_REFUSED = {
    "mj-include": "take files in with {% include %}",
    "mj-html-attributes": "write the attributes on the elements",
    "mj-selector": "write the attributes on the elements",
    "mj-html-attribute": "write the attributes on the elements",
    "mj-font": "a font host would learn who reads the mail, and few programs would show it: name fonts that people have",
    "mj-hero": "its widths come out wrong in Outlook: use <mj-section background-url=…>",
    "mj-accordion": "it is made of form fields, which programs take away: write headings",
    "mj-carousel": "it is made of form fields, which programs take away: show one picture, and link the others",
}
#: Attributes of MJML that mrml leaves out without a word. A test finds them by comparing with the official engine.
_LEFT_OUT = {
    "mj-body": frozenset({"id"}),
    "mj-section": frozenset({"gutter"}),
    "mj-wrapper": frozenset({"gap"}),
    "mj-column": frozenset(
        {
            "inner-border",
            "inner-border-radius",
            *(f"inner-border-{side}" for side in ("bottom", "left", "right", "top")),
        }
    ),
    "mj-button": frozenset({"title"}),
    "mj-image": frozenset({"sizes", *(f"border-{side}" for side in ("bottom", "left", "right", "top"))}),
    "mj-table": frozenset({"cellspacing"}),
    "mj-social": frozenset({"border"}),
    "mj-social-element": frozenset({"border", "icon-position", "sizes", "srcset"}),
    "mj-navbar": frozenset({"hamburger"}),  # mrml knows it, and makes a form field of it
}
#: Where a padding takes part in the widths that Outlook is told: no engine can reckon with per cent there.
_MEASURED = frozenset({"mj-section", "mj-wrapper", "mj-column", "mj-image", "mj-divider"})
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]+|(rgb|rgba|hsl|hsla)\([\d\s.,%/deg-]+\)")
_NARROW = "Outlook would be told too small a width: give the padding to what stands in the column"
_NETWORKS_WITHOUT_ICON = "most networks have no icon of their own, and the others would be fetched from a third party"


@cache
def schema() -> dict[str, Any]:
    """The official components: attributes with types, whether they hold HTML ("ending"), allowed children."""
    document: dict[str, Any] = json.loads(files(__package__).joinpath("mjml-schema.json").read_text(encoding="utf-8"))
    return document


@cache
def _types() -> dict[str, dict[str, re.Pattern[str]]]:
    return {
        tag: {name: _pattern(_kind(tag, name)) for name in entry["attrs"] if name not in _LEFT_OUT.get(tag, ())}
        for tag, entry in schema().items()
        if tag != "_dependencies"
    }


def _kind(tag: str, name: str) -> str:
    """The type of an attribute, as the schema writes it."""
    kind: str = schema()[tag]["attrs"].get(name, "")
    return kind.replace("px,%", "px") if tag in _MEASURED and "padding" in name else kind


def _pattern(kind: str) -> re.Pattern[str]:
    """Which values a type of the schema takes, as "unit(px,%){1,4}" or "enum(left,right)"."""
    name, _, rest = kind.partition("(")
    options, _, count = rest.partition(")")
    if name == "enum":
        return re.compile("|".join(re.escape(option) for option in options.split(",")))
    if name in ("unit", "unitWithNegative"):
        units = options.split(",")
        sign = "-?" if name == "unitWithNegative" else ""
        words = [unit for unit in units if unit and unit not in ("px", "%", "em")]
        suffix = "|".join(re.escape(unit) for unit in units if unit in ("px", "%", "em", ""))
        one = "|".join([rf"{sign}\d*\.?\d+(?:{suffix})", "0", *words])
        return re.compile(rf"(?:{one})(?:\s+(?:{one})){{0,3}}" if count else one)
    simple = {"color": _COLOUR.pattern, "boolean": "true|false", "integer": r"\d+"}
    return re.compile(simple.get(name, r"[\s\S]*"))


def holds_html(tag: str) -> bool:
    """Whether MJML takes what stands inside `tag` for HTML and looks no further."""
    entry = schema().get(tag)
    return tag != "mjml" and (entry is None or bool(entry["ending"]))


def judge(root: etree._Element, is_open: Callable[[str], bool]) -> Iterator[Finding]:
    """Everything that is wrong with a document. is_open: whether a value holds a hole, so that it is not known yet."""
    if root.tag != "mjml":
        yield root, f"<{root.tag}> is not <mjml>", "a template of a kind extends base.mjml"
        return
    yield from _attributes(root, _ROOT, {}, is_open)
    yield from _children(root, is_open)


def _children(parent: etree._Element, is_open: Callable[[str], bool]) -> Iterator[Finding]:
    tag = str(parent.tag)
    allowed = schema()["_dependencies"].get(tag, [])
    for child in parent:
        if not isinstance(child.tag, str):
            continue
        name = child.tag
        if name in _REFUSED:
            yield child, f"<{name}> is not understood", _REFUSED[name]
            continue
        if name not in schema() or name == "_dependencies":
            yield child, f"there is no <{name}>", suggestion(name, schema().keys() - {"_dependencies"})
            continue
        if allowed != ["^.*^"] and name not in allowed:
            yield child, f"<{name}> cannot stand in <{tag}>", f"there may be: {', '.join(allowed)}"
        yield from _own(child, is_open)
        if not holds_html(name) and name != "mj-attributes":
            yield from _stray_text(child)
            yield from _children(child, is_open)
        elif name == "mj-attributes":
            yield from _defaults(child)


def _own(element: etree._Element, is_open: Callable[[str], bool]) -> Iterator[Finding]:
    tag = str(element.tag)
    yield from _attributes(element, _EVERYWHERE, _types()[tag], is_open)
    if tag == "mj-image" and "alt" not in element.attrib:
        yield element, "<mj-image> without alt", 'say what it shows, or write alt="" if it only decorates'
    if tag == "mj-column" and _is_padded(element) and getattr(element.getparent(), "tag", "") == "mj-group":
        yield element, "<mj-column> with padding in an <mj-group>", _NARROW
    if tag == "mj-social-element" and "src" not in element.attrib:
        yield element, "<mj-social-element> without src", _NETWORKS_WITHOUT_ICON


def _is_padded(element: etree._Element) -> bool:
    return any("padding" in str(name) and re.search("[1-9]", str(value)) for name, value in element.attrib.items())


def _attributes(
    element: etree._Element,
    also: frozenset[str],
    types: dict[str, re.Pattern[str]],
    is_open: Callable[[str], bool],
) -> Iterator[Finding]:
    for name, value in element.attrib.items():
        name, value = str(name), str(value)  # noqa: PLW2901
        if name in also:
            continue
        if name not in types:
            yield element, *_unknown(str(element.tag), name, types.keys() | also)
        elif not is_open(value) and not types[name].fullmatch(value.strip()):
            yield element, f'{name}="{value}" on <{element.tag}>', f"it takes {_kind(str(element.tag), name)}"


def _unknown(tag: str, name: str, known: AbstractSet[str]) -> tuple[str, str]:
    if name in _LEFT_OUT.get(tag, ()):
        return f'"{name}" of <{tag}> is not understood', "leave it out: it would have no effect"
    return f'<{tag}> has no "{name}"', suggestion(name, known)


def _defaults(element: etree._Element) -> Iterator[Finding]:
    everything = {name: pattern for types in _types().values() for name, pattern in types.items()}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        if child.tag in _REFUSED:
            yield child, f"<{child.tag}> is not understood", _REFUSED[child.tag]
            continue
        if child.tag not in ("mj-all", "mj-class") and child.tag not in _types():
            yield child, f"there is no <{child.tag}>", suggestion(child.tag, schema().keys() - {"_dependencies"})
            continue
        if len(child):
            yield child, f"<{child.tag}> with elements inside it", "give each element its own default"
        types = _types().get(child.tag, everything)
        known = _EVERYWHERE | ({"name"} if child.tag == "mj-class" else frozenset())
        for name in child.attrib:
            if str(name) not in types and str(name) not in known:
                yield child, *_unknown(child.tag, str(name), types.keys() | known)


def _stray_text(element: etree._Element) -> Iterator[Finding]:
    texts = [element.text, *(child.tail for child in element)]
    for text in texts:
        if text and text.strip():
            words = " ".join(text.split())[:40]
            yield element, f'"{words}" stands in <{element.tag}> itself', "put it into an <mj-text>"
