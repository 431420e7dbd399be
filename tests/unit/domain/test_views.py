"""Who sees what of an issue, against the rule spelled out; and which compiled view comes nearest."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest_issues import item
from mailer.domain.audience import Audience, Want
from mailer.domain.digest import AlreadyMailed, Issue
from mailer.domain.views import BRIEF, FULL, OUT, ViewItem, ViewRule, is_empty, nearest, rule_of, seen

TOPICS = ("chile", "peru", "union")
SOME_TOPICS = st.lists(st.sampled_from(TOPICS), unique=True).map(tuple)
SOME_MAILINGS = st.lists(st.integers(1, 3), unique=True).map(tuple)
ITEMS = st.lists(st.builds(ViewItem, topics=SOME_TOPICS, mailings=SOME_MAILINGS), min_size=1, max_size=5).map(tuple)
RULES = st.builds(ViewRule, items=ITEMS, had=st.sampled_from((FULL, BRIEF, OUT)))
LETTERS = st.sampled_from((FULL, BRIEF, OUT))


@given(RULES, SOME_TOPICS, SOME_MAILINGS)
def test_a_view_shows_each_item_as_the_rule_says(rule, topics, received):
    view = rule.view(topics, received)
    for one, letter in zip(rule.items, view, strict=True):
        wanted = not one.topics or not topics or any(topic in one.topics for topic in topics)
        had = any(mailing in received for mailing in one.mailings)
        assert letter == (OUT if not wanted else rule.had if had else FULL)


@given(RULES, SOME_TOPICS, SOME_MAILINGS)
def test_whoever_sees_something_is_wanted_and_nobody_else(rule, topics, received):
    meets = [
        (not want.topics or not topics or bool({*want.topics} & {*topics})) and not {*want.without} & {*received}
        for want in rule.wants
    ]
    assert (any(meets) or not rule.wants) == (not is_empty(rule.view(topics, received)))


@given(RULES, SOME_TOPICS, SOME_MAILINGS)
def test_what_a_rule_asks_for_is_enough_to_know_the_view(rule, topics, received):
    asked = topics if "topics" in rule.needs else ()
    known = tuple(one for one in received if one in rule.mailings)
    assert rule.view(asked, known) == rule.view(topics, received)


@given(RULES)
def test_an_audience_keeps_who_wants_it(rule):
    audience = Audience(list_name="news", wants=rule.wants)
    assert Audience.from_json(audience.to_json()) == audience


@given(st.text(LETTERS, min_size=4, max_size=4), st.sets(st.text(LETTERS, min_size=4, max_size=4)))
def test_the_nearest_view_shows_nothing_unwanted_and_as_much_as_there_is(view, compiled):
    order = OUT + BRIEF + FULL

    def fits(one):
        return all(order.index(has) <= order.index(may) for has, may in zip(one, view, strict=True))

    found = nearest(view, compiled)
    if view in compiled:
        assert found == view
    if found is None:
        assert not any(map(fits, compiled))
    else:
        assert fits(found)
        assert found.count(FULL) == max(one.count(FULL) for one in compiled if fits(one))


def test_where_everybody_sees_all_there_is_no_rule():
    assert rule_of(Issue()) is None
    assert rule_of(Issue(items=(item(1), item(2, mailings=(7,))))) is None
    assert rule_of(Issue(items=(item(1), item(2)), already_mailed=AlreadyMailed.SKIP)) is None


@pytest.mark.parametrize(("said", "had"), [("include", FULL), ("shorten", BRIEF), ("skip", OUT)])
def test_the_rule_of_an_issue_is_what_its_items_and_its_file_say(said, had):
    items = (item(1, topics=("peru",)), item(2, mailings=(7, 9)))
    rule = rule_of(Issue(items=items, already_mailed=AlreadyMailed(said)))
    assert rule.view(("chile",), ()) == OUT + FULL
    assert rule.view((), (9,)) == FULL + had
    assert rule.mailings == (() if said == "include" else (7, 9))
    assert (rule.wants == ()) == (said != "skip")


def test_only_items_that_are_not_for_everybody_narrow_an_audience():
    about = (item(1, topics=("peru",)), item(2, topics=("chile", "peru")))
    assert rule_of(Issue(items=about)).wants == (Want(topics=("chile", "peru")),)
    had = (item(1, topics=("peru",), mailings=(3,)), item(2, mailings=(4,)))
    wants = rule_of(Issue(items=had, already_mailed=AlreadyMailed.SKIP)).wants
    assert wants == (Want(topics=("peru",), without=(3,)), Want(without=(4,)))


def test_a_view_of_an_issue_has_its_items_in_their_order():
    whole = Issue(items=(item(1), item(2), item(3)), waiting=4)
    part = seen(whole, "b-f")
    assert [(one.headline, one.brief) for one in part.items] == [("Headline 1", True), ("Headline 3", False)]
    assert part.waiting == 4


def test_a_brief_item_is_the_same_item():
    (one,) = seen(Issue(items=(item(1, at=datetime(2024, 11, 1, tzinfo=UTC)),)), "b").items
    assert (one.key, one.at) == (item(1).key, datetime(2024, 11, 1, tzinfo=UTC))
