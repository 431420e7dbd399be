"""The envelope sender: the address to which the world returns what it cannot deliver (RFC 5321 §4.4).

With the rule `verp` every message has one of its own, from which its delivery can be read, whatever the bounce itself
looks like:

    b+TOKEN@bounce.example.org      TOKEN = hex(mailing, 4 bytes · public id, 8 bytes · MAC, 12 bytes)

Nobody can make one but who holds the secret key, so forged bounces take nobody off a list. The MAC is none of those in
the message (`links`): whoever sees a Message-ID in a public archive learns nothing about this address. In hexadecimal
it survives programs that turn addresses into small letters. The local part has 50 characters of the 64 that RFC 5321
§4.5.3.1.1 allows.
"""

import hmac
import re
from dataclasses import dataclass
from enum import StrEnum

from mailer.edition.links import keyed

#: 96 bits: each guess is a mail to us, and takes 2^95 of them on average.
_MAC_BYTES = 12
_ADDRESS = re.compile(r"b\+([0-9a-f]{48})(?:@.*)?", re.IGNORECASE)


class Rule(StrEnum):
    FROM = "from"  #: bounces go to the From address
    FIXED = "fixed"  #: to one address, the same for every message
    VERP = "verp"  #: to an address for each message ("variable envelope return path")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeSender:
    """How a relay wants it. where: the address for `fixed`, the domain for `verp`; ASCII."""

    rule: Rule = Rule.FROM
    where: str = ""


class BounceAddresses:
    """Makes those of one mailing."""

    __slots__ = ("_beginning", "_start")

    def __init__(self, key: bytes, mailing_id: int) -> None:
        """key: the secret key. mailing_id: 0 to 2^32 - 1; 0 stands for a test."""
        self._start = mailing_id.to_bytes(4, "big")
        self._beginning = keyed(key, use=b"mailer bounces", size=_MAC_BYTES)
        self._beginning.update(self._start)

    def address(self, domain: str, public_id: int) -> str:
        """For the message to one person. public_id: unsigned, 64 bits."""
        person = public_id.to_bytes(8, "big")
        state = self._beginning.copy()
        state.update(person)
        return f"b+{(self._start + person + state.digest()).hex()}@{domain}"


def delivery_of(key: bytes, address: str) -> tuple[int, int] | None:
    """(mailing id, public id) of the delivery that a bounce to `address` is about; None if we never gave that out.

    address: the recipient of the bounce, or its local part, in letters of any size.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        return None
    content = bytes.fromhex(found[1])
    signed, mac = content[:-_MAC_BYTES], content[-_MAC_BYTES:]
    state = keyed(key, use=b"mailer bounces", size=_MAC_BYTES)
    state.update(signed)
    if not hmac.compare_digest(state.digest(), mac):
        return None
    return int.from_bytes(signed[:4], "big"), int.from_bytes(signed[4:], "big")
