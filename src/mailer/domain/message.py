"""A finished message on its way to one person."""

from collections.abc import Sequence
from typing import NamedTuple

#: Stands before the subject of whatever is sent to try something out.
TEST_MARK = "[TEST]"


class OutgoingMessage(NamedTuple):
    """One message to one recipient.

    key: stable per delivery and equal to the left part of its Message-ID; the same again after a crash.
    sender, recipient: the envelope (RFC 5321), bare addresses without angle brackets, their domains in ASCII.
    content: the whole message (RFC 5322) with CRLF line ends, no line over 998 octets, 7-bit clean unless `eight_bit`,
    and **no line that starts with a dot**, so a backend may put it on the wire without looking.
    parts: what the content is put together from when somebody asks for it. Most of it is shared by all messages of a mailing,
    so those that wait for their turn take little room. size: of all of them, in octets.
    """

    key: str
    sender: str
    recipient: str
    parts: Sequence[bytes]
    size: int
    eight_bit: bool = False

    @classmethod
    def whole(
        cls, *, key: str, sender: str, recipient: str, content: bytes, eight_bit: bool = False
    ) -> "OutgoingMessage":
        """Of content that is put together already."""
        return cls(key, sender, recipient, (content,), len(content), eight_bit)

    @property
    def content(self) -> bytes:
        """Put together anew each time."""
        return b"".join(self.parts)

    @property
    def smtputf8(self) -> bool:
        """Whether an address has letters beyond ASCII before its @: only a relay with SMTPUTF8 (RFC 6531) can carry it."""
        return not (self.recipient.isascii() and self.sender.isascii())
