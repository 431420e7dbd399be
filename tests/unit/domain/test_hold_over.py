"""What fits in, and what waits: the newest are always there, and nothing waits for ever."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from digest_issues import item
from mailer.domain.hold_over import chosen

START = datetime(2024, 1, 5, 9, 0, tzinfo=UTC)
WEEK = timedelta(days=7)


def numbers(items):
    return [int(one.headline.split()[1]) for one in items]


def newest_first(*ages):
    """Items so many hours old."""
    return [item(age, at=START - timedelta(hours=age)) for age in sorted(ages)]


def test_what_fits_is_all_there():
    found = newest_first(1, 2, 300)
    assert chosen(found, 3, last_at=START - WEEK) == tuple(found)
    assert chosen([], 3, last_at=None) == ()


def test_the_first_issue_holds_the_newest():
    assert numbers(chosen(newest_first(1, 2, 3, 4), 2, last_at=None)) == [1, 2]


def test_what_waited_has_half_of_the_places_the_oldest_before_all_and_stands_last():
    found = newest_first(1, 2, 3, 4, 200, 210, 220, 230)
    assert numbers(chosen(found, 4, last_at=START - WEEK)) == [1, 2, 220, 230]
    assert numbers(chosen(found, 5, last_at=START - WEEK)) == [1, 2, 210, 220, 230]


def test_what_waited_takes_the_places_that_nothing_newer_needs():
    assert numbers(chosen(newest_first(1, 200, 210, 220), 3, last_at=START - WEEK)) == [1, 210, 220]
    assert numbers(chosen(newest_first(200, 210), 1, last_at=START - WEEK)) == [210]


@given(st.integers(1, 6), st.lists(st.integers(0, 12), min_size=1, max_size=12), st.data())
def test_week_after_week_each_item_comes_once_the_newest_at_once_and_the_oldest_in_the_end(most, arrivals, data):
    waiting, came, seen, last_at = [], [], 0, None
    for week, arrive in enumerate([*arrivals, *[0] * sum(arrivals)]):
        now = START + week * WEEK
        hours = (
            data.draw(st.lists(st.integers(1, 167), min_size=arrive, max_size=arrive, unique=True)) if arrive else []
        )
        new = [item(seen + number, at=now - timedelta(hours=hour)) for number, hour in enumerate(hours)]
        seen += arrive
        found = sorted([*waiting, *new], key=lambda one: one.at, reverse=True)
        issue = chosen(found, most, last_at=last_at)
        assert len(issue) == min(most, len(found))
        assert list(issue) == [one for one in found if one in issue], "in their order"
        if waiting:
            assert min(waiting, key=lambda one: one.at) in issue, "what waited longest comes next"
        if new and most > 1:
            assert max(new, key=lambda one: one.at) in issue, "and so does the newest"
        waiting, last_at = [one for one in found if one not in issue], now if issue else last_at
        came += issue
    assert waiting == []
    assert sorted(numbers(came)) == list(range(seen))
