"""A digest that takes up a feed, by the commands: the feed brings news, moves, goes down, and never holds an issue up."""

import signal
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

import feed_server
from feed_server import FeedServer, entry, redirect, rss, status
from mailer.storage.tables import feed
from waiting import until

DIGEST = """---
kind: digest
subject: "News: {{{{ items[0].headline }}}}"
preheader: What was written and asked since you last heard from us
headline: The week
collect:
  feeds:
    - url: {url}
      name: Port News
---
Dear {{{{ subscriber.first_name | default("friend") }}}}, this is what the week has brought.
"""
FIRST = entry(1, guid="1", title="Dockers back at work", summary="<p>They <b>won</b>.</p>")
SECOND = entry(2, guid="2", title="The gates are open")


@pytest.fixture
def server():
    with FeedServer() as running:
        running.answers["/feed"] = rss(FIRST)
        yield running


@pytest.fixture
def weekly(mailer, project, server):
    mailer.environment |= {"MAILER_FEEDS__ALLOW_PRIVATE": feed_server.HOST, "MAILER_FEEDS__SECONDS": "30"}
    path = project / "campaigns" / "weekly.md"
    path.write_text(DIGEST.format(url=server.url("/feed?token=5ecret")))
    server.answers["/feed?token=5ecret"] = server.answers["/feed"]
    return path


def send(mailer, people, *more):
    return mailer("send", "weekly", "--yes", "--expect", people, "--json", *more)


def let_be_asked_again(mailer):
    """As if five minutes had gone by: a feed is not asked twice for two issues of the same moment."""
    assert mailer("feeds", "weekly", "--json").out


def test_news_comes_once_and_what_is_newer_in_the_next_issue(mailer, people, relay, server, weekly):
    looked = mailer("check", "weekly")
    assert "the feed of 127.0.0.1 was not asked yet" in looked.out
    assert (looked.code, server.requests) == (0, [])
    sent = send(mailer, people)
    assert (sent.code, sent.json["state"], sent.json["recipients"]) == (0, "finished", people)
    (message, *_) = [one.content for one in relay.accepted]
    assert b"Subject: News: Dockers back at work" in message
    assert b"Port News" in message
    assert b"They won." in message
    assert b"Read on site.example:\r\nhttps://site.example/1" in message
    assert send(mailer, people).json["state"] == "empty"
    server.answers["/feed?token=5ecret"] = rss(SECOND, FIRST)
    let_be_asked_again(mailer)
    assert send(mailer, people).json["state"] == "finished"
    last = relay.accepted[-1].content
    assert b"The gates are open" in last
    assert b"Dockers" not in last


def test_a_feed_that_is_down_holds_nothing_up_and_is_named_without_its_secret(mailer, people, relay, server, weekly):
    server.answers["/well"] = rss(SECOND)
    weekly.write_text(weekly.read_text().replace("---\nDear", f"    - {server.url('/well')}\n---\nDear"))
    server.answers["/feed?token=5ecret"] = status(503)
    sent = mailer("send", "weekly", "--yes", "--expect", people)
    assert sent.code == 0
    assert "campaigns/weekly.md:8: the feed of 127.0.0.1 cannot be read: it answers 503" in sent.err
    assert "5ecret" not in sent.out + sent.err
    assert b"The gates are open" in relay.accepted[-1].content
    checked = mailer("check", "weekly")
    assert (checked.code, "5ecret" in checked.out) == (0, False)
    assert "the feed of 127.0.0.1 cannot be read: it answers 503" in checked.out
    server.answers["/feed?token=5ecret"] = rss(FIRST)
    let_be_asked_again(mailer)
    assert send(mailer, people).json["state"] == "finished"
    assert b"Dockers back at work" in relay.accepted[-1].content


def test_the_state_of_feeds_and_what_becomes_of_each_entry(mailer, people, server, weekly):
    shown = mailer("feeds")
    assert shown.code == 0
    assert shown.out.startswith("weekly: Port News (127.0.0.1), 1 entry\n")
    assert "  Dockers back at work\n                in the next issue\n" in shown.out
    assert send(mailer, people, "--queue-only").code == 0
    server.answers["/feed?token=5ecret"] = redirect("/new", 301)
    server.answers["/new"] = rss(SECOND, FIRST)
    (found,) = mailer("feeds", "weekly", "--json").json["feeds"]
    assert (found["campaign"], found["moved_to"], found["trouble"], found["total"]) == (
        "weekly",
        server.url("/new"),
        None,
        2,
    )
    assert {one["headline"]: one["fate"] for one in found["entries"]} == {
        "The gates are open": "next",
        "Dockers back at work": "held",
    }
    asked = len(server.requests)
    assert f"it has moved to {server.url('/new')}: write that address" in mailer("feeds", "--no-ask").out
    assert len(server.requests) == asked
    server.answers["/new"] = status(404)
    failed = mailer("feeds", "weekly")
    assert failed.code == 1
    assert "it cannot be read: it answers 404 (last read" in failed.out


def test_without_feeds_there_is_nothing_to_ask(mailer, project):
    refused = mailer("feeds", "--json")
    assert (refused.code, refused.error["code"]) == (4, "refused")
    assert mailer("feeds", "nonsense").code == 1
    assert not (project / "mailer.db").exists()


def test_a_feed_in_a_private_network_is_not_asked(mailer, people, server, weekly):
    mailer.environment.pop("MAILER_FEEDS__ALLOW_PRIVATE")
    shown = mailer("feeds")
    assert (shown.code, server.requests) == (1, [])
    assert "it cannot be read: it leads into a private network (never read)" in shown.out


def test_a_scheduler_asks_what_is_armed_and_ends_though_a_feed_hangs(mailer, people, database, server, weekly):
    assert mailer("schedule", "add", "weekly", "--every", "fri 09:00", "--yes", "--expect", people).code == 0
    server.answers["/feed?token=5ecret"] = feed_server.hangs
    before = len(server.requests)
    mailer.environment["MAILER_FEEDS__SECONDS"] = "3000"
    with database.writing() as connection:
        connection.execute(sa.update(feed).values(next_at=datetime.now(UTC)))
    scheduler = mailer.start("scheduler")
    try:
        until(lambda: len(server.requests) > before)
    finally:
        scheduler.send_signal(signal.SIGTERM)
        ended = mailer.finish(scheduler)
    assert ended.code == 0
