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
#: Whether a value can stand as it is.
Ready = Callable[[str], object]

#: Values that are kept as encoded, if they had to be changed: people share names, and a name stands in several places
#: of a message.
_MOST_KEPT = 1024
#: A few words, in one line of quoted-printable, and not blank.
_WORDS = re.compile(r"(?!From )[!#-%(-\-/-;?-~][ !#-%(-;?-~]{0,74}+").fullmatch
#: Values that neither escaping nor quoted-printable changes, by context: nearly all of them, known by one look.
READY: Mapping[Context, Ready] = {
    Context.TEXT: _WORDS,
    Context.ATTR: _WORDS,
    Context.PLAIN: _WORDS,
    Context.HEADER: _WORDS,
    Context.URLQ: re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]{0,74}+").fullmatch,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium(Generic[Piece]):
    """How pieces are made and joined.

    static: lays fixed text. values: by context, escapes a value and lays it. word: lays what no escaping and no
    encoding changes: what is `READY` where it stands, tokens of links.
    """

    static: Callable[[str], Piece]
    values: Mapping[Context, Callable[[str], Piece]]
    word: Callable[[str], Piece]
    join: Callable[[Sequence[Piece]], Piece]


_encoded = lru_cache(_MOST_KEPT)(quoted_printable.value)


def _wire_value(context: Context) -> Callable[[str], bytes]:
    # Of addresses each person has another.
    escape, encode = ESCAPE[context], quoted_printable.value if context is Context.URL else _encoded
    return lambda text: encode(escape(text))


def _word(text: str) -> bytes:
    return text.encode() + b"=\r\n"


def sharing_wire() -> Medium[bytes]:
    """`WIRE` for several variants that say much the same: what is fixed in them is laid once, and there once in memory."""
    return replace(WIRE, static=cache(WIRE.static))


#: Text as a reader's program has it after decoding.
PAGE: Medium[str] = Medium(static=str, values=ESCAPE, word=str, join="".join)
#: Runs of quoted-printable.
WIRE: Medium[bytes] = Medium(
    static=quoted_printable.run,
    values={context: _wire_value(context) for context in Context},
    word=_word,
    join=b"".join,
)
