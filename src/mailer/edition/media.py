"""What a message is made of while it is put together: text for pages, runs of quoted-printable for the wire."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Generic, TypeVar

from mailer.edition import quoted_printable
from mailer.edition.escaping import ESCAPE
from mailer.edition.format import Context

Piece = TypeVar("Piece", str, bytes)

#: One line of quoted-printable.
LONGEST_WORD = 75
#: Values of one context that are kept as laid, if they had to be changed: people share names, and a name stands in
#: several places of a message.
_MOST_KEPT = 1024
#: Values that neither escaping nor quoted-printable changes: nearly all of them, known by one look.
_READY = {
    Context.TEXT: re.compile(r"(?![.F])[ !#-%(-;?-~]{1,75}+"),
    Context.PLAIN: re.compile(r"(?![.F])[ -<>-~]{1,75}+"),
    Context.URLQ: re.compile(r"(?![.F])[A-Za-z0-9_.~-]{1,75}+"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium(Generic[Piece]):
    """How pieces are made and joined.

    static: lays fixed text. values: by context, escapes a value and lays it. word: lays what no escaping and no
    encoding changes, up to `LONGEST_WORD`: letters and digits of ASCII, tokens of links.
    """

    static: Callable[[str], Piece]
    values: Mapping[Context, Callable[[str], Piece]]
    word: Callable[[str], Piece]
    join: Callable[[Sequence[Piece]], Piece]


def _wire_value(context: Context) -> Callable[[str], bytes]:
    escape, encode = ESCAPE[context], quoted_printable.value
    if context not in _READY:
        return lambda text: encode(escape(text))
    ready = _READY[context].fullmatch
    changed = lru_cache(_MOST_KEPT)(lambda text: encode(escape(text)))

    def value(text: str) -> bytes:
        return text.encode() + b"=\r\n" if ready(text) else changed(text)

    return value


def _wire_values() -> dict[Context, Callable[[str], bytes]]:
    """By context; attributes share what text nodes keep, for they are escaped alike."""
    values = {context: _wire_value(context) for context in Context}
    return values | {Context.ATTR: values[Context.TEXT]}


def sharing_wire() -> Medium[bytes]:
    """`WIRE` for several variants that say much the same: what is fixed in them is laid once, and there once in memory."""
    return replace(WIRE, static=cache(WIRE.static))


#: Text as a reader's program has it after decoding.
PAGE: Medium[str] = Medium(static=str, values=ESCAPE, word=str, join="".join)
#: Runs of quoted-printable.
WIRE: Medium[bytes] = Medium(
    static=quoted_printable.run,
    values=_wire_values(),
    word=lambda word: word.encode() + b"=\r\n",
    join=b"".join,
)
