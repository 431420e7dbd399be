"""The three commands that go before a message's content, for a relay that offers what it offers."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from mailer.backend import Refused
from mailer.backends.smtp_replies import Reply
from mailer.domain.message import OutgoingMessage
from mailer.errors import BackendMisconfigured

#: RFC 5321 §4.5.3.1.3: a path is at most 256 octets, its angle brackets included.
LONGEST = 254
#: §4.5.3.1.4: a command with its line end; extensions make room for their own parameters (RFC 1870 §3, RFC 6531 §3.4).
LONGEST_COMMAND = 512
#: One mailbox, nothing that could end the path or the line it stands in. The empty sender is RFC 5321's null path.
MAILBOX = re.compile(r"[^\x00-\x20\x7f<>]+@[^\x00-\x20\x7f<>@]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the relay announced. size: the largest message in octets it takes, 0 when it did not say."""

    starttls: bool = False
    pipelining: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    size_offered: bool = False
    size: int = 0
    auth: frozenset[str] = frozenset()

    @classmethod
    def of(cls, reply: Reply) -> "Capabilities":
        """Read the answer to EHLO, whose first line is a greeting (RFC 5321 §4.1.1.1). Keywords come in any case."""
        words: dict[str, list[str]] = {}
        for line in reply.lines[1:]:
            # Some announce "AUTH=PLAIN LOGIN", for clients older than the standard.
            keyword, *parameters = line.upper().replace("AUTH=", "AUTH ", 1).split() or [""]
            words.setdefault(keyword, []).extend(parameters)
        size = next(iter(words.get("SIZE", [])), "")
        return cls(
            starttls="STARTTLS" in words,
            pipelining="PIPELINING" in words,
            eight_bit="8BITMIME" in words,
            smtputf8="SMTPUTF8" in words,
            size_offered="SIZE" in words,
            size=int(size) if size.isdecimal() and size.isascii() else 0,
            auth=frozenset(words.get("AUTH", [])),
        )


class Envelope(NamedTuple):
    """MAIL, RCPT and DATA for one message, each with its line end, in the order in which they are said."""

    mail: bytes
    rcpt: bytes
    data: bytes = b"DATA\r\n"


def envelope(message: OutgoingMessage, relay: Capabilities) -> Envelope | Refused:
    """The commands for `message`, or why this relay cannot carry it. Raises BackendMisconfigured for an unusable sender."""
    if relay.size and len(message.content) > relay.size:  # RFC 1870 §6.1: do not even try
        text = f"The message has {len(message.content)} octets; the relay takes {relay.size}."
        return Refused(enhanced="5.3.4", text=text)
    recipient, sender = _path(message.recipient), _path(message.sender) if message.sender else ""
    if sender is None:
        raise BackendMisconfigured("The envelope sender is no address that could stand in an SMTP command.")
    if recipient is None:
        return Refused(enhanced="5.1.3", text="The recipient is no address that could stand in an SMTP command.")
    wide = message.smtputf8
    if wide and not relay.smtputf8:
        return Refused(
            enhanced="5.6.7", text="The relay does not carry addresses with letters beyond ASCII (SMTPUTF8)."
        )
    if message.eight_bit and not relay.eight_bit:
        return Refused(enhanced="5.6.3", text="The message is 8-bit, and the relay carries 7-bit text only.")
    parameters = f" SIZE={len(message.content)}" if relay.size_offered else ""
    if message.eight_bit:
        parameters += " BODY=8BITMIME"
    if wide:
        parameters += " SMTPUTF8"
    return Envelope(f"MAIL FROM:<{sender}>{parameters}\r\n".encode(), f"RCPT TO:<{recipient}>\r\n".encode())


def _path(address: str) -> str | None:
    """As it stands between angle brackets; None if it cannot."""
    if MAILBOX.fullmatch(address) is None:
        return None
    if address.isascii():
        return address if len(address) <= LONGEST else None
    try:
        octets = len(address.encode())
    except UnicodeEncodeError:  # half of a character
        return None
    # The message was built with its domain in ASCII; only what is before the @ may be otherwise (RFC 6531).
    return address if octets <= LONGEST and address.rpartition("@")[2].isascii() else None
