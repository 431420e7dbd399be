"""Text in header fields: RFC 2047 encoded words, phrases, and folding.

Everything returned is printable ASCII with CRLF only where a line is folded, so no value can begin a header of its own.
"""

import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Callable

from mailer.edition import quoted_printable

#: RFC 5322 §2.1.1: lines SHOULD NOT be longer than this.
_LINE = 78
#: RFC 2047 §2: an encoded word may be 75 characters, 12 of which are its frame.
_ROOM = 75 - 12
_NOT_IN_PHRASE = re.compile(rb"[^A-Za-z0-9!*+/=_-]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
#: A word with the blanks before it: folding puts the line break before the blanks and changes nothing else.
_WORD = re.compile(r" *[^ ]+")


def unstructured(name: str, text: str) -> str:
    """The field `name` with a free text such as a subject, without its final CRLF."""
    text = text.strip(" ")
    if text.isascii() and text.isprintable() and "=?" not in text:
        folded = fold(name, text)
        if all(len(line) <= _LINE for line in folded.split("\r\n")):
            return folded
    # On one line with the name, the first word has less room than the others.
    source = text.encode("utf-8", "replace")
    return f"{name}: " + "\r\n ".join(_words(source, _q_text(source), _LINE - 12 - len(name) - 2))


def phrase(text: str) -> str:
    """A display name: as it is, in quotes, or as one encoded word.

    A name too long for one word loses its last words: Python's own parser, and so some archives, put a space between two of them.
    """
    text = " ".join(text.split())
    if text.isascii() and text.isprintable() and "=?" not in text:
        if _ATOMS.fullmatch(text) or not text:
            return text
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    text = text[:_ROOM]  # no word holds more characters
    while True:
        source = text.encode("utf-8", "replace")
        words = _words(source, _q_phrase(source), _ROOM)
        if len(words) == 1:
            return words[0]
        text = text.rpartition(" ")[0] or text[:-1]


def fold(name: str, value: str) -> str:
    """The field `name: value`, broken before blanks so that lines stay within 78 characters where they can."""
    if len(name) + 2 + len(value) <= _LINE:
        return f"{name}: {value}"
    lines, line = [], f"{name}:"
    for word in _WORD.findall(" " + value):
        if len(line) + len(word) > _LINE:
            lines.append(line)
            line = word
        else:
            line += word
    return "\r\n".join([*lines, line])


def _words(source: bytes, in_q: bytes, first_room: int) -> list[str]:
    """`source` as encoded words, the first with at most `first_room` characters in its frame, whole characters in each.

    in_q: `source` in the "Q" encoding, which is taken where it is the shorter one.
    """
    if 3 * len(in_q) <= 4 * len(source):
        pieces = _pieces(in_q, first_room, _ROOM, quoted_printable.cut_before)
        return [f"=?utf-8?q?{piece.decode()}?=" for piece in pieces]
    pieces = _pieces(source, first_room // 4 * 3, _ROOM // 4 * 3, _cut_before)
    return [f"=?utf-8?b?{b2a_base64(piece, newline=False).decode()}?=" for piece in pieces]


def _pieces(source: bytes, first: int, room: int, cut_before: Callable[[bytes, int], int]) -> list[bytes]:
    pieces, start, end = [], 0, first
    while end < len(source):
        end = cut_before(source, end)
        pieces.append(source[start:end])
        start, end = end, end + room
    return [*pieces, source[start:]]


def _cut_before(source: bytes, cut: int) -> int:
    """`cut`, or the beginning of the character that it would cut in two."""
    while source[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut


def _q_text(source: bytes) -> bytes:
    """The "Q" encoding for free text (RFC 2047 §4.2)."""
    return b2a_qp(source, istext=False, header=True).replace(b"=\n", b"").replace(b"?", b"=3F")


def _q_phrase(source: bytes) -> bytes:
    """The "Q" encoding for a phrase, where fewer characters may stand for themselves (RFC 2047 §5, rule 3)."""
    return _NOT_IN_PHRASE.sub(lambda match: b"=%02X" % match[0][0], _q_text(source))
