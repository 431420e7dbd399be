"""Where we may connect to: to nobody's private network, whatever a name or a redirect says.

A feed's address comes from a file, but a redirect comes from a stranger, and a name means what its owner wants it to
mean at that moment. So we look the name up ourselves, and connect to the very address that was judged.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote, urljoin, urlsplit

from mailer.sources.feeds.answers import Unread

#: RFC 6052 §2.1: behind these, an IPv4 address is reached from a network that has only IPv6.
_NAT64 = ip_network("64:ff9b::/96")
#: Ways into IPv4 and back that no public site is reached by, and IPv6 of one's own site: RFC 4291 §2.5.5.1, RFC 8215,
#: RFC 3056, RFC 4380, RFC 3879.
_NEVER = tuple(map(ip_network, ("::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "fec0::/10")))
#: A name, or an address of the one family or the other.
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_SAFE = "/?:@!$&'()*+,;=-._~%[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAddress:
    """A URL, taken apart. host: in ASCII; target: path and query, as the request line has them."""

    is_secure: bool
    host: str
    port: int
    target: str

    @property
    def url(self) -> str:
        return f"http{'s' if self.is_secure else ''}://{self.host_header}{self.target}"

    @property
    def host_header(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.is_secure else 80) else f"{name}:{self.port}"


def web_address(url: str, *, base: str = "") -> WebAddress:
    """The address at `url`, which may be relative to `base`. Raises Unread for what is none that we ask."""
    try:
        parts = urlsplit(urljoin(base, url.strip()))
        host, port = _ascii(parts.hostname) if parts.hostname else "", parts.port
    except ValueError:
        raise Unread("its address cannot be understood") from None
    if parts.scheme not in ("http", "https"):
        raise Unread(f"it leads to an address of the kind {parts.scheme or 'none'}:, and only http and https are asked")
    if not host or parts.username is not None or parts.password is not None:
        raise Unread("it leads to an address with a login in it, or without a host")
    is_secure = parts.scheme == "https"
    target = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    return WebAddress(is_secure=is_secure, host=host, port=port or (443 if is_secure else 80), target=target)


def _ascii(host: str) -> str:
    """Raises ValueError for what no name can be: it stands in a header field."""
    name = host if host.isascii() else host.encode("idna").decode()
    if not _HOST.fullmatch(name):
        raise ValueError(name)
    return name


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What to connect to: a family and an address of it, as `socket.connect` takes one."""

    family: socket.AddressFamily
    address: tuple[str, int] | tuple[str, int, int, int]


def endpoints(target: WebAddress, *, allowed: frozenset[str]) -> list[Endpoint]:
    """The public addresses behind a host, at least one; those in `allowed` may be private. Raises Unread."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unread("nobody knows its name") from None
    every = [Endpoint(family, address) for family, _, _, _, address in found]  # type: ignore[arg-type]
    public = [one for one in every if target.host in allowed or is_public(str(one.address[0]))]
    if not public:
        raise Unread("it leads into a private network")
    return public


def is_public(address: str) -> bool:
    """Whether an IP address is anybody's to connect to."""
    try:
        found = ip_address(address)
    except ValueError:  # with a zone, "fe80::1%eth0": of this link, then
        return False
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found in _NAT64:
            return is_public(str(IPv4Address(int(found) & 0xFFFFFFFF)))
        if any(found in network for network in _NEVER):
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)
