"""Judges MJML: tags, attributes, values and what may stand in what.

mrml, which turns MJML into HTML, judges nothing: unknown tags are copied out, unknown attributes and bad values vanish.
The data in `mjml-schema.json` was taken from the official components (MJML 5.4.1, MIT licence, Mailjet SAS).
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from lxml import etree

from mailer.rendering.problems import suggestion

#: (element, message, hint)
Finding = tuple[etree._Element, str, str]  # noqa: SLF001 (the class has no other name)

_EVERYWHERE = frozenset({"css-class", "mj-class"})
_ROOT = frozenset({"lang", "dir", "owa"})
#: Understood by MJML, but not by mrml, which fails on them or leaves them out without a word.
_REFUSED = {
    "mj-include": "take files in with {% include %}",
    "mj-html-attributes": "write the attributes on the elements",
    "mj-selector": "write the attributes on the elements",
    "mj-html-attribute": "write the attributes on the elements",
}
_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]+|(rgb|rgba|hsl|hsla)\([\d\s.,%/deg-]+\)")
_NETWORKS_WITHOUT_ICON = "most networks have no icon of their own, and the others would be fetched from a third party"


@cache
def schema() -> dict[str, Any]:
    """The official components: attributes with types, whether they hold HTML ("ending"), allowed children."""
    document: dict[str, Any] = json.loads(files(__package__).joinpath("mjml-schema.json").read_text(encoding="utf-8"))
    return document


@cache
def _types() -> dict[str, dict[str, re.Pattern[str]]]:
    return {
        tag: {name: _pattern(kind) for name, kind in entry["attrs"].items()}
        for tag, entry in schema().items()
        if tag != "_dependencies"
    }


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
    if tag == "mj-social-element" and "src" not in element.attrib:
        yield element, "<mj-social-element> without src", _NETWORKS_WITHOUT_ICON


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
            yield element, f'<{element.tag}> has no "{name}"', suggestion(name, types.keys() | also)
        elif not is_open(value) and not types[name].fullmatch(value.strip()):
            kind = schema()[element.tag]["attrs"].get(name, "")
            yield element, f'{name}="{value}" on <{element.tag}>', f"it takes {kind}"


def _defaults(element: etree._Element) -> Iterator[Finding]:
    everything = {name: pattern for types in _types().values() for name, pattern in types.items()}
    for child in element:
        if not isinstance(child.tag, str):
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
                yield child, f'<{child.tag}> has no "{name!s}"', suggestion(str(name), types.keys() | known)


def _stray_text(element: etree._Element) -> Iterator[Finding]:
    texts = [element.text, *(child.tail for child in element)]
    for text in texts:
        if text and text.strip():
            words = " ".join(text.split())[:40]
            yield element, f'"{words}" stands in <{element.tag}> itself', "put it into an <mj-text>"
