"""Feeds as a source of digests, on both engines where that matters: asked when they should be, each entry once, and never in an issue's way."""

import threading
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
import sqlalchemy as sa

import feed_server
from feed_server import FeedServer, entry, read_here, redirect, rss, status, unchanged_since
from ledger_world import add_mailing
from mailer.domain.mailing import MailingState
from mailer.domain.schedule import parse_when
from mailer.edition.format import load
from mailer.launch import Asker, Issues, NothingToSend, Order, fetch_due, fire_due, launch, read_file
from mailer.launch.feed_news import feed_news
from mailer.storage import digest_items, feeds, mailings
from mailer.storage.tables import alert, feed, feed_item
from sending_world import Clock, desk_for, make_project, populate, write_letter

DIGEST = """---
kind: digest
subject: "News: {{{{ items[0].headline }}}}"
preheader: What was written and asked since you last heard from us
headline: The week
collect:
  first_run: {first_run}
{more}  feeds: [{feeds}]
---
Dear {{{{ subscriber.first_name | default("friend") }}}}, this is what the week has brought.
"""
NUMBERS = count(1)
#: For what the database decides.
both_engines = pytest.mark.parametrize("desk", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr("mailer.sources.feeds.asking.read_apart", read_here)
    with FeedServer() as running:
        yield running


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path / "project")
    (made / "campaigns" / "letter.md").unlink()
    return made


@pytest.fixture
def desk(request, project):
    is_postgres = getattr(request, "param", "sqlite") == "postgresql"
    settings = {"MAILER_FEEDS__ALLOW_PRIVATE": feed_server.HOST, "MAILER_FEEDS__SECONDS": "60"}
    desk = desk_for(
        project, clock=Clock(), url=request.getfixturevalue("postgres_url") if is_postgres else "", **settings
    )
    populate(desk.database, 3)
    yield desk
    desk.database.dispose()


def write_digest(desk, *urls, slug="weekly", first_run="everything", more=""):
    text = DIGEST.format(feeds=", ".join(urls), first_run=first_run, more=more)
    (desk.settings.root / "campaigns" / f"{slug}.md").write_text(text)


def entries(desk, *numbers, days=0):
    """Entries that came out as many hours ago as their number says, and `days` more."""
    return [entry(n, guid=f"e{n}", at=desk.clock() - timedelta(hours=n, days=days)) for n in numbers]


def compose(desk, *, rest=False, **values):
    """The next issue, put together and written down as `launch` does it; the keys of its items, newest first.

    What is left out is the mail itself, which other tests read.
    """
    around = {"settings": desk.settings, "database": desk.database, "now": desk.now, "clock": desk.clock}
    issue = Issues(**around, rest=rest, asks_feeds=True)(read_file(desk, "weekly"))
    if issue.lack:
        return []
    times = {"starts_at": desk.clock(), "created_at": desk.clock()}
    mailing_id = add_mailing(desk.database, 0, number=next(NUMBERS), kind="digest", **times | values)
    with desk.database.writing() as connection:
        assert digest_items.carry(connection, mailing_id, "weekly", issue)
    return [item.key.rpartition(":")[2] for item in issue.items]


def later(desk, **time):
    desk.clock.now += timedelta(**time)


def looked_at(desk, slug="weekly"):
    """The issue as somebody sees it who only looks."""
    issues = Issues(settings=desk.settings, database=desk.database, now=desk.now, clock=desk.clock)
    return issues(read_file(desk, slug))


def notes(issue):
    return [f"{note.line}: {note.message}" for note in issue.notes]


def rows(desk, table=feed):
    with desk.database.reading() as connection:
        return connection.execute(sa.select(table).order_by(table.c.id)).all()


def arm(desk, text):
    when = parse_when(text, now=desk.clock(), zone="Europe/London")
    return launch(desk, Order(slug="weekly"), lambda *_: None, when=when)


def test_an_issue_goes_out_with_what_its_feed_has_just_said(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = rss(*entries(desk, 1))
    mailing = launch(desk, Order(slug="weekly"), lambda *_: None)
    with desk.database.reading() as connection:
        edition = load(mailings.edition_of(connection, mailing.id))
    assert "https://site.example/1" in repr(edition.variants[""].html)
    assert launch(desk, Order(slug="weekly"), lambda *_: None) == NothingToSend("there is nothing new")


@both_engines
def test_each_entry_is_in_one_issue(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = rss(*entries(desk, 1, 2))
    assert compose(desk) == ["e1", "e2"]
    later(desk, minutes=10)
    assert compose(desk) == []
    server.answers["/feed"] = rss(*entries(desk, 0, 1, 2))
    later(desk, minutes=10)
    assert compose(desk) == ["e0"]


@both_engines
def test_what_is_edited_is_the_same_entry_and_says_what_it_says_now(desk, server):
    write_digest(desk, server.url(), more="  min_items: 3\n")
    server.answers["/feed"] = rss(entry(1, guid="a", title="Wrnog"), entry(2, guid="b", title="Right"))
    assert compose(desk) == []
    server.answers["/feed"] = rss(entry(1, guid="a", title="Right now"), entry(2, guid="b"), entry(3, guid="c"))
    later(desk, minutes=10)
    compose(desk)
    assert {row.headline for row in rows(desk, feed_item)} == {"Right now", "Entry 2", "Entry 3"}
    server.answers["/feed"] = rss(entry(1, guid="a", title="Edited", link="https://site.example/moved"))
    later(desk, minutes=10)
    assert compose(desk) == []


def test_looking_asks_nobody(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = rss(*entries(desk, 1))
    assert notes(looked_at(desk)) == ["8: the feed of 127.0.0.1 was not asked yet"]
    assert server.requests == []
    compose(desk)
    assert notes(looked_at(desk)) == []
    assert len(server.requests) == 1


def test_what_was_asked_a_moment_ago_is_not_asked_again(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = unchanged_since('"1"', rss(*entries(desk, 1)))
    compose(desk)
    compose(desk)
    assert len(server.requests) == 1
    later(desk, minutes=6)
    assert compose(desk) == []
    assert [request.get("if-none-match") for request in server.requests] == [None, '"1"']


@pytest.mark.parametrize(
    ("first_run", "first", "rest"), [("last 2", ["e1", "e2"], ["e0"]), ("2 days", ["e1", "e2", "e30"], ["e0"])]
)
def test_a_first_issue_reaches_back_no_further_than_it_should(desk, server, first_run, first, rest):
    write_digest(desk, server.url(), first_run=first_run)
    server.answers["/feed"] = rss(*entries(desk, 1, 2, 30, 60))
    assert compose(desk) == first
    server.answers["/feed"] = rss(*entries(desk, 0, 1, 2, 30, 60))
    later(desk, minutes=10)
    assert compose(desk) == rest


@both_engines
def test_so_does_the_first_issue_with_a_new_feed(desk, server):
    server.answers |= {
        "/feed": rss(*entries(desk, 1)),
        "/other": rss(*[entry(n, guid=f"o{n}", link=f"/{n}") for n in range(9)]),
    }
    write_digest(desk, server.url(), first_run="last 2")
    compose(desk)
    later(desk, minutes=10)
    write_digest(desk, server.url(), server.url("/other"), first_run="last 2")
    assert compose(desk) == ["o0", "o1"]
    later(desk, minutes=10)
    assert compose(desk) == []


def test_an_archive_that_surfaces_later_is_no_news(desk, server):
    write_digest(desk, server.url(), first_run="last 2")
    server.answers["/feed"] = rss(*entries(desk, 1))
    compose(desk)
    server.answers["/feed"] = rss(*entries(desk, 2, days=1), *entries(desk, 3, days=31))
    later(desk, minutes=10)
    assert compose(desk) == ["e2"]


def test_what_has_a_date_to_come_came_out_when_it_was_seen(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = rss(*entries(desk, 1, days=-9), *entries(desk, 0))
    compose(desk)
    assert {row.published_at for row in rows(desk, feed_item)} == {desk.clock()}


@both_engines
def test_a_feed_that_moves_for_good_is_followed_and_sends_nothing_again(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = rss(*entries(desk, 1))
    compose(desk)
    server.answers |= {"/feed": redirect("/new", 301), "/new": rss(*entries(desk, 0, 1))}
    later(desk, minutes=10)
    assert compose(desk) == ["e0"]
    assert notes(looked_at(desk)) == ["8: the feed of 127.0.0.1 has moved"]
    later(desk, minutes=10)
    assert compose(desk) == []
    assert [request["path"] for request in server.requests] == ["/feed", "/feed", "/new", "/new"]
    write_digest(desk, server.url("/new"))  # as the note asks for
    later(desk, minutes=10)
    assert compose(desk) == []
    assert len(rows(desk)) == 1


@both_engines
def test_where_it_has_moved_to_is_forgotten_when_nothing_is_there(desk, server):
    write_digest(desk, server.url())
    server.answers |= {"/feed": redirect("/new", 301), "/new": rss(*entries(desk, 1))}
    compose(desk)
    server.answers |= {"/feed": rss(*entries(desk, 0, 1)), "/new": status(410)}
    later(desk, minutes=10)
    assert compose(desk) == []
    later(desk, minutes=10)
    assert compose(desk) == ["e0"]
    assert notes(looked_at(desk)) == []


def test_another_address_of_the_same_feed_sends_nothing_again(desk, server):
    write_digest(desk, server.url("/a"))
    server.answers |= {"/a": rss(*entries(desk, 1)), "/b": rss(entry(1, guid="new-guid"), entry(2, guid="2"))}
    compose(desk)
    write_digest(desk, server.url("/b"))
    assert compose(desk) == ["2"]


@both_engines
def test_two_feeds_that_say_the_same_say_it_once(desk, server):
    server.answers |= {"/a": rss(entry(1, guid="a1")), "/b": rss(entry(1, guid="b1"), entry(2, guid="b2"))}
    write_digest(desk, server.url("/a"), server.url("/b"))
    assert sorted(compose(desk)) == ["a1", "b2"]
    later(desk, minutes=10)
    assert compose(desk) == []


def test_what_we_published_ourselves_is_no_news_from_our_feed(desk, server):
    write_digest(desk, server.url())
    write_letter(
        desk.settings.root, slug="ours", extra="published: 2026-11-20\ncanonical_url: https://site.example/1\n"
    )
    server.answers["/feed"] = rss(*entries(desk, 1, 2))
    assert sorted(compose(desk)) == ["e2", "ours"]
    later(desk, minutes=10)
    assert compose(desk) == []


@both_engines
def test_a_cancelled_issue_gives_its_entries_back(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = rss(*entries(desk, 1))
    compose(desk)
    with desk.database.writing() as connection:
        digest_items.release(connection, 1)
    assert compose(desk) == ["e1"]


@both_engines
def test_the_rest_of_the_audience_gets_what_the_others_had(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = rss(*entries(desk, 1, 2))
    first = compose(desk)
    server.answers["/feed"] = rss(*entries(desk, 0, 1, 2))
    later(desk, minutes=10)
    assert compose(desk, rest=True) == first == ["e1", "e2"]


def test_topics_come_from_the_file_and_from_categories_that_the_project_knows(desk, server):
    urls = f"{{url: '{server.url()}', topics: [labour], name: Port News}}"
    write_digest(desk, urls, more="  topics: [peru, labour]\n")
    write_letter(desk.settings.root, slug="about", extra="topics: [peru]\n")
    server.answers["/feed"] = rss(entry(1, guid="1", categories=["Perú", "Sport"]), entry(2, guid="2"))
    compose(desk)
    later(desk, minutes=10)
    (source,) = feed_news(desk.database, _issues(desk), read_file(desk, "weekly"))
    assert [why for _, why in source.entries] == ["held", "held"]
    write_digest(desk, server.url(), slug="peru", more="  topics: [peru]\n")
    found = looked_at(desk, "peru")
    assert [(item.headline, item.topics, item.kicker) for item in found.items] == [("Entry 1", ("peru",), "The Site")]


def _issues(desk):
    return Issues(settings=desk.settings, database=desk.database, now=desk.now, clock=desk.clock)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (status(500), "it answers 500"),
        (feed_server.feed(b"<html>"), "it answers a web page, not a feed"),
        (feed_server.hangs, "it does not answer in time"),
    ],
)
def test_a_feed_that_fails_is_told_of_once_and_never_in_the_way(desk, server, answer, words):
    if answer is feed_server.hangs:
        desk = replace(desk, settings=replace(desk.settings, feeds=replace(desk.settings.feeds, seconds=1)))
    server.answers |= {"/feed": answer, "/well": rss(*entries(desk, 1))}
    write_digest(desk, server.url(), server.url("/well"))
    assert compose(desk) == ["e1"]
    assert notes(looked_at(desk)) == [f"8: the feed of 127.0.0.1 cannot be read: {words}"]
    later(desk, minutes=10)
    assert compose(desk) == []
    told = [row for row in rows(desk, alert) if row.channel == "mail"]
    assert [(row.kind, row.slug, row.detail) for row in told] == [("feed", "weekly", f"the feed of 127.0.0.1: {words}")]
    server.answers["/feed"] = rss(*entries(desk, 0))
    later(desk, minutes=10)
    assert compose(desk) == ["e0"]
    assert rows(desk)[0].failing_since is None


@both_engines
def test_what_is_gone_is_never_asked_again(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = status(410)
    assert compose(desk) == []
    later(desk, days=9)
    assert compose(desk) == []
    assert len(server.requests) == 1
    assert notes(looked_at(desk)) == ["8: the feed of 127.0.0.1 is gone: it is not asked any more"]
    server.answers["/new"] = rss(*entries(desk, 1))
    write_digest(desk, server.url("/new"))
    assert compose(desk) == ["e1"]


def test_who_asks_for_patience_gets_it(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = status(429, Retry_After="7200")
    assert compose(desk) == []
    server.answers["/feed"] = rss(*entries(desk, 1))
    later(desk, minutes=119)
    assert compose(desk) == []
    assert len(server.requests) == 1
    later(desk, minutes=1)
    assert compose(desk) == ["e1"]


def test_a_clock_that_was_wrong_keeps_nobody_from_asking(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = status(429, Retry_After="86400")
    later(desk, days=400)
    assert compose(desk) == []
    later(desk, days=-400)
    server.answers["/feed"] = rss(*entries(desk, 1))
    assert compose(desk) == ["e1"]


def test_a_scheduler_asks_the_feeds_of_what_is_armed_now_and_then(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = unchanged_since('"1"', rss(*entries(desk, 1)))
    assert fetch_due(desk) == 0
    arm(desk, "in 5h")  # its gate has asked
    assert [fetch_due(desk), len(server.requests)] == [0, 1]
    later(desk, minutes=29)
    assert fetch_due(desk) == 0
    later(desk, minutes=1)
    assert [fetch_due(desk), fetch_due(desk), len(server.requests)] == [1, 0, 2]
    later(desk, minutes=268)  # two minutes before it goes out
    assert [fetch_due(desk), fetch_due(desk), len(server.requests)] == [1, 0, 3]


def test_what_was_said_just_before_is_in_the_issue_of_a_schedule(desk, server):
    write_digest(desk, server.url(), server.url("/down"))
    server.answers |= {"/feed": rss(*entries(desk, 1)), "/down": status(500)}
    arm(desk, "in 10m")
    server.answers["/feed"] = rss(*entries(desk, 0, 1))
    later(desk, minutes=10)
    (mailing,) = fire_due(desk)
    assert mailing.state is MailingState.SENDING
    with desk.database.reading() as connection:
        html = repr(load(mailings.edition_of(connection, mailing.id)).variants[""].html)
    assert ["https://site.example/0" in html, "https://site.example/1" in html] == [True, True]
    assert "feed" in {row.kind for row in rows(desk, alert)}


@both_engines
def test_what_fails_is_asked_less_and_less_and_told_of_the_third_time(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = rss(*entries(desk, 1))
    arm(desk, "in 90d")
    server.answers["/feed"] = status(500)
    waits = []
    for _ in range(9):
        before = desk.clock()
        later(desk, seconds=(rows(desk)[0].next_at - before).total_seconds())
        waits.append((desk.clock() - before).total_seconds() / 60)
        assert fetch_due(desk) == 1
        assert len([row for row in rows(desk, alert) if row.channel == "mail"]) == (len(waits) >= 3)
    assert waits == [30, 30, 60, 120, 240, 480, 960, 1440, 1440]


@both_engines
def test_two_that_ask_at_once_ask_once_and_both_know(desk, server):
    asked, go_on = threading.Event(), threading.Event()

    def slowly(link, request, running):
        asked.set()
        assert go_on.wait(60)
        feed_server.feed(rss(entry(1, guid="e1")))(link, request, running)

    write_digest(desk, server.url())
    server.answers["/feed"] = slowly
    asker = Asker(settings=desk.settings, database=desk.database, clock=desk.clock)
    threads = [threading.Thread(target=asker.for_issue, args=("weekly", [server.url()])) for _ in range(2)]
    threads[0].start()
    assert asked.wait(60)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert len(server.requests) == 1
    assert [item.headline for item in looked_at(desk).items] == ["Entry 1"]


def test_whoever_died_while_asking_is_waited_for_no_longer_than_an_issue_waits(desk, server):
    write_digest(desk, server.url())
    server.answers["/feed"] = rss(*entries(desk, 1))
    with desk.database.writing() as connection:
        assert len(feeds.claim(connection, [server.url()], now=desk.clock())) == 1
    later(desk, minutes=6)
    assert compose(desk) == ["e1"]


def test_a_scheduler_that_ends_waits_for_no_feed(desk, server):
    stopped = threading.Event()

    def hangs(link, request, running):
        stopped.set()
        running.ended.wait()

    write_digest(desk, server.url())
    server.answers["/feed"] = rss(*entries(desk, 1))
    arm(desk, "in 5h")
    server.answers["/feed"] = hangs
    later(desk, minutes=30)
    assert fetch_due(desk, stopped) == 1
    assert rows(desk)[0].trouble == ""


def test_without_a_database_there_is_nothing_to_say_of_feeds(desk, server):
    write_digest(desk, server.url())
    issues = Issues(settings=desk.settings, database=None, now=desk.now, clock=desk.clock)
    assert issues(read_file(desk, "weekly")).notes == ()


@both_engines
def test_hundreds_of_entries_are_passed_over_in_one_go(desk, server):
    urls = [server.url(f"/{n}") for n in range(4)]
    for number in range(4):
        items = [
            entry(n, guid=f"https://g.example/{number}/{n}", link=f"https://s{number}.example/{n}") for n in range(200)
        ]
        server.answers[f"/{number}"] = rss(*items)
    write_digest(desk, *urls, first_run="last 3")
    assert len(compose(desk)) == 3
    later(desk, minutes=10)
    assert compose(desk) == []
