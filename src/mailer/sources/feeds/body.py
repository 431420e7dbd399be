"""The body of an answer, unpacked, and no more of it than is wanted: a few bytes can unpack to gigabytes."""

import zlib
from http.client import HTTPResponse, IncompleteRead

from mailer.sources.feeds.answers import Unread

_CHUNK = 65_536
_AUTOMATIC = zlib.MAX_WBITS | 32  #: gzip and zlib, as the first bytes say
#: What RFC 9110 §8.4.1.2 calls deflate has a zlib header; some servers leave it out.
_BARE = -zlib.MAX_WBITS


def whole(response: HTTPResponse, most: int) -> bytes:
    """All of it. Raises Unread when it is larger than `most` bytes, as sent or unpacked, or cannot be unpacked.

    OSError, HTTPException: as reading raises them, and when it ends early.
    """
    if response.length is not None and response.length > most:
        raise _too_large(most)
    sent = _sent(response, most)
    match (response.headers.get("Content-Encoding") or "identity").strip().lower():
        case "identity":
            return sent
        case "gzip" | "x-gzip" | "deflate":
            return _unpacked(sent, most)
        case _:
            raise Unread("it answers in a packing that was not asked for")


def _sent(response: HTTPResponse, most: int) -> bytes:
    out = bytearray()
    while chunk := response.read(_CHUNK):
        out += chunk
        if len(out) > most:
            raise _too_large(most)
    if response.length:  # the rest that its Content-Length promised
        raise IncompleteRead(b"")
    return bytes(out)


def _unpacked(sent: bytes, most: int) -> bytes:
    for kind in (_AUTOMATIC, _BARE):
        unpacker = zlib.decompressobj(kind)
        try:
            out = unpacker.decompress(sent, most + 1)
        except zlib.error:
            continue
        if len(out) > most:
            raise _too_large(most)
        if unpacker.eof:
            return out
        raise IncompleteRead(b"")
    raise Unread("what it answers cannot be unpacked")


def _too_large(most: int) -> Unread:
    return Unread(f"it is larger than {most:,} bytes")
