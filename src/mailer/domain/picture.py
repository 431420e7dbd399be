"""A picture as mail links it: named by its content, small, and without a trace of who took it or where."""

from dataclasses import dataclass

#: What mail clients show, and the name each carries in a link. Outlook for Windows shows no WebP, so none goes out.
CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture, ready to be served.

    name: "HASH.EXT", where HASH is the first 32 hex digits of the content's SHA-256; equal content, equal name.
    width, height: pixels of `content`.
    """

    name: str
    content_type: str
    content: bytes
    width: int
    height: int
