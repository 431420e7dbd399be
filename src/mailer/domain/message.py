"""A finished message on its way to one person."""

from dataclasses import dataclass

#: Stands before the subject of whatever is sent to try something out.
TEST_MARK = "[TEST]"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """One message to one recipient.

    key: stable per delivery and equal to the left part of its Message-ID; the same again after a crash.
    sender, recipient: the envelope (RFC 5321), bare addresses without angle brackets, their domains in ASCII.
    content: the whole message (RFC 5322) with CRLF line ends, no line over 998 octets, 7-bit clean unless `eight_bit`,
    and **no line that starts with a dot**, so a backend may put it on the wire without looking.
    """

    key: str
    sender: str
    recipient: str
    content: bytes
    eight_bit: bool = False

    @property
    def smtputf8(self) -> bool:
        """Whether an address has letters beyond ASCII before its @: only a relay with SMTPUTF8 (RFC 6531) can carry it."""
        return not (self.recipient.isascii() and self.sender.isascii())
