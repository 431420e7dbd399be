"""What feeds say, in digests: each entry once, whatever name it comes under and however late it surfaces."""

import pytest

from feed_issues import both_engines, compose, entries, issues_of, later, looked_at, notes, rows, write_digest
from feed_server import entry, redirect, rss, status, unchanged_since
from mailer.edition.format import load
from mailer.launch import NothingToSend, Order, launch, read_file
from mailer.launch.feed_news import feed_news
from mailer.storage import digest_items, mailings
from mailer.storage.tables import feed_item
from sending_world import write_letter


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
    (source,) = feed_news(desk.database, issues_of(desk), read_file(desk, "weekly"))
    assert [why for _, why in source.entries] == ["held", "held"]
    write_digest(desk, server.url(), slug="peru", more="  topics: [peru]\n")
    found = looked_at(desk, "peru")
    assert [(item.headline, item.topics, item.kicker) for item in found.items] == [("Entry 1", ("peru",), "The Site")]
