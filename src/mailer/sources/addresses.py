"""The judge of addresses: email-validator for what the strict pattern of `domain.address` does not settle.

The library is asked about one address in a thousand and imported only then; asked about each, it would take 40 µs a row.
"""

import re

from mailer.domain.address import MAX_LENGTH, MAX_LOCAL, is_ordinary

_AROUND = " \t\r\n\u00a0\u200b\u200c\u200d\ufeff<>"
_NAMED = re.compile(r"[^<>]*<\s*([^<>\s]+)\s*>")


class NoAddress(ValueError):
    """`str()` says what is wrong, for the person whose file it is."""


def parse_address(text: str) -> str:
    """The address in `text`, its domain in ASCII; before the @ it may have letters of any script. Raises NoAddress."""
    if is_ordinary(text):
        return text
    bare = text.strip(_AROUND)
    named = _NAMED.fullmatch(text.strip())
    bare = named[1] if named else bare.removeprefix("mailto:")
    if is_ordinary(bare):
        return bare
    return _judged(bare)


def _judged(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    if not text:
        raise NoAddress("no address")
    if "@" not in text:
        raise NoAddress("not an address: it has no @")
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=True)
    except EmailNotValidError as error:
        raise NoAddress(str(error).rstrip(".")) from None
    return _short_enough(f"{found.local_part}@{found.ascii_domain}")


def _short_enough(address: str) -> str:
    """The library judges the length of a domain only; what is longer than this no relay takes (RFC 5321 §4.5.3.1)."""
    if (longer := len(address.rpartition("@")[0].encode()) - MAX_LOCAL) > 0:
        raise NoAddress(f"The part before the @-sign is too long ({longer} octets too many)")
    if (longer := len(address.encode()) - MAX_LENGTH) > 0:
        raise NoAddress(f"The address is too long ({longer} octets too many)")
    return address
