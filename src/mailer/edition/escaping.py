"""How a value is made harmless, by where it stands: one function per `Context`.

A value is whatever somebody typed into a form or a spreadsheet. It may change the words of a message and nothing
else: no element, attribute, address scheme, header or line of it.
"""

import math
import re
from collections.abc import Callable
from urllib.parse import quote

from mailer.edition.format import Context

#: Break or end a line in some reader; a value is part of a line.
_LINE_ENDS = re.compile("\r\n|[\t\n\r\u2028\u2029]")
#: Never seen by a person, and each has been used to do harm: controls (C1 alone makes Gmail clip a short message),
#: embeddings, overrides and isolates that reorder the sentence around the value, halves of characters, noncharacters.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
#: The addresses that a link may have: anything else could run code, or point into the reader's own machine.
_ADDRESS = re.compile(r"https?://[^/?#\s]|mailto:[^\s]|tel:[^\s]", re.IGNORECASE)
#: What RFC 3986 §2 lets stand in an address. "%" stands where it begins an escape; quotes and parentheses do not stand.
_ADDRESS_SAFE = ":/?#[]@!$&*+,;=%"
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
#: One that may stand as it is, but for "&": nearly all.
_ORDINARY_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?:[/?#][A-Za-z0-9._~:/?#@!$*+,;=&-]*)?")
#: Components in which nothing but "@" is escaped: numbers, words, addresses of people.
_ORDINARY_COMPONENT = re.compile(r"[A-Za-z0-9_.~@-]*")
_RESERVED = re.compile(rb"[^A-Za-z0-9_.~-]+")
_PERCENT = [b"%%%02X" % byte for byte in range(256)]
_CSS_VALUE = re.compile(r"[-+]?[\w.#]+%?", re.ASCII)


class Unplaceable(ValueError):
    """A value cannot stand where it should. The message says why, without the value."""


def shown(value: object) -> str:
    """A value as text. Nothing for None, items with commas between them for a list; Unplaceable for what has no text."""
    if isinstance(value, str):
        return value
    if value.__class__ is int:
        return str(value)
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return ", ".join([shown(item) for item in value])
    if isinstance(value, float) and not math.isfinite(value):
        raise Unplaceable("a number is too large to be written")
    if isinstance(value, int | float):
        return str(value)
    raise Unplaceable(f"{type(value).__name__} is not something that can be written in a message")


def plain(text: str) -> str:
    """One line of text: for the text part, and the ground on which the other functions stand."""
    if text.isprintable():  # true for what people are called: no controls, separators, surrogates or format characters
        return text
    return _UNSEEN.sub("", _LINE_ENDS.sub(" ", text))


def header(text: str) -> str:
    """As `plain`; who lays the header encodes it (RFC 2047)."""
    return plain(text)


def markup(text: str) -> str:
    """For a text node or a quoted attribute of HTML.

    As markupsafe writes it; both quotes, because serialisers pick the one that suits the value they were given.
    """
    text = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&#34;").replace("'", "&#39;")


def url(text: str) -> str:
    """For the whole of an href or src: an address that is not http, https, mailto or tel becomes "#"."""
    if _ORDINARY_ADDRESS.fullmatch(text):
        return text.replace("&", "&amp;")
    address = plain(text).strip()
    if not _ADDRESS.match(address):
        return "#"
    return markup(quote(_STRAY_PERCENT.sub("%25", address), safe=_ADDRESS_SAFE))


def urlq(text: str) -> str:
    """For one component of an address: a piece of its path, or a value of its query."""
    if _ORDINARY_COMPONENT.fullmatch(text):
        return text.replace("@", "%40")
    return _RESERVED.sub(_percent, plain(text).encode()).decode()


def css(text: str) -> str:
    """For a value in a style attribute. Unplaceable unless it is one word, number or colour."""
    if not _CSS_VALUE.fullmatch(text):
        raise Unplaceable("it is not a single number, word or colour, so it cannot stand in a style")
    return text


ESCAPE: dict[Context, Callable[[str], str]] = {
    Context.TEXT: markup,
    Context.ATTR: markup,
    Context.URL: url,
    Context.URLQ: urlq,
    Context.CSS: css,
    Context.PLAIN: plain,
    Context.HEADER: header,
}


def _percent(match: re.Match[bytes]) -> bytes:
    return b"".join([_PERCENT[byte] for byte in match[0]])
