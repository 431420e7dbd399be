"""Signed tokens: the personal part of every address that a message carries.

A token says what it is for, which mailing it came with and whom it was sent to, and proves that we made it. It is
verified from the secret key alone, so a link works for as long as the key lives, whatever became of the campaign, the
mailing or the list. It holds no address: the person stands in it as their random public id.

    token = base64url(mailing, 4 bytes · public id, 8 bytes · MAC, 15 bytes) · one letter for the purpose

One keyed hash of 60 bytes gives the MACs of all that a message carries, 15 bytes for each purpose. A token ends in a
letter because programs that turn addresses in plain text into links leave out a final "-" or "_".
"""

import binascii
import hmac
import re
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

#: 120 bits: forging one needs 2^119 requests on average.
_MAC_BYTES = 15
#: Characters of every token, and of what it is made of: mailing and person, MAC, letter.
_WHO_LENGTH, _MAC_LENGTH = 16, 20
TOKEN_LENGTH = _WHO_LENGTH + _MAC_LENGTH + 1
_TOKEN = re.compile(r"[A-Za-z0-9_-]{36}[a-z]")
_TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")


class Purpose(Enum):
    """What a token opens. A token for one purpose is worthless for every other."""

    LEAVE = "l"
    VIEW = "v"
    PREFERENCES = "p"
    TEST = "t"  #: every link of a test message: opens a page and changes nothing


#: The links of an edition, `links.leave` and so on, by name.
BY_NAME = {"leave": Purpose.LEAVE, "view": Purpose.VIEW, "preferences": Purpose.PREFERENCES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a valid token says."""

    purpose: Purpose
    mailing_id: int
    public_id: int


#: The letter of a message's own key (the left part of its Message-ID), which opens nothing.
_MESSAGE = "m"
_PURPOSES = {purpose.value: purpose for purpose in Purpose}
#: Which 15 bytes of the hash are the MAC, by letter. Tests have a hash of their own.
_PLACES = {"l": 0, "v": 1, "p": 2, _MESSAGE: 3, "t": 0}


class Signer:
    """Signs all that the recipients of one mailing get: what they have in common is hashed once."""

    __slots__ = ("_beginning", "_start", "_tokens")

    def __init__(self, key: bytes, mailing_id: int, *, test: bool = False) -> None:
        """test: every link is signed for a test."""
        self._start = mailing_id.to_bytes(4, "big")
        self._beginning = _keyed(key, test=test)
        self._beginning.update(self._start)
        letters = {name: (Purpose.TEST if test else purpose).value for name, purpose in BY_NAME.items()}
        self._tokens = [(name, _in_text(letter), letter) for name, letter in letters.items()]

    def sign(self, public_id: int) -> tuple[dict[str, str], str]:
        """The tokens of a recipient's links, by name, and their message's key (the left part of its Message-ID)."""
        person = public_id.to_bytes(8, "big")
        state = self._beginning.copy()
        state.update(person)
        encoded = binascii.b2a_base64(self._start + person + state.digest(), newline=False)
        text = encoded.translate(_TO_URL_SAFE).decode()
        who = text[:_WHO_LENGTH]
        links = {name: f"{who}{text[mac]}{letter}" for name, mac, letter in self._tokens}
        return links, f"{who}{text[_KEY_IN_TEXT]}{_MESSAGE}"


def _in_text(letter: str) -> slice:
    """Where the MAC for `letter` stands in the base64 of mailing, person and hash."""
    start = _WHO_LENGTH + _PLACES[letter] * _MAC_LENGTH
    return slice(start, start + _MAC_LENGTH)


_KEY_IN_TEXT = _in_text(_MESSAGE)


def sign(key: bytes, purpose: Purpose, mailing_id: int, public_id: int) -> str:
    """A token of 37 characters `[A-Za-z0-9_-]`.

    mailing_id: 0 (no mailing) to 2^32 - 1. public_id: unsigned, 64 bits. OverflowError outside these.
    """
    links, _ = Signer(key, mailing_id, test=purpose is Purpose.TEST).sign(public_id)
    return next(token for token in links.values() if token[-1] == purpose.value)


def verify(key: bytes, token: str) -> Link | None:
    """What `token` says, or None if we did not make it, or not for a link."""
    purpose = _PURPOSES.get(token[-1:])
    opened = _open(key, token) if purpose else None
    return Link(purpose=purpose, mailing_id=opened[0], public_id=opened[1]) if purpose and opened else None


def delivery_of(key: bytes, message_key: str) -> tuple[int, int] | None:
    """(mailing id, public id) of the delivery whose message key this is, or None: matches a bounce to its row."""
    return _open(key, message_key) if message_key.endswith(_MESSAGE) else None


def _open(key: bytes, token: str) -> tuple[int, int] | None:
    if not _TOKEN.fullmatch(token):
        return None
    content = binascii.a2b_base64(token[:-1].encode().translate(_FROM_URL_SAFE))
    signed, mac = content[:-_MAC_BYTES], content[-_MAC_BYTES:]
    state = _keyed(key, test=token[-1] == Purpose.TEST.value)
    state.update(signed)
    place = _PLACES[token[-1]] * _MAC_BYTES
    if not hmac.compare_digest(state.digest()[place : place + _MAC_BYTES], mac):
        return None
    return int.from_bytes(signed[:4], "big"), int.from_bytes(signed[4:], "big")


def _keyed(key: bytes, *, test: bool) -> blake2b:
    return keyed(key, use=b"mailer test" if test else b"mailer links", size=4 * _MAC_BYTES)


def keyed(key: bytes, *, use: bytes, size: int) -> blake2b:
    """A hash of `size` bytes that only a holder of the secret key can make, and none for one use is good for another."""
    # BLAKE2 takes keys of at most 64 bytes (RFC 7693 §2.1); the personalisation, of at most 16, keeps its uses apart.
    short = key if len(key) <= 64 else blake2b(key, person=b"mailer key").digest()
    if not short:
        raise ValueError("an empty key signs nothing")
    return blake2b(key=short, digest_size=size, person=use)
