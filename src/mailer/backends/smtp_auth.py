"""Logging in (RFC 4954): each mechanism is a generator that turns the relay's challenges into our answers.

The first thing it yields is the initial response, None for a mechanism that waits for a challenge.
"""

import hmac
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are. secret: the password, or an OAuth 2.0 access token. host, port: the relay as we know it."""

    user: str
    secret: str = field(repr=False)
    host: str = ""
    port: int = 0


Steps = Generator[bytes | None, bytes, None]
Mechanism = Callable[[Identity], Steps]


def plain(who: Identity) -> Steps:
    """RFC 4616: NUL user NUL password."""
    yield f"\0{who.user}\0{who.secret}".encode()


def login(who: Identity) -> Steps:
    """Never standardised, and all that some relays know: two prompts, whose wording is nobody's business."""
    yield None
    yield who.user.encode()
    yield who.secret.encode()


def cram_md5(who: Identity) -> Steps:
    """RFC 2195: proves that we know the password without saying it."""
    challenge = yield None
    digest = hmac.new(who.secret.encode(), challenge, "md5").hexdigest()
    yield f"{who.user} {digest}".encode()


def xoauth2(who: Identity) -> Steps:
    """As Google and Microsoft document it. A refusal comes as a challenge that says why; an empty answer ends it."""
    yield f"user={who.user}\1auth=Bearer {who.secret}\1\1".encode()
    yield b""


def oauthbearer(who: Identity) -> Steps:
    """RFC 7628 §3.1. A refusal comes as a challenge that says why; a single ^A ends it (§3.2.3)."""
    user = who.user.replace("=", "=3D").replace(",", "=2C")  # RFC 5801 §4
    yield f"n,a={user},\1host={who.host}\1port={who.port}\1auth=Bearer {who.secret}\1\1".encode()
    yield b"\1"


#: XOAUTH2 first: where both are offered it is the one that everybody uses.
WITH_TOKEN: dict[str, Mechanism] = {"XOAUTH2": xoauth2, "OAUTHBEARER": oauthbearer}
WITH_PASSWORD: dict[str, Mechanism] = {"PLAIN": plain, "LOGIN": login, "CRAM-MD5": cram_md5}
MECHANISMS = WITH_PASSWORD | WITH_TOKEN


def choose(offered: Iterable[str], *, encrypted: bool, token: bool = False) -> list[str]:
    """The names of mechanisms to try, best first. Without TLS (loopback only) the password had better not be said."""
    in_clear = ("CRAM-MD5", "PLAIN", "LOGIN")
    preferred = tuple(WITH_TOKEN) if token else tuple(WITH_PASSWORD) if encrypted else in_clear
    known = set(offered)
    return [name for name in preferred if name in known]
