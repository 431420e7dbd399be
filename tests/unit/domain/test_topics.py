import pytest

from mailer.domain.topics import Topics, UnknownTopic

TABLE = Topics({"peru": "Peru", "trade": "Trade and work"})


@pytest.mark.parametrize(
    ("text", "slug"), [("peru", "peru"), (" PERU ", "peru"), ("Trade  and Work", "trade"), ("trade", "trade")]
)
def test_a_topic_is_meant_by_its_slug_or_its_title(text, slug):
    assert TABLE.named(text) == slug


@pytest.mark.parametrize(
    ("text", "hint"),
    [("peruu", 'did you mean "peru"?'), ("trade an work", 'did you mean "trade"?'), ("x", "known: peru, trade")],
)
def test_another_word_is_refused_with_the_nearest(text, hint):
    with pytest.raises(UnknownTopic) as raised:
        TABLE.named(text)
    assert raised.value.hint == hint


@pytest.mark.parametrize("text", ["labour law", "1st", "", "é"])
def test_without_a_table_only_a_slug_is_a_topic(text):
    assert Topics().named("labour-law") == "labour-law"
    with pytest.raises(UnknownTopic):
        Topics().named(text)


def test_they_are_stored_sorted_and_each_once():
    assert TABLE.chosen(["Trade and work", "peru", "trade"]) == ("peru", "trade")
    assert TABLE.said(("peru", "trade")) == "Peru · Trade and work"
    assert TABLE.said(()) == "everything"
