"""Feeds asked over real connections: whatever the server does, there is an answer in time, and never from where none may come."""

import gzip
import os
import zlib
from datetime import UTC, datetime
from itertools import pairwise

import pytest

import feed_server
from feed_server import FeedServer, entry, redirect, rss, status
from mailer.sources.feeds.answers import Read, Trouble, Unchanged
from mailer.sources.feeds.asking import ask
from mailer.sources.feeds.fetching import Limits, Question
from mailer.sources.feeds.reader import document
from smtpd_tls import server_context
from waiting import with_enough_patience

BODY = rss(entry(1, guid="one"), entry(2, guid="two"))
HERE = frozenset({feed_server.HOST, "localhost"})
PAGE = b"<!doctype html><html><head><title>Log in</title></head><body><form></form></body></html>"


@pytest.fixture
def apart():
    """A server whose feeds are read in a process of their own."""
    with FeedServer() as running:
        yield running


@pytest.fixture
def server(apart, monkeypatch):
    monkeypatch.setattr("mailer.sources.feeds.asking.read_apart", feed_server.read_here)
    return apart


def asked(server, answer, *, path="/feed", etag="", modified="", **limits):
    server.answers[path] = answer
    question = Question(url=server.url(path), etag=etag, modified=modified)
    return ask(question, Limits(**({"allowed": HERE, "seconds": 60.0} | limits)))


def headlines(answer):
    assert isinstance(answer, Read), answer
    return [one.headline for one in answer.document.entries]


@pytest.mark.parametrize(
    "answer",
    [
        BODY,
        feed_server.packed(BODY),
        feed_server.feed(zlib.compress(BODY), Content_Encoding="deflate"),
        feed_server.feed(zlib.compress(BODY)[2:-4], Content_Encoding="deflate"),
        feed_server.chunked(BODY),
        feed_server.raw(b"HTTP/1.0 200 OK\r\n\r\n" + BODY),
        feed_server.feed(BODY, Content_Type="text/html"),
        feed_server.feed(BODY, Content_Type="text/xml; charset=utf-8"),
    ],
    ids=["plain", "gzip", "deflate", "bare-deflate", "chunked", "old-http", "as-a-page", "with-charset"],
)
def test_a_feed_is_read_however_it_comes(server, answer):
    assert headlines(asked(server, answer)) == ["Entry 1", "Entry 2"]


def test_it_says_who_asks_and_nothing_else(server):
    asked(server, BODY, website="https://www.example.org")
    (request,) = server.requests
    assert request.keys() == {"path", "host", "user-agent", "accept", "accept-encoding", "connection"}
    assert request["user-agent"].startswith("mailer/")
    assert request["user-agent"].endswith("(+https://www.example.org)")
    assert request["host"] == f"127.0.0.1:{server.port}"


def test_what_is_known_is_not_said_again(server):
    first = asked(server, feed_server.unchanged_since('"v1"', BODY))
    assert first.etag == '"v1"'
    again = asked(server, server.answers["/feed"], etag=first.etag, modified="Fri, 20 Nov 2026 10:00:00 GMT")
    assert again == Unchanged()
    assert server.requests[-1]["if-modified-since"] == "Fri, 20 Nov 2026 10:00:00 GMT"


def test_a_tag_that_no_header_can_hold_is_not_kept(server):
    found = asked(server, feed_server.feed(BODY, ETag='"\u00e9"', Last_Modified="a" * 600))
    assert (found.etag, found.modified) == ("", "")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(304), "it answers 304"),
        (status(404), "it answers 404"),
        (status(500), "it answers 500"),
        (status(204), "it answers 204"),
        (status(302), "it leads elsewhere, and does not say where"),
        (PAGE, "it answers a web page, not a feed"),
        (b"", "what it answers is no feed"),
        (b"\x00\xff\xfe not a feed", "what it answers is no feed"),
        (feed_server.ends_early(BODY), "its answer ends before it is whole"),
        (feed_server.chunked(BODY, last=b""), "its answer ends before it is whole"),
        (feed_server.feed(gzip.compress(BODY)[:-20], Content_Encoding="gzip"), "its answer ends before it is whole"),
        (feed_server.feed(BODY, Content_Encoding="gzip"), "what it answers cannot be unpacked"),
        (feed_server.feed(BODY, Content_Encoding="br"), "it answers in a packing that was not asked for"),
        (feed_server.raw(b""), "it breaks the connection off"),
        (feed_server.raw(b"220 mail.example.org ESMTP\r\n"), "what it answers is no proper HTTP"),
        (feed_server.endless_headers, "what it answers is no proper HTTP"),
    ],
)
def test_what_is_wrong_is_said_in_words(server, answer, words):
    assert asked(server, answer) == Trouble(words=words)


@pytest.mark.parametrize("name", ["hangs", "hangs_after_headers", "drips", "drips_headers"])
def test_a_server_that_takes_its_time_is_left(server, name):
    assert asked(server, getattr(feed_server, name), seconds=0.4) == Trouble(words="it does not answer in time")


@pytest.mark.parametrize(
    "answer",
    [
        feed_server.endless,
        feed_server.claims_gigabytes,
        feed_server.packed(b" " * 3_000_000),
        rss(entry(1, summary="x" * 30_000)),
    ],
    ids=["endless", "claims-gigabytes", "bomb", "just-too-large"],
)
def test_no_more_is_taken_than_may_be(server, answer):
    assert asked(server, answer, most=20_000) == Trouble(words="it is larger than 20,000 bytes")


def test_gone_and_patience_are_told_apart(server):
    gone = asked(server, status(410))
    assert (gone.is_gone, gone.wait) == (True, None)
    busy = asked(server, status(429, Retry_After="120"))
    assert (busy.is_gone, busy.wait.total_seconds()) == (False, 120)
    assert asked(server, status(503)).wait is None
    assert asked(server, status(503, Retry_After="soon")).wait is None
    assert asked(server, status(503, Retry_After="999999999999")).wait.days == 1
    assert asked(server, status(429, Retry_After="Fri, 20 Nov 2099 10:00:00 GMT")).wait.days == 1
    assert asked(server, status(429, Retry_After="Fri, 20 Nov 2009 10:00:00 GMT")).wait.total_seconds() == 0


def test_it_is_followed_where_it_has_moved(server):
    server.answers["/new"] = BODY
    assert asked(server, redirect("/new", 302)).moved_to == ""
    assert asked(server, redirect("/new", 308)).moved_to == server.url("/new")
    server.answers["/feed"] = redirect(server.url("/new"), 301)
    assert asked(server, redirect("/feed", 301), path="/old").moved_to == server.url("/new")


def test_only_the_part_of_the_way_that_is_for_good_is_remembered(server):
    server.answers |= {"/new": redirect("/today", 302), "/today": BODY}
    assert asked(server, redirect("/new", 301)).moved_to == server.url("/new")


def test_it_has_not_moved_to_a_page_where_one_logs_in(server):
    server.answers["/login"] = PAGE
    assert asked(server, redirect("/login", 301)) == Trouble(words="it answers a web page, not a feed")


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("/feed", "it leads from one address to the next, without end"),
        ("file:///etc/passwd", "it leads to an address of the kind file:, and only http and https are asked"),
        ("gopher://127.0.0.1/", "it leads to an address of the kind gopher:, and only http and https are asked"),
        ("http://ana:pa55@127.0.0.1/", "it leads to an address with a login in it, or without a host"),
        ("http://[::1", "its address cannot be understood"),
        ("http://127.0.0.1:99999/", "its address cannot be understood"),
        ("http://10.0.0.1/", "it leads into a private network"),
        ("http://169.254.169.254/latest/meta-data", "it leads into a private network"),
        ("http://[::1]/", "it leads into a private network"),
        ("http://[::ffff:127.0.0.1]/", "it leads into a private network"),
        ("http://2130706433/", "it leads into a private network"),
        ("http://127.1/", "it leads into a private network"),
        ("http://0/", "it leads into a private network"),
    ],
)
def test_a_redirect_leads_to_no_other_places_than_an_address_may(server, to, words):
    assert asked(server, redirect(to)) == Trouble(words=words)


def test_this_machine_is_private_unless_it_is_named(server):
    assert asked(server, BODY, allowed=frozenset()) == Trouble(words="it leads into a private network")
    server.answers["/feed"] = BODY
    question = Question(url=server.url(host="localhost"))
    assert ask(question, Limits(allowed=frozenset({"127.0.0.1"}))) == Trouble(words="it leads into a private network")
    assert isinstance(ask(question, Limits(allowed=frozenset({"localhost"}))), Read)
    assert len(server.requests) == 1


def test_a_host_that_nobody_knows_and_a_port_where_nobody_listens(server):
    unknown = ask(Question(url="https://nowhere.invalid/feed"), Limits())
    assert unknown == Trouble(words="nobody knows its name")
    server.__exit__()
    assert asked(server, BODY) == Trouble(words="it refuses connections")


@pytest.mark.parametrize(
    ("misbehaviour", "words"),
    [
        ("", None),
        ("certificate-untrusted", "its certificate is not valid: unable to get local issuer certificate"),
        ("certificate-expired", "its certificate is not valid: certificate has expired"),
        ("certificate-for-another-name", "its certificate is not valid: "),
    ],
)
def test_only_the_server_of_that_name_is_believed(tmp_path, monkeypatch, misbehaviour, words):
    context, authority = server_context(tmp_path, misbehaviour)
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(authority))
    with FeedServer(context=context) as server:
        server.answers["/feed"] = BODY
        found = ask(Question(url=server.url(host="localhost")), Limits(allowed=HERE))
    if words is None:
        assert headlines(found) == ["Entry 1", "Entry 2"]
    else:
        assert found.words.startswith(words)


def test_plain_http_where_tls_is_promised_is_no_answer(server):
    server.answers["/feed"] = BODY
    url = server.url(host="localhost").replace("http:", "https:")
    assert ask(Question(url=url), Limits(allowed=HERE)) == Trouble(words="it does not speak TLS as it should")


def test_what_is_read_apart_is_what_was_said(apart):
    at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    body = rss(entry(1, guid="one", at=at, categories=["Perú"]), entry(2, guid="two", title="Señal"))
    found = asked(apart, body).document
    assert found == document(body, charset="", url=apart.url())
    assert found.entries[0].at == at
    assert asked(apart, PAGE) == Trouble(words="it answers a web page, not a feed")


def test_what_was_made_to_keep_the_reader_busy_is_given_up(apart):
    hostile = b"<rss version='2.0'><channel><item><title>" + b"<a>" * 1_000_000

    def is_given_up(seconds):
        assert asked(apart, hostile, seconds=seconds) == Trouble(words="reading what it answers takes too long")

    with_enough_patience(is_given_up, (1.5, 15.0))


def test_entities_that_multiply_are_not_unfolded(apart):
    names = "abcdefghij"
    lines = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise(names))
    bomb = f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "{"a" * 1000}">{lines}]><rss version="2.0"><channel><item><link>https://site.example/</link><title>&j;</title></item></channel></rss>'
    found = asked(apart, bomb.encode())
    assert isinstance(found, Trouble) or all(len(one.headline) <= 200 for one in found.document.entries)


def test_files_of_ours_are_not_read_for_a_feed(apart, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("TOP SECRET")
    stealing = f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY s SYSTEM "{secret.as_uri()}">]><rss version="2.0"><channel><item><link>https://site.example/</link><title>It says &s;</title></item></channel></rss>'
    found = asked(apart, stealing.encode())
    assert "SECRET" not in str(found)
