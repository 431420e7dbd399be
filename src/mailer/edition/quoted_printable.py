"""Quoted-printable in runs that may be joined in any order (RFC 2045 §6.7).

A run is the encoding of one piece of text that starts in column 0 and ends in a line break: a soft one (`=` CRLF),
which decodes to nothing, or a hard one where the text itself ends in a newline. So pieces are encoded once, when an
edition is loaded, and a message is made by joining them with the values between them: no line ever grows past 76
characters, whatever a value holds, at the price of three bytes per run.

No line starts with a dot, so nothing has to look for one again before the wire (RFC 5321 §4.5.2), or with "From ",
which mailboxes would mark. No line ends in white space, so `c=relaxed/simple` signs it as it is (RFC 6376 §3.4.3).
"""

import re
from binascii import b2a_qp

#: Characters of a line before the `=` of its soft break (RFC 2045 §6.7, rule 5: 76 with it).
_WIDTH = 75
_SOFT = b"=\r\n"
#: What stands for each byte that cannot stand for itself.
_ENCODED = [b"=%02X" % byte for byte in range(256)]
_SPECIAL = re.compile(rb"[^ -<>-~\t\n]+|[ \t](?=\n)")
#: A line must not begin with one of these (see above).
_BEGINNING = re.compile(rb"\.|From ")
#: The second and later bytes of a character of UTF-8: 80 to BF.
_CONTINUATION = re.compile(rb"=[89AB]")


def run(text: str) -> bytes:
    """Encode a piece of any length. Lone surrogates become "?", LF and CRLF hard breaks."""
    if not text:
        return b""
    source = text.encode("utf-8", "replace").replace(b"\r\n", b"\n")
    lines = _SPECIAL.sub(_escape, source).split(b"\n")
    last = lines.pop()
    out: list[bytes] = []
    for line in lines:
        _wrap(line, out, b"\r\n")
    if last:
        _wrap(last, out, _SOFT)
    return b"".join(out)


def value(text: str) -> bytes:
    """Encode a short piece, most often a word or two: as `run`, by the shortest way."""
    encoded = b""
    if len(text) <= _WIDTH:
        if text.isascii() and text.isprintable():
            encoded = text.encode().replace(b"=", b"=3D")
        elif "\n" not in text:
            # The C encoder knows nothing of dots at the start of a line, so it serves only for what fits into one.
            encoded = b2a_qp(text.encode("utf-8", "replace"), istext=False)
    if encoded and len(encoded) <= _WIDTH and encoded[0] not in b".F" and b"\n" not in encoded:
        return encoded + _SOFT
    return run(text)


def _escape(match: re.Match[bytes]) -> bytes:
    return b"".join([_ENCODED[byte] for byte in match[0]])


def _wrap(line: bytes, out: list[bytes], ending: bytes) -> None:
    """Append `line`, which holds only safe characters and `=XX`, in pieces of at most `_WIDTH`, the last with `ending`."""
    start, length = 0, len(line)
    while True:
        room = _WIDTH
        if _BEGINNING.match(line, start):
            out.append(_ENCODED[line[start]])
            start, room = start + 1, _WIDTH - 3
        if length - start <= room:
            break
        cut = cut_before(line, start + room)
        out += (line[start:cut], _SOFT)
        start = cut
    out += (line[start:], ending)


def cut_before(line: bytes, cut: int) -> int:
    """Where to break an encoded line, at `cut` or just before: not inside `=XX`, nor inside a character of several."""
    if line[cut - 1] == 61:
        cut -= 1
    elif line[cut - 2] == 61:
        cut -= 2
    while _CONTINUATION.match(line, cut):
        cut -= 3
    return cut
