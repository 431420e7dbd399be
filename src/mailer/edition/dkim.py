"""DKIM signatures (RFC 6376, RFC 8463): each message says which domain answers for it, and cannot be altered unseen.

`c=relaxed/simple`. Every header field that we write is signed. Those that RFC 5322 §3.6 allows once and that people
read are named once more than they are there, so none can be put in front of ours (RFC 6376 §8.15). There is no `l=`,
with which text could be added. The body is signed as it stands: it ends in one CRLF and no line of it ends in a blank
(`quoted_printable`), so there is nothing to make canonical.

What messages have in common is prepared once: the canonical form of the fields that they share, and all of the
signature's own field but its time and its two hashes.
"""

import re
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

#: Named once more than they are there. Cc and Reply-To are so even where there is none: answers must not go astray.
OVERSIGNED = (b"from", b"to", b"cc", b"subject", b"date", b"reply-to", b"content-type")

#: RFC 5322 §2.1.1: lines SHOULD NOT be longer than this.
_LINE = 78
#: Stand for the time and the body's hash while a field is laid; as long as they are, and in no name or selector.
_TIME, _HASH = b"@" * 10, b"@" * 44
_BLANK, _BLANKS = b" \t", re.compile(rb"[ \t]+")


class Algorithm(StrEnum):
    """What a signature's `a=` says."""

    RSA = "rsa-sha256"  #: RFC 8301; every receiver knows it
    ED25519 = "ed25519-sha256"  #: RFC 8463; short and quick, and known to some

    @property
    def key_type(self) -> str:
        """What the DNS record's `k=` says."""
        return self.value.partition("-")[0]

    @property
    def word(self) -> str:
        """What people call it."""
        return {Algorithm.RSA: "RSA", Algorithm.ED25519: "Ed25519"}[self]


class Key(Protocol):
    """What signs: `dkim_key.DkimKey`."""

    @property
    def algorithm(self) -> Algorithm: ...
    @property
    def sign(self) -> Callable[[bytes], bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedKey:
    """A key, and the selector under which receivers find its public half: SELECTOR._domainkey.DOMAIN."""

    selector: str
    key: Key


class Signer:
    """Signs messages for one domain with each of its keys. Threads may share it."""

    def __init__(self, domain: str, keys: Sequence[SelectedKey]) -> None:
        """domain: in ASCII. keys: the first signs the uppermost signature, which the most hurried receivers look at."""
        self.domain = domain
        self.keys = tuple(keys)
        self._beginnings = [
            (one.key.sign, f"v=1; a={one.key.algorithm}; c=relaxed/simple; d={domain}; s={one.selector};".encode())
            for one in keys
        ]
        self._last: tuple[datetime | None, bytes] = (None, b"")

    def sign(self, header: Sequence[bytes], body: bytes | memoryview, *, at: datetime) -> bytes:
        """The DKIM-Signature fields, with their CRLFs, that belong before the message.

        header: all its fields, in order, in blocks of one or more; no field twice. body: what follows the blank line;
        it ends in exactly one CRLF.
        """
        canonical = b"".join(map(relaxed, header))
        return self.sign_canonical(names_of(canonical), canonical, body, at=at)

    def sign_canonical(self, names: bytes, fields: bytes, body: bytes | memoryview, *, at: datetime) -> bytes:
        """As `sign`, for who knows already the `names_of` the fields, and the fields as `relaxed` gives them."""
        second = self._second(at)
        digest = b2a_base64(sha256(body).digest(), newline=False)
        return b"".join(
            [_laid_out(beginning, names).signed(fields, second, digest, sign) for sign, beginning in self._beginnings]
        )

    def _second(self, at: datetime) -> bytes:
        last, second = self._last
        if last is not at:
            second = b"%010d" % int(at.timestamp())
            self._last = at, second
        return second


def names_of(canonical: bytes) -> bytes:
    """Of fields in canonical form the names, with colons between them."""
    return b":".join([line.partition(b":")[0] for line in canonical.split(b"\r\n")[:-1]])


# Subjects and dates are those of many messages.
@lru_cache(maxsize=128)
def relaxed(block: bytes) -> bytes:
    """Header fields in the "relaxed" canonical form (RFC 6376 §3.4.2). block: whole fields, each with its CRLF."""
    unfolded = block.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    if b"  " in unfolded or b"\t" in unfolded:  # a look is twenty times quicker than the work
        unfolded = _BLANKS.sub(b" ", unfolded)
    fields: list[bytes] = []
    for line in unfolded.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b":")
        fields += (name.rstrip(_BLANK).lower(), b":", value.strip(_BLANK), b"\r\n")
    return b"".join(fields)


class _Layout:
    """A DKIM-Signature field with its places for the time, the body's hash and the signature."""

    def __init__(self, beginning: bytes, names: bytes) -> None:
        """beginning: its first tags. names: of the fields that it signs."""
        field = _field(beginning, [*names.split(b":"), *OVERSIGNED])
        self._wire = _pieces(field)
        # RFC 6376 §3.7: the field itself is signed last, with an empty b= and without its CRLF.
        self._canonical = _pieces(relaxed(field + b"\r\n").removesuffix(b"\r\n"))

    def signed(self, fields: bytes, second: bytes, digest: bytes, sign: Callable[[bytes], bytes]) -> bytes:
        start, middle, end = self._canonical
        signature = b2a_base64(sign(b"".join((fields, start, second, middle, digest, end))), newline=False)
        start, middle, end = self._wire
        return b"".join((start, second, middle, digest, end, _folded(signature), b"\r\n"))


@lru_cache(maxsize=64)
def _laid_out(beginning: bytes, names: bytes) -> _Layout:
    return _Layout(beginning, names)


def _field(beginning: bytes, names: list[bytes]) -> bytes:
    """The field up to and with `b=`, folded; RFC 6376 §3.2 and §3.5 allow it between tags and beside the colons of h=."""
    tags = [b" " + tag for tag in beginning.split(b" ")]
    *others, last = names
    words = [*tags, b" t=" + _TIME + b";", b" h=", *(name + b":" for name in others), last + b";"]
    lines = [b"DKIM-Signature:"]
    for word in words:
        if len(lines[-1]) + len(word) <= _LINE:
            lines[-1] += word
        else:
            lines.append(b" " + word.lstrip())
    return b"\r\n".join([*lines, b" bh=" + _HASH + b";", b" b="])


def _pieces(field: bytes) -> tuple[bytes, bytes, bytes]:
    start, _, rest = field.partition(_TIME)
    middle, _, end = rest.partition(_HASH)
    return start, middle, end


def _folded(signature: bytes) -> bytes:
    """A signature in base64 behind ` b=`."""
    room = _LINE - 3
    return b"\r\n ".join([signature[start : start + room] for start in range(0, len(signature), room)])
