"""What a mail says to somebody who reads it, in either part: to compare the two."""

import re
from collections.abc import Iterator

from lxml import html as lxml_html


def unsaid(html: str, text: str) -> list[str]:
    """The first line of the text part that the HTML does not say after the lines before it; [] if it says all of them."""
    said = "".join("".join(_visible(lxml_html.document_fromstring(html))).split())
    position = 0
    for line in _sentences(text):
        found = said.find("".join(line.split()), position)
        if found < 0:
            return [line]
        position = found
    return []


def structure(html: str) -> list[tuple[str, str]]:
    """Every element with its class, in order: what no value may change."""
    tree = lxml_html.document_fromstring(html)
    return [(element.tag, element.get("class", "")) for element in tree.iter() if isinstance(element.tag, str)]


def _visible(page: lxml_html.HtmlElement) -> Iterator[str]:
    body = page.find("body")
    for element in body.iter():
        if element.tag == "img":
            yield element.get("alt")
        if element.tag not in ("style", "script") and isinstance(element.tag, str):
            yield element.text or ""
        yield element.tail or "" if element is not body else ""


def _sentences(text: str) -> Iterator[str]:
    """Lines of the text part that are prose: neither addresses nor the characters that draw lines and bars."""
    for line in text.splitlines():
        words = re.sub(r" <https?://[^>]+>", "", line).strip().strip("*_[]").removesuffix(":")
        if re.search(r"[a-z]{3}", words) and "://" not in words and not re.search(r"[*_]|#\.", words):
            # A list draws its own numbers.
            yield re.sub(r"^(- |— |> |\d+\. )", "", words)
