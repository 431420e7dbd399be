"""One feed is asked over HTTP: within its time, no further than its size, and never into a private network.

Redirects are followed a few times, and each is judged like the first address. Nothing is sent that says who reads: no
cookie, no login.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse, IncompleteRead

from mailer import __version__
from mailer.sources.feeds.addresses import WebAddress, endpoints, web_address
from mailer.sources.feeds.answers import Unchanged, Unread
from mailer.sources.feeds.body import whole
from mailer.sources.feeds.wire import Deadline, connected, in_words

MOST_REDIRECTS = 5
#: Nobody makes us wait for longer, however long they say (RFC 9110 §10.2.3).
LONGEST_WAIT = timedelta(days=1)
#: Characters of what it may give us to say next time.
_LONGEST_TAG = 500
_REDIRECTS = {301, 302, 303, 307, 308}
_FOR_GOOD = {301, 308}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which feed to ask. etag, modified: what it said of the state that we know; "" when it said nothing."""

    url: str
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """seconds: for the whole of it. most: bytes, as sent and as unpacked. allowed: hosts that may be private.

    website: who asks, for the people who look into that server's log.
    """

    seconds: float = 20.0
    most: int = 5_000_000
    allowed: frozenset[str] = frozenset()
    website: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What it answered. charset: as its headers say, or "". url: where it was found in the end."""

    content: bytes
    charset: str
    url: str
    etag: str
    modified: str
    moved_to: str


def fetch(question: Question, limits: Limits, deadline: Deadline) -> Body | Unchanged:
    """Raises Unread."""
    url, moved_to, for_good = question.url, "", True
    for _ in range(MOST_REDIRECTS + 1):
        target = web_address(url)
        try:
            with closing(_opened(target, question, limits, deadline)) as response:
                if response.status not in _REDIRECTS:
                    return _answer(response, question, target, moved_to, limits.most)
                url = _next(response, target)
                for_good = for_good and response.status in _FOR_GOOD
        except (OSError, HTTPException) as error:
            raise _failed(error) from None
        # A promise made over an open line holds for an open line only.
        if for_good and (url.startswith("https:") or not question.url.startswith("https:")):
            moved_to = url
    raise Unread("it leads from one address to the next, without end")


def _failed(error: OSError | HTTPException) -> Unread:
    if isinstance(error, IncompleteRead):
        return Unread("its answer ends before it is whole")
    return in_words(error) if isinstance(error, OSError) else Unread("what it answers is no proper HTTP")


def _opened(target: WebAddress, question: Question, limits: Limits, deadline: Deadline) -> HTTPResponse:
    """The beginning of the answer: status and headers. Raises Unread, OSError, HTTPException."""
    wire = connected(target, endpoints(target, allowed=limits.allowed), deadline)
    try:
        wire.send(_request(target, question, limits.website))
        response = HTTPResponse(wire, method="GET")  # type: ignore[arg-type]  # all that it wants of a socket is `makefile`
        response.begin()
    except BaseException:
        wire.close()
        raise
    return response


def _request(target: WebAddress, question: Question, website: str) -> bytes:
    headers = {
        "Host": target.host_header,
        "User-Agent": f"mailer/{__version__}" + (f" (+{website})" if website.isascii() and website else ""),
        "Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1",
        "Accept-Encoding": "gzip, deflate",
        "If-None-Match": question.etag,
        "If-Modified-Since": question.modified,
        "Connection": "close",
    }
    lines = [f"GET {target.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _next(response: HTTPResponse, target: WebAddress) -> str:
    """Where a redirect leads. Raises Unread."""
    location = response.headers.get("Location", "")
    if not location:
        raise Unread("it leads elsewhere, and does not say where")
    # Header fields are read as Latin-1; what is written in addresses today is UTF-8.
    return web_address(location.encode("latin-1", "replace").decode("utf-8", "replace"), base=target.url).url


def _answer(
    response: HTTPResponse, question: Question, target: WebAddress, moved_to: str, most: int
) -> Body | Unchanged:
    match response.status:
        case 200 | 203:
            return Body(
                content=whole(response, most),
                charset=response.headers.get_content_charset() or "",
                url=target.url,
                etag=_tag(response, "ETag"),
                modified=_tag(response, "Last-Modified"),
                moved_to=moved_to,
            )
        case 304 if question.etag or question.modified:
            return Unchanged(moved_to=moved_to)
        case 410:
            raise Unread("it says that it is gone for good (410)", is_gone=True)
        case 429 | 503 as status:
            raise Unread(f"it answers {status}, which asks for patience", wait=_wait(response))
        case status:
            raise Unread(f"it answers {status}")


def _tag(response: HTTPResponse, name: str) -> str:
    """What it wants to hear from us next time; "" when that could not be said in a header field."""
    tag = response.headers.get(name, "").strip()
    return tag if tag.isascii() and tag.isprintable() and len(tag) <= _LONGEST_TAG else ""


def _wait(response: HTTPResponse) -> timedelta | None:
    """How long it wants not to be asked: seconds, or a date (RFC 9110 §10.2.3)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - datetime.now(UTC)
    return min(max(wait, timedelta()), LONGEST_WAIT)
