"""Text in header fields: RFC 2047 encoded words, phrases, and folding.

Everything returned is printable ASCII with CRLF only where a line is folded, so no value can begin a header of its own.
"""

import binascii
import re
from collections.abc import Iterator

#: RFC 5322 §2.1.1: lines SHOULD NOT be longer than this.
_LINE = 78
#: RFC 2047 §2: an encoded word may be 75 characters, 12 of which are its frame.
_ROOM = 75 - 12
#: What may stand for itself in an encoded word anywhere (RFC 2047 §5, rule 3), beside the space, which becomes "_".
_NOT_Q = re.compile(rb"[^A-Za-z0-9!*+/_-]|_")
_Q = [b"_" if byte == 32 else b"=%02X" % byte for byte in range(256)]
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
    return f"{name}: " + "\r\n ".join(_words(text, _LINE - 12 - len(name) - 2))


def phrase(text: str) -> str:
    """A display name: as it is, in quotes, or as one encoded word.

    A name too long for one word is cut: Python's own parser, and so some archives, put a space between two of them.
    """
    text = " ".join(text.split())
    if text.isascii() and text.isprintable() and "=?" not in text:
        if _ATOMS.fullmatch(text) or not text:
            return text
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    return next(_words(text, _ROOM))


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


def _words(text: str, first_room: int) -> Iterator[str]:
    """`text` as encoded words: the first with at most `first_room` characters within its frame, the others with `_ROOM`."""
    source = text.encode("utf-8", "replace")
    frame, encode = min((("=?utf-8?q?%s?=", _q), ("=?utf-8?b?%s?=", _b)), key=lambda one: len(one[1](source)))
    room, start = first_room, 0
    while start < len(text):
        piece = text[start : start + room]
        while len(encoded := encode(piece.encode("utf-8", "replace"))) > room:
            # RFC 2047 §5: each word holds whole characters.
            piece = piece[: max(1, len(piece) * room // len(encoded))]
        yield frame % encoded.decode()
        start, room = start + len(piece), _ROOM


def _q(source: bytes) -> bytes:
    return _NOT_Q.sub(lambda match: _Q[match[0][0]], source)


def _b(source: bytes) -> bytes:
    return binascii.b2a_base64(source, newline=False)
