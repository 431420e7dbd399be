"""A feed: what an entry of it is, and the names by which a digest knows one again.

An entry is known by its guid as it stands, else by its link, else by what it says. Guids are unique within a feed only,
and feeds move, so a digest also knows an entry by where it leads.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

#: What a link is measured by; nothing of it changes where it leads.
_MEASURING = re.compile(r"utm_\w+|mtm_\w+|pk_\w+|fbclid|gclid")
#: A guid that begins like an address is meant to be unique in the world (RSS 2.0, RFC 4287 §4.2.6); "42" is not.
_WORLDWIDE = re.compile(r"[a-z][a-z0-9+.-]*:.", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a feed says of one thing it has published.

    key: unique within the feed. link: http or https, ASCII. headline, summary: plain text. categories: as `topic_of`
    makes them. at: None when it does not say.
    """

    key: str
    link: str
    headline: str
    summary: str = ""
    categories: tuple[str, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A feed as it was read: its entries newest first, as far as it says when each came out."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEntry:
    """An entry that was read once. at: when it came out, never later than `seen_at`, when it was first seen."""

    key: str
    link: str
    headline: str
    summary: str
    categories: tuple[str, ...]
    at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFeed:
    """What is known of a feed. title: its own name for itself.

    entries: those that the digest in question may still hold. asked_at: when it was last asked; fetched_at: when it last
    answered as it should. trouble: why it did not since, in words; failing_since, failures: since when, and how often.
    asking: somebody is asking it just now. gone: it said that it will never come back. moved_to: where it is asked now, if
    not where its campaign says.
    """

    id: int
    title: str = ""
    entries: tuple[KnownEntry, ...] = ()
    asked_at: datetime | None = None
    fetched_at: datetime | None = None
    asking: bool = False
    trouble: str = ""
    failing_since: datetime | None = None
    failures: int = 0
    gone: bool = False
    moved_to: str = ""


def feed_prefix(feed_id: int) -> str:
    """What the keys of all items of a feed begin with."""
    return f"feed:{feed_id}:"


def traces_of(entry: KnownEntry) -> tuple[str, ...]:
    """Further names of an entry: where it leads, and its guid if no other thing in the world has it."""
    guid = (f"guid:{entry.key}",) if _WORLDWIDE.match(entry.key) else ()
    return (link_name(entry.link), *guid)


def link_name(link: str) -> str:
    """Held when an entry of a feed that leads there is held."""
    return f"link:{place(link)}"


def page_name(link: str) -> str:
    """Held when a campaign that was published there is held."""
    return f"page:{place(link)}"


def place(link: str) -> str:
    """Where a link leads, the same for all the ways to write it: "example.org/news/1?p=2"."""
    try:
        parts = urlsplit(link)
        port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    except ValueError:  # a port that is no number, brackets that hold no address
        return link
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _is_measuring(name)]
    query = f"?{urlencode(kept)}" if kept else ""
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{(parts.hostname or '').removeprefix('www.')}{port}{parts.path.rstrip('/')}{query}{fragment}"


def _is_measuring(name: str) -> bool:
    return _MEASURING.fullmatch(name) is not None


def site_of(url: str) -> str:
    """The site's name as people say it: "example.org"; all that is ever said of an address which may hold a secret."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.") if re.fullmatch(r"[\w.:-]+", host) else ""


def topic_of(category: str) -> str:
    """A category as topics are written: "Perú & Bolivia" is "peru-bolivia"; "" when nothing of it is left."""
    plain = unicodedata.normalize("NFKD", category).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-").lstrip("0123456789-")[:60]
