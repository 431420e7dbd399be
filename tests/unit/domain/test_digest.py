"""What a digest collects, how far back, and when there is too little for an issue."""

from datetime import UTC, datetime

import pytest

from mailer.domain.campaign_kinds import typed
from mailer.domain.digest import Issue, Item, Reach, parse_reach

LEAST = {"kind": "digest", "subject": "What is new", "headline": "What is new"}


def faults(**collect):
    found = typed(LEAST | {"collect": collect})
    assert isinstance(found, list), "it was taken"
    return [(fault.place, f"{fault.message} ({fault.hint})") for fault in found]


def item(slug):
    at = datetime(2024, 11, 22, tzinfo=UTC)
    return Item(
        key=f"campaign:{slug}", slug=slug, kind="article", headline=slug, at=at, day=at.date(), file=f"{slug}.md"
    )


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ("last 5", Reach(items=5)),
        ("Last  12", Reach(items=12)),
        ("1 day", Reach(days=1)),
        ("30 days", Reach(days=30)),
        ("everything", Reach()),
    ],
)
def test_a_reach_is_read_as_it_is_printed(text, reach):
    assert parse_reach(text) == reach
    assert parse_reach(str(reach)) == reach


@pytest.mark.parametrize("text", ["", "5", "last", "last 0", "0 days", "-3 days", "last five", "last 99999", "all"])
def test_what_says_no_reach(text):
    assert parse_reach(text) is None


def test_a_digest_needs_no_word_on_what_it_collects():
    collect = typed(LEAST).collect
    assert (collect.kinds, collect.topics, collect.min_items, collect.max_items) == ((), (), 1, 12)
    assert collect.reach == Reach(items=5)


@pytest.mark.parametrize(
    ("collect", "place", "words"),
    [
        ({"kinds": ["article", "artikle"]}, ("collect", "kinds", 1), 'there is no kind "artikle" (did you mean "article"?)'),
        ({"kinds": ["zine"]}, ("collect", "kinds", 0), "known: article, appeal"),
        ({"kinds": ["digest"]}, ("collect", "kinds", 0), "a digest holds no digests (leave it out)"),
        ({"kinds": "article"}, ("collect", "kinds"), "is a list"),
        ({"topics": ["Peru!"]}, ("collect", "topics", 0), "is not a name"),
        ({"min_items": 5, "max_items": 2}, ("collect",), "min_items (5) is above max_items (2)"),
        ({"min_items": -1}, ("collect", "min_items"), "write a whole number from 1 to 40"),
        ({"max_items": 0}, ("collect", "max_items"), '"0" is not a number of items'),
        ({"max_items": 41}, ("collect", "max_items"), '"41" is not a number of items'),
        ({"max_items": True}, ("collect", "max_items"), "is not a number of items"),
        ({"first_run": "last summer"}, ("collect", "first_run"), "write last 5, or 30 days, or everything"),
        ({"feeds": ["example.org/feed"]}, ("collect", "feeds", 0, "url"), "write the whole of it"),
        ({"feeds": ["file:///etc/passwd"]}, ("collect", "feeds", 0, "url"), "this is not the address of a feed"),
        ({"feeds": ["https://[::1/feed"]}, ("collect", "feeds", 0, "url"), "this is not the address of a feed"),
        ({"feeds": ["https://ana:pa55@example.org/"]}, ("collect", "feeds", 0, "url"), "cannot hold a login"),
        ({"feeds": [{"name": "The site"}]}, ("collect", "feeds", 0, "url"), '"collect.feeds.0.url" is missing'),
        ({"feeds": [{"url": "https://a.org", "uri": "/"}]}, ("collect", "feeds", 0, "uri"), 'did you mean "url"?'),
        ({"feeds": ["https://a.org/f", "http://www.a.org/f/"]}, ("collect", "feeds"), "the same feed stands there twice"),
        ({"feeds": [f"https://a{n}.org" for n in range(21)]}, ("collect", "feeds"), "name no more than 20"),
        ({"topic": ["peru"]}, ("collect", "topic"), 'did you mean "topics"?'),
    ],
)  # fmt: skip
def test_what_cannot_be_collected_is_said_where_it_stands(collect, place, words):
    (found,) = faults(**collect)
    assert found[0] == place
    assert words in found[1]


@pytest.mark.parametrize(
    ("items", "least", "lack"),
    [
        (0, 1, "there is nothing new"),
        (0, 3, "there is nothing new"),
        (1, 3, "1 new item, and min_items is 3"),
        (2, 3, "2 new items, and min_items is 3"),
        (3, 3, ""),
        (1, 1, ""),
    ],
)
def test_an_issue_with_too_little_is_empty_and_says_why(items, least, lack):
    issue = Issue(items=tuple(item(f"a{number}") for number in range(items)), least=least)
    assert issue.is_empty == bool(lack)
    assert issue.lack == lack
