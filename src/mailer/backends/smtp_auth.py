"""Logging in (RFC 4954): each mechanism is a generator that turns the relay's challenges into our answers.

The first thing it yields is the initial response, None for a mechanism that waits for a challenge.
"""

import hmac
from collections.abc import Callable, Generator, Iterable

Mechanism = Callable[[str, str], Generator[bytes | None, bytes, None]]


def plain(user: str, password: str) -> Generator[bytes | None, bytes, None]:
    """RFC 4616: NUL user NUL password."""
    yield f"\0{user}\0{password}".encode()


def login(user: str, password: str) -> Generator[bytes | None, bytes, None]:
    """Never standardised, and all that some relays know: two prompts, whose wording is nobody's business."""
    yield None
    yield user.encode()
    yield password.encode()


def cram_md5(user: str, password: str) -> Generator[bytes | None, bytes, None]:
    """RFC 2195: proves that we know the password without saying it."""
    challenge = yield None
    digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
    yield f"{user} {digest}".encode()


MECHANISMS: dict[str, Mechanism] = {"PLAIN": plain, "LOGIN": login, "CRAM-MD5": cram_md5}


def choose(offered: Iterable[str], *, encrypted: bool) -> list[str]:
    """The names of mechanisms to try, best first. Without TLS (loopback only) the password had better not be said."""
    preferred = ("PLAIN", "LOGIN", "CRAM-MD5") if encrypted else ("CRAM-MD5", "PLAIN", "LOGIN")
    known = set(offered)
    return [name for name in preferred if name in known]
