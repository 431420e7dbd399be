"""When feeds are asked, on both engines where that matters, and that none is ever in an issue's way."""

import threading
from dataclasses import replace

import pytest

import feed_server
from feed_issues import arm, both_engines, compose, entries, later, looked_at, notes, rows, write_digest
from feed_server import entry, rss, status, unchanged_since
from mailer.domain.mailing import MailingState
from mailer.edition.format import load
from mailer.launch import Asker, Issues, fetch_due, fire_due, read_file
from mailer.storage import feeds, mailings
from mailer.storage.tables import alert


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
