"""Addresses as SMTP takes them (RFC 5321 §4.1.2)."""

import re

from mailer.errors import EditionError

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = rf"{_ATOM}(?:\.{_ATOM})*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"({_LOCAL})@({_LABEL}(?:\.{_LABEL})*)")
#: RFC 5321 §4.5.3.1.1 and §4.5.3.1.3 (256 with the angle brackets).
_LONGEST_LOCAL, _LONGEST = 64, 254


def ascii_address(address: str) -> str:
    """`address` with its domain in ASCII (IDNA 2003, RFC 3490). EditionError, without the address, if SMTP cannot take it."""
    if _ADDRESS.fullmatch(address) and len(address) <= _LONGEST_LOCAL:
        return address
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise EditionError(
            "The address has letters outside ASCII before its @, which the relay would have to support (SMTPUTF8, RFC 6531).",
            hint="Ask this person for another address.",
        )
    try:
        address = f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise EditionError("The domain of the address is not one that exists.") from None
    if not _ADDRESS.fullmatch(address) or len(local) > _LONGEST_LOCAL or len(address) > _LONGEST:
        raise EditionError("The address is not one that mail can be sent to.", hint="Correct it, or suppress it.")
    return address


def domain_of(address: str) -> str:
    """The domain of an ASCII address, in small letters."""
    return address.rpartition("@")[2].lower()
