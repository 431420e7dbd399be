"""From mrml's HTML to the HTML that is sent: one tree, one pass of premailer, then the last touches.

premailer never runs with its defaults: they strip `!important` from media queries (dark mode dies), lose the doctype,
inline MJML's own reset into every cell (a fifth more mail) and fetch style sheets. Here it gets our inline sheet alone.
"""

import logging
import re
from functools import lru_cache
from typing import Any

import cssutils
from lxml import etree
from lxml import html as lxml_html
from premailer import Premailer

from mailer.rendering.holes import Holes
from mailer.rendering.mjml import Styled

#: cssutils complains about every property that only mail clients know: fifty lines a mail.
cssutils.log.setLevel(logging.CRITICAL)
_CLASS = re.compile(r"\.([\w-]+)")
_IMPORTANT = re.compile(r"\s*!\s*important", re.IGNORECASE)
#: mrml writes the class of a section to the table around it that only Outlook sees, and marks the last of several alone.
_GHOST_CLASS = re.compile(r'(?<=class=")[^"]*(?=-outlook")')
_BETWEEN_CONDITIONS = re.compile(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>")


def finished(styled: Styled, holes: Holes) -> str:
    """The HTML with styles inlined, roles, and an upper-case doctype (a lower-case one is lost: quirks mode)."""
    tree = lxml_html.document_fromstring(styled.html)
    for style in tree.iter("style"):
        style.set("data-premailer", "ignore")
    # Word-based Outlook ignores a declaration in a style attribute that carries it; in <style> it decides and must stay.
    tree = _inlined(tree, _IMPORTANT.sub("", styled.inline_css))
    for style in tree.iter("style"):
        style.attrib.pop("data-premailer", None)
    _head_styles(tree, styled.head_css)
    _whole_widths(tree)
    _body_class(tree)
    _roles(tree)
    _labels(tree, holes)
    for comment in tree.iter(etree.Comment):
        comment.text = _GHOST_CLASS.sub(lambda match: match[0].replace(" ", "-outlook "), comment.text or "")
    text = lxml_html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>")
    # mrml closes and opens Outlook's tables in comments of their own; where they touch, one will do: 3 to 4 % of the mail.
    return _BETWEEN_CONDITIONS.sub("", text)


class _Inliner(Premailer):  # type: ignore[misc] # premailer ships no types
    """Reads a style sheet once, and looks only for what the document has.

    The sheet changes only with the templates, and reading it takes longer than applying it; a third of its rules are for
    blocks that a campaign does not use.
    """

    #: Every class that an element of the document has.
    classes: frozenset[str] = frozenset()

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> Any:
        rules, leftover = _rules(css_body, ruleset_index)
        return [rule for rule in rules if ":" in rule[1] or self.classes.issuperset(_CLASS.findall(rule[1]))], leftover


@lru_cache(maxsize=32)
def _rules(css: str, index: int) -> Any:
    return Premailer("", strip_important=False, disable_validation=True)._parse_style_rules(css, index)  # noqa: SLF001


def _inlined(tree: lxml_html.HtmlElement, css: str) -> lxml_html.HtmlElement:
    inliner = _Inliner(
        tree,
        css_text=css,
        keep_style_tags=False,
        strip_important=False,
        disable_validation=True,
        disable_leftover_css=True,
        align_floating_images=False,
        allow_network=False,
        disable_basic_attributes=["width", "height"],
    )
    inliner.classes = frozenset(name for value in tree.xpath("//@class") for name in str(value).split())
    inliner.transform(pretty_print=False)
    return tree


def _head_styles(tree: lxml_html.HtmlElement, css: str) -> None:
    head = tree.find("head")
    if css.strip() and head is not None:
        style = etree.SubElement(head, "style", type="text/css")
        style.text = "\n" + css.strip() + "\n"


def _whole_widths(tree: lxml_html.HtmlElement) -> None:
    """A picture in a third of a row is given 166.66 pixels; HTML knows whole ones only (WHATWG HTML, 4.8.17)."""
    for image in tree.iter("img"):
        width = image.get("width", "")
        if "." not in width:
            continue
        image.set("width", width.partition(".")[0])
        for cell in image.iterancestors("td"):
            cell.set("style", cell.get("style", "").replace(f"width:{width}px", f"width:{width.partition('.')[0]}px"))
            break


def _body_class(tree: lxml_html.HtmlElement) -> None:
    """<mj-body>'s classes stand on <body>, as MJML has it, and on the first element in it, where mrml puts them.

    Some programs show a mail without its <body>: what is styled by class keeps its ground there.
    """
    body, letter = tree.find("body"), tree.find("body/div[@role='article']")
    if body is not None and letter is not None and letter.get("class"):
        body.set("class", letter.get("class"))


def _roles(tree: lxml_html.HtmlElement) -> None:
    """Layout tables say so to screen readers; a table with headings of its own is data. mrml drops the role that a template gives."""
    for table in tree.iter("table"):
        if table.find("tr/th") is None and table.find("*/tr/th") is None:
            table.set("role", "presentation")


def _labels(tree: lxml_html.HtmlElement, holes: Holes) -> None:
    """Mrml repeats the title as a label; a title with a condition in it cannot stand in an attribute."""
    for element in tree.iter("div"):
        label = element.get("aria-label")
        if label and any(match[1] in "ivefn" for match in holes.pattern.finditer(label)):
            del element.attrib["aria-label"]
