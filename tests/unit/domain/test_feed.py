"""By which names a digest knows an entry of a feed again."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.digest import FEED_ITEM, Item, Records
from mailer.domain.feed import KnownEntry, link_name, page_name, place, site_of, topic_of, traces_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def known(key="42", link="https://site.example/1"):
    return KnownEntry(key=key, link=link, headline="", summary="", categories=(), at=NOW, seen_at=NOW)


@pytest.mark.parametrize(
    "link",
    [
        "https://site.example/news/1", "http://site.example/news/1/", "https://WWW.Site.example:443/news/1", "http://site.example:80/news/1",
        "https://site.example/news/1?utm_source=rss&utm_medium=feed", "https://site.example/news/1/?fbclid=x",
    ],
)  # fmt: skip
def test_one_place_has_one_name(link):
    assert place(link) == "site.example/news/1"


@pytest.mark.parametrize(
    "link",
    ["https://site.example/?p=1", "https://site.example/?p=2", "https://site.example/#1", "https://site.example:8080/", "https://other.site.example/", "https://site.example/A", "https://site.example/a", "https://[::1", "https://site.example:x/"],
)  # fmt: skip
def test_different_places_have_different_names(link):
    others = ["https://site.example", "https://site.example/?p=3", "https://site.example/b"]
    assert place(link) not in map(place, others)


@given(st.text(max_size=50).map("https://site.example/".__add__) | st.text(max_size=50))
def test_any_link_has_a_name_and_a_site(link):
    assert place(link) == place(link)
    assert isinstance(site_of(link), str)


def test_a_guid_is_a_name_only_where_no_other_feed_can_have_it():
    assert traces_of(known("42")) == ("link:site.example/1",)
    assert traces_of(known("tag:site.example,2026:1")) == ("link:site.example/1", "guid:tag:site.example,2026:1")


@pytest.mark.parametrize(
    ("category", "topic"),
    [("Perú & Bolivia", "peru-bolivia"), ("  Labour ", "labour"), ("2024 elections", "elections"), ("日本", ""), ("", ""), ("--", "")],
)  # fmt: skip
def test_categories_are_written_as_topics(category, topic):
    assert topic_of(category) == topic


def item(key, *, traces=(), twins=()):
    return Item(key=key, kind=FEED_ITEM, headline=key, at=NOW, day=NOW.date(), file="", traces=traces, twins=twins)


def keys(items):
    return [one.key for one in items]


def test_what_two_feeds_bring_is_there_once():
    one, other = (item(key, traces=("link:a",), twins=("link:a", "page:a")) for key in ("feed:1:x", "feed:2:y"))
    assert keys(Records().distinct([one, other])) == ["feed:1:x"]
    assert keys(Records(spent=frozenset({"link:a"})).distinct([one, other])) == []


def test_what_we_published_is_not_there_again_from_a_feed_nor_the_other_way_round():
    ours = item("campaign:a", traces=(page_name("https://a.example/1"),), twins=(link_name("https://a.example/1"),))
    theirs = item(
        "feed:1:x",
        traces=(link_name("https://a.example/1"),),
        twins=(link_name("https://a.example/1"), page_name("https://a.example/1")),
    )
    assert keys(Records().distinct([ours, theirs])) == ["campaign:a"]
    assert keys(Records(spent=frozenset(theirs.names)).distinct([ours])) == []
    assert keys(Records(spent=frozenset(ours.names)).distinct([theirs])) == []


def test_two_campaigns_of_one_page_are_two_items():
    ours = [item(f"campaign:{slug}", traces=("page:a",), twins=("link:a",)) for slug in "ab"]
    assert len(Records(spent=frozenset({"page:a"})).distinct(ours)) == 2


def test_what_goes_to_the_rest_is_what_the_others_had():
    one = item("feed:1:x", traces=("link:a",), twins=("link:a",))
    assert keys(Records(spent=frozenset(one.names), only=frozenset({"feed:1:x"})).distinct([one])) == ["feed:1:x"]
