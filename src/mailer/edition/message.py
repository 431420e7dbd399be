"""The body of a message: multipart/alternative, text first, HTML last (RFC 2046 §5.1.4)."""

import binascii

from mailer.edition.expressions import Scope
from mailer.edition.format import Nodes, Static
from mailer.edition.media import PAGE
from mailer.edition.parts import Content, compile_block

#: Characters of a line of base64 (RFC 2045 §6.8).
_LINE = 76
_ASCII = bytes(range(128))


def part_content(nodes: Nodes, scope: Scope) -> tuple[Content[bytes], bytes]:
    """A part's content as `compile_pieces` takes it, and its Content-Transfer-Encoding.

    Quoted-printable unless most of the part's fixed text is in a script that it would triple, such as Cyrillic or Arabic.
    """
    fixed = "".join(_static(nodes)).encode("utf-8", "replace")
    # Base64 adds a third to everything, quoted-printable two bytes to each that is not ASCII.
    if 2 * len(fixed.translate(None, _ASCII)) <= len(fixed) / 3:
        return nodes, b"quoted-printable"
    text = compile_block(nodes, scope, PAGE)
    return (lambda env: base64(text(env)),), b"base64"


def base64(text: str) -> bytes:
    """`text` in base64, with CRLF line ends within and without."""
    encoded = binascii.b2a_base64(text.replace("\n", "\r\n").encode("utf-8", "replace"), newline=False)
    return b"".join([encoded[start : start + _LINE] + b"\r\n" for start in range(0, len(encoded), _LINE)])


def _static(nodes: object) -> list[str]:
    """All static text in a tree of nodes."""
    if isinstance(nodes, Static):
        return [nodes.text]
    if isinstance(nodes, tuple):
        return [text for node in nodes for text in _static(node)]
    return [text for name in ("branches", "otherwise", "body") for text in _static(getattr(nodes, name, ()))]
