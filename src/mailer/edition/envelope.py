"""Addresses as SMTP takes them (RFC 5321 §4.1.2), with letters beyond ASCII where RFC 6531 lets them stand."""

import re

from mailer.domain.address import MAX_LENGTH, MAX_LOCAL, ascii_domain
from mailer.errors import EditionError

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_DOMAIN}")
#: RFC 6531 §3.3: whatever is not ASCII is like a letter.
_WIDE_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_WIDE_ADDRESS = re.compile(rf"{_WIDE_ATOM}(?:\.{_WIDE_ATOM})*@{_DOMAIN}")


def envelope_address(address: str) -> str:
    """`address` for an envelope and a To field: its domain in ASCII, the part before the @ as it is.

    Where that is beyond ASCII, only a relay with SMTPUTF8 can carry the message (`OutgoingMessage.smtputf8`). Raises
    EditionError, without the address, for what no relay could take.
    """
    if len(address) <= MAX_LOCAL and _ADDRESS.fullmatch(address):
        return address
    local, _, domain = address.rpartition("@")
    try:
        address = f"{local}@{ascii_domain(domain)}"
    except UnicodeError:
        raise EditionError("The domain of the address is not one that exists.") from None
    if not (
        _WIDE_ADDRESS.fullmatch(address)
        and address.isprintable()  # neither control characters nor halves of characters
        and len(local.encode()) <= MAX_LOCAL
        and len(address.encode()) <= MAX_LENGTH
    ):
        raise EditionError("The address is not one that mail can be sent to.", hint="Correct it, or suppress it.")
    return address


def ascii_address(address: str) -> str:
    """As `envelope_address`, for an address of our own, which stands in every message: all relays must be able to carry it."""
    address = envelope_address(address)
    if not address.isascii():
        raise EditionError(
            "The address has letters outside ASCII before its @, which not every relay can carry (SMTPUTF8, RFC 6531).",
            hint="Send from another address, or have answers go to one.",
        )
    return address


def domain_of(address: str) -> str:
    """The domain of an address that one of these gave, in small letters."""
    return address.rpartition("@")[2].lower()
