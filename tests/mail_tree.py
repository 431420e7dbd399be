"""A mail as a tree that can be compared: what is written in several ways and means the same is written in one."""

import re
from collections.abc import Iterator

import html5lib

_RANDOM_NAME = re.compile(r"(?<![0-9a-z])(?:[0-9a-f]{16}|0000000\d)(?![0-9a-z])")
_NO_LENGTH = re.compile(r"(?<![\d.])0(?:px|%)")
_LONG_FRACTION = re.compile(r"(\d+[.-]\d{3})\d+")


def tree(document: str) -> list[str]:
    """Every element with its attributes and the words in and behind it, a line each.

    Left out, for they change nothing that anybody sees: white space, the order of classes and declarations, empty
    attributes, random names; and what is listed in `_ATTRIBUTES` and `_STYLES`. Style sheets are compared by `rules`.
    """
    names: dict[str, str] = {}
    parsed = html5lib.parse(document, treebuilder="etree", namespaceHTMLElements=False)
    out = []
    for element in parsed.find("body").iter():
        if not isinstance(element.tag, str) or element.tag == "style":
            continue
        attributes = {
            name: _plain(name, value, names)
            for name, value in element.attrib.items()
            if not any(tag.fullmatch(element.tag) and name == left for tag, left in _ATTRIBUTES)
        }
        if re.search(r"width: \d+px", attributes.get("style", "")) and element.tag in ("td", "th"):
            attributes.pop("width", None)  # said twice, by juice or by an author
        if attributes.get("role") == "article":
            attributes.pop("class", None)  # ours are here and on the body, the official ones on the body only
        shown = "".join(f' {name}="{value}"' for name, value in sorted(attributes.items()) if value or name == "alt")
        words = [" ".join((text or "").split()) for text in (element.text, element.tail)]
        out.append(f"<{element.tag}{shown}>{words[0]}" + (f" … {words[1]}" if words[1] else ""))
    return out


#: (elements, attribute)
_ATTRIBUTES = [
    (re.compile("table"), "role"),  # set by our own step, on every table that is not data
    (re.compile("td"), "vertical-align"),  # no attribute of HTML; mrml writes it around buttons
    (re.compile("(?!table|t[dhr]$|img$).*"), "align"),  # premailer says styles again in the words of HTML 4
    (re.compile("(?!table|t[dhr]$|body$).*"), "bgcolor"),
]
_STYLES = [
    ("word-spacing", "normal"),  # mrml says it once, on the body, from which it is inherited
    ("border", "0"),  # of pictures: the sheet in the head says it of all
    ("border-collapse", "separate"),  # of tables with a frame; mrml says it of them, MJML of those with gaps
]


def _plain(name: str, value: str, names: dict[str, str]) -> str:
    value = _RANDOM_NAME.sub(lambda match: names.setdefault(match[0], f"name-{len(names)}"), " ".join(value.split()))
    if name == "style":
        # MJML rounds the columns that Outlook is shown; of a group's, below the breakpoint, it cuts the fraction off.
        value = re.sub(r"(\d+\.\d+)px", lambda match: f"{round(float(match[1]))}px", value)
        value = re.sub(r"#(.)(.)(.)(?![0-9a-zA-Z])", r"#\1\1\2\2\3\3", value)
        value = re.sub(r"(\d+)\.\d+%", r"\1%", value)
        return "; ".join(sorted(_declarations(value)))
    if name == "width":
        return value.removesuffix("px").partition(".")[0]
    if name == "aria-label":
        return value.partition('"')[0].strip()  # where MJML's ends, which forgets to escape it
    value = _LONG_FRACTION.sub(r"\1", value)
    return " ".join(sorted(value.split())) if name == "class" else value


def _declarations(style: str) -> list[str]:
    found = []
    for declaration in re.split(r";(?![^(]*\))", style):
        name, colon, value = declaration.partition(":")
        if colon and (name.strip(), value.strip()) not in _STYLES:
            plain = _NO_LENGTH.sub("0", value.strip()).replace('"', "'")
            found.append(f"{name.strip()}: {plain}")
    return found


def rules(document: str) -> set[tuple[str, str]]:
    """(condition, rule) for every rule of the style sheets; the condition is an at-rule's head, or empty."""
    found: set[tuple[str, str]] = set()
    for attributes, sheet in re.findall(r"<style([^>]*)>(.*?)</style>", document, re.DOTALL):
        media = re.search(r'media="([^"]*)"', attributes)
        text = _squeezed(re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL))
        found |= {(media[1] if media else condition, rule) for condition, rule in _split(text, "")}
    return found


def _squeezed(sheet: str) -> str:
    sheet = re.sub(r"\s*([{};:,>])\s*", r"\1", re.sub(r"\s+", " ", sheet)).replace(";}", "}")
    return _LONG_FRACTION.sub(r"\1", sheet).strip()


def _split(sheet: str, condition: str) -> Iterator[tuple[str, str]]:
    """The rules of a sheet, or of the inside of an at-rule."""
    depth, start = 0, 0
    for at, character in enumerate(sheet):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth or character not in "};":
            continue
        rule, start = sheet[start : at + 1].strip(), at + 1
        if rule.startswith("@") and rule.endswith("}}"):
            head, _, inside = rule.partition("{")
            yield from _split(inside[:-1], head)
        elif rule.strip(";"):
            yield condition, rule
