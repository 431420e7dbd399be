"""Reads a feed's bytes with feedparser. The only file that knows it, and a program of its own, which `reading` runs.

Of a document that is made for it, feedparser takes minutes and gigabytes. So it works in a process that has an end, and
hands over plain texts, cut to length. Broken XML that still has entries is read.
"""

import hashlib
import io
import json
import re
import resource
import sys
from calendar import timegm
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import feedparser

from mailer.domain.feed import Document, Entry, place, topic_of
from mailer.sources.feeds.addresses import web_address
from mailer.sources.feeds.answers import Unread
from mailer.sources.feeds.plain_words import line_of, words_of_html

#: Entries that are taken, the newest of them.
MOST_ENTRIES = 200
#: Characters of each text that is taken; a longer link is none, and of a longer guid the hash is.
HEADLINE, SUMMARY, TITLE, LINK, KEY = 200, 500, 40, 500, 300
_MOST_CATEGORIES = 20
#: Bytes that reading may take; a feed of five megabytes takes a fifth.
_MEMORY = 1 << 30
#: What WordPress writes below every summary.
_COLOPHON = re.compile(r"\s*The post .{1,300}? appeared first on .{1,200}?\.?$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoFeed(Exception):
    """It is none; the text says what it is, as "it answers a web page, not a feed"."""


def document(content: bytes, *, charset: str, url: str) -> Document:
    """The feed in `content`. charset: as the server named it, or "". url: where it was found. Raises NoFeed."""
    headers = {"content-type": f"application/xml; charset={charset}"} if charset else {}
    try:
        # Without a URL it leaves guids as they are: made absolute, they would all be new when the feed moves.
        found = feedparser.parse(
            io.BytesIO(content), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception:  # noqa: BLE001 (it raises whatever its own mistakes come to: KeyError, AttributeError, RecursionError)
        raise NoFeed("what it answers cannot be read as a feed") from None
    if not found.get("version") and not found.entries:
        is_page = re.search(rb"<html[\s>]|<!doctype html", content[:2_000], re.IGNORECASE)
        raise NoFeed("it answers a web page, not a feed" if is_page else "what it answers is no feed")
    entries = list(_entries(found.entries, url))
    if all(one.at for one in entries):
        entries.sort(key=lambda one: one.at or _EPOCH, reverse=True)
    return Document(title=_text(found.feed, "title", TITLE), entries=tuple(_distinct(entries)[:MOST_ENTRIES]))


def _entries(found: list[Any], url: str) -> Iterator[Entry]:
    """Those that say something and lead somewhere."""
    guids = Counter(_plain(one, "id") for one in found)
    for one in found:
        guid = _plain(one, "id")
        link = _link(_plain(one, "link"), guid, url)
        summary = _summary(one)
        headline = _text(one, "title", HEADLINE) or line_of(summary, 100)
        if link and headline:
            # The same guid twice tells nothing apart.
            key = _key(guid) if guid and guids[guid] == 1 else place(link)
            yield Entry(
                key=key, link=link, headline=headline, summary=summary, categories=_categories(one), at=_instant(one)
            )


def _distinct(entries: list[Entry]) -> list[Entry]:
    """No key twice: what leads to one place and says different things is told apart by what it says."""
    times = Counter(one.key for one in entries)
    kept: dict[str, Entry] = {}
    for one in entries:
        told_apart = one if times[one.key] == 1 else replace(one, key=_hash(one.headline + one.link))
        kept.setdefault(told_apart.key, told_apart)
    return list(kept.values())


def _link(link: str, guid: str, url: str) -> str:
    """Where it leads, absolute and in ASCII; "" for nowhere, and for what no reader is led to: `javascript:`, a login."""
    if not link or (link == guid and not re.match("https?:", link, re.IGNORECASE)):
        return ""  # feedparser takes a guid for a link
    try:
        target = web_address(link, base=url)
    except Unread:
        return ""
    fragment = urlsplit(link).fragment
    found = target.url + (f"#{fragment}" if re.fullmatch(r"[\w!/?.~-]+", fragment, re.ASCII) else "")
    site = web_address(url)
    if site.is_secure and not target.is_secure and (site.host, 80) == (target.host, target.port):
        found = found.replace("http:", "https:", 1)  # the site speaks it: we have just read its feed
    return found if len(found) <= LINK else ""


def _summary(entry: Mapping[str, Any]) -> str:
    # Without a summary of its own it has one all the same, but in `content` alone it says of what type that is.
    content = dict.get(entry, "content") or [{}]  # type: ignore[call-overload]
    words = _words(dict.get(entry, "summary_detail") or content[0], 2 * SUMMARY)  # type: ignore[call-overload]
    return line_of(_COLOPHON.sub("", words).replace("[…]", "…"), SUMMARY)


def _text(values: Mapping[str, Any], name: str, most: int) -> str:
    """A text that may be HTML, in plain words."""
    detail = dict.get(values, f"{name}_detail")  # type: ignore[call-overload]
    return _words(detail, most) if detail else line_of(_plain(values, name), most)


def _words(detail: Mapping[str, Any], most: int) -> str:
    value = _plain(detail, "value")
    return line_of(value, most) if _plain(detail, "type") == "text/plain" else words_of_html(value, most)


def _plain(values: Mapping[str, Any], name: str) -> str:
    """Asked of the dictionary itself: feedparser's own way makes up what is not there."""
    value = dict.get(values, name)  # type: ignore[call-overload]
    return value.strip() if isinstance(value, str) else ""


def _categories(entry: Mapping[str, Any]) -> tuple[str, ...]:
    tags = dict.get(entry, "tags") or []  # type: ignore[call-overload]
    named = (topic_of(_plain(tag, "term")[:200]) for tag in tags[: 5 * _MOST_CATEGORIES])
    return tuple(dict.fromkeys(filter(None, named)))[:_MOST_CATEGORIES]


def _instant(entry: Mapping[str, Any]) -> datetime | None:
    for name in ("published_parsed", "created_parsed", "updated_parsed"):
        parsed = dict.get(entry, name)  # type: ignore[call-overload]
        if parsed:
            with suppress(ValueError, OverflowError, TypeError, OSError):
                found = datetime.fromtimestamp(timegm(parsed), UTC)
                return found if found > _EPOCH else None
    return None


def _key(guid: str) -> str:
    return guid if len(guid) <= KEY and guid.isprintable() else _hash(guid)


def _hash(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"


def _bound(seconds: float) -> None:
    """Whoever runs this ends it in time; if they die first, it still ends."""
    with suppress(ValueError, OSError):  # what the system or an administrator does not let us set is bounded already
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def main() -> None:
    """From the standard input, a line of JSON (charset, url, seconds) and then the feed; to the standard output, JSON."""
    asked = json.loads(sys.stdin.buffer.readline())
    _bound(asked["seconds"])
    try:
        read = document(sys.stdin.buffer.read(), charset=asked["charset"], url=asked["url"])
    except NoFeed as error:
        answer: dict[str, Any] = {"trouble": str(error)}
    else:
        answer = {"document": asdict(read)}
    json.dump(answer, sys.stdout, default=datetime.isoformat)


if __name__ == "__main__":
    main()
