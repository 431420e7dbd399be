"""An HTTP server on loopback that serves feeds, and misbehaves in every way that has a name here.

Whatever waits here waits for the client to go, or for the server to end: never for a time.
"""

import gzip
import socket
import threading
from contextlib import suppress
from email.utils import format_datetime
from html import escape

from mailer.sources.feeds.answers import Unread
from mailer.sources.feeds.reader import NoFeed, document

HOST = "127.0.0.1"
ITEM = "<item>{guid}<title>{title}</title><link>{link}</link><description>{summary}</description>{more}</item>"


def entry(number=1, *, guid="", link=None, title="", summary="What it is about.", at=None, categories=()):
    """One entry, as RSS."""
    more = f"<pubDate>{format_datetime(at)}</pubDate>" if at else ""
    more += "".join(f"<category>{escape(one)}</category>" for one in categories)
    return ITEM.format(
        guid=f'<guid isPermaLink="false">{escape(guid)}</guid>' if guid else "",
        title=escape(title or f"Entry {number}"),
        link=f"https://site.example/{number}" if link is None else escape(link),
        summary=escape(summary),
        more=more,
    )


def rss(*entries, title="The Site"):
    items = "".join(entries)
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{escape(title)}</title>{items}</channel></rss>'.encode()


class FeedServer:
    """`answers` maps paths to what is done: bytes of a feed, or a function of (link, request, server).

    requests: what was asked, each a dict of header names in small letters, with "path".
    """

    def __init__(self, *, context=None):
        """context: an ssl.SSLContext; None for plain HTTP."""
        self.answers, self.requests = {}, []
        self._context, self.ended = context, threading.Event()
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]

    def url(self, path="/feed", host=HOST):
        return f"http{'s' if self._context else ''}://{host}:{self.port}{path}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # closed alone, it would go on taking connections while one waits
        self._listener.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                link, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        with suppress(OSError, ValueError):
            if self._context:
                link = self._context.wrap_socket(link, server_side=True)
            with link:
                request = _request(link)
                self.requests.append(request)
                answer = self.answers.get(request["path"], status(404))
                (feed(answer) if isinstance(answer, bytes) else answer)(link, request, self)


def _request(link):
    head = b""
    while b"\r\n\r\n" not in head:
        more = link.recv(65536)
        if not more:
            raise ValueError("gone")
        head += more
        if head.startswith(b"\x16"):  # TLS
            link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            raise ValueError("this is no request")
    first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    return {"path": first.split()[1]} | {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }


def head(code, headers):
    return "".join(
        [f"HTTP/1.1 {code} Whatever\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items()), "\r\n"]
    ).encode()


def status(code, body=b"", **headers):
    """An answer. headers: with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda link, _request, _server: link.sendall(head(code, {"Content-Length": len(body)} | named) + body)


def feed(body, **headers):
    return status(200, body, **({"Content_Type": "application/rss+xml"} | headers))


def unchanged_since(tag, body):
    """All of it, or that nothing is new for whoever names `tag`."""

    def answer(link, request, server):
        known = request.get("if-none-match") == tag
        (status(304) if known else feed(body, ETag=tag))(link, request, server)

    return answer


def redirect(to, code=302):
    return status(code, Location=to)


def packed(body):
    return feed(gzip.compress(body), Content_Encoding="gzip")


def hangs(link, _request, server):
    """Takes the question and says nothing."""
    server.ended.wait()


def hangs_after_headers(link, _request, server):
    link.sendall(head(200, {"Content-Length": 1000}))
    server.ended.wait()


def drips(link, _request, server):
    """One byte after the other, for ever, fast enough for every time-out between two of them."""
    link.sendall(head(200, {}))
    while not server.ended.wait(0.05):
        link.sendall(b" ")


def drips_headers(link, _request, server):
    link.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not server.ended.wait(0.05):
        link.sendall(b"a")


def endless(link, _request, server):
    """As much as is taken."""
    link.sendall(head(200, {}))
    while not server.ended.is_set():
        link.sendall(b"<rss>" * 20_000)


def endless_headers(link, _request, server):
    link.sendall(b"HTTP/1.1 200 OK\r\n")
    while not server.ended.is_set():
        link.sendall(b"X-Header: value\r\n" * 1000)


def claims_gigabytes(link, _request, server):
    link.sendall(head(200, {"Content-Length": 5_000_000_000}))
    server.ended.wait()


def ends_early(body):
    """Less than its Content-Length promises."""
    return lambda link, _request, _server: link.sendall(head(200, {"Content-Length": len(body) + 100}) + body)


def raw(content):
    return lambda link, _request, _server: link.sendall(content)


def chunked(body, *, last=b"0\r\n\r\n"):
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:10], body[10:]))
    return raw(head(200, {"Transfer-Encoding": "chunked"}) + chunks + last)


def read_here(body, _deadline):
    """`read_apart` without a process of its own, which most tests can do without: it takes a quarter of a second."""
    try:
        return document(body.content, charset=body.charset, url=body.url)
    except NoFeed as error:
        raise Unread(str(error)) from None
