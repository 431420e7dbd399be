"""The three commands that go before a message's content, for a relay that offers what it offers."""

import re
from dataclasses import dataclass

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
#: Nearly all of them, known by one look: ASCII throughout, and not too long.
ORDINARY = re.compile(r"(?=.{3,254}\Z)[!-;=?-~]+@[!-;=?A-~]+")


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


def envelope(message: OutgoingMessage, relay: Capabilities) -> bytes | Refused:
    """MAIL, RCPT and DATA for `message`, a line each, or why this relay cannot carry it.

    Raises BackendMisconfigured for an unusable sender.
    """
    size, sender, recipient = message.size, message.sender, message.recipient
    if relay.size and size > relay.size:  # RFC 1870 §6.1: do not even try
        # Its own size stays unsaid: those of a mailing differ by a few octets, and this is one reason, not one for each.
        return Refused(
            enhanced="5.3.4", text=f"The message is larger than the {relay.size:,} octets that the relay takes."
        )
    parameters = f" SIZE={size}" if relay.size_offered else ""
    if message.eight_bit or not (ORDINARY.fullmatch(recipient) and ORDINARY.fullmatch(sender)):
        if obstacle := _obstacle(message, relay):
            return obstacle
        parameters += (" BODY=8BITMIME" if message.eight_bit else "") + (" SMTPUTF8" if message.smtputf8 else "")
    return f"MAIL FROM:<{sender}>{parameters}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()


def _obstacle(message: OutgoingMessage, relay: Capabilities) -> Refused | None:
    """Why this relay cannot carry it, as far as its addresses and its letters go. Raises as `envelope`."""
    if message.sender and not _is_path(message.sender):
        raise BackendMisconfigured("The envelope sender is no address that could stand in an SMTP command.")
    if not _is_path(message.recipient):
        return Refused(enhanced="5.1.3", text="The recipient is no address that could stand in an SMTP command.")
    if message.smtputf8 and not relay.smtputf8:
        return Refused(
            enhanced="5.6.7", text="The relay does not carry addresses with letters beyond ASCII (SMTPUTF8)."
        )
    if message.eight_bit and not relay.eight_bit:
        return Refused(enhanced="5.6.3", text="The message is 8-bit, and the relay carries 7-bit text only.")
    return None


def _is_path(address: str) -> bool:
    """Whether it can stand between angle brackets."""
    try:
        octets = len(address.encode())
    except UnicodeEncodeError:  # half of a character
        return False
    # The message was built with its domain in ASCII; only what is before the @ may be otherwise (RFC 6531).
    return octets <= LONGEST and MAILBOX.fullmatch(address) is not None and address.rpartition("@")[2].isascii()
