"""The arithmetic of a rate, exactly: never more than is allowed over any span, and next to nothing wasted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.gcra import ONE_EVENT, SECOND, SLOWEST, TOLERANCE, Bucket

NOON = 1_795_000_000 * SECOND
MINUTE = 60 * SECOND
rates = st.sampled_from([1 / 60, 0.5, 1.0, 5.0, 14.0, 37.0, 100.0, 1000.0])


def taken(bucket, rate, now, wanted):
    """(number, bucket after it)"""
    number = min(wanted, bucket.room(rate, now))
    return number, bucket.spent(number, rate, now)


@given(rate=rates, steps=st.lists(st.tuples(st.integers(0, 2 * SECOND), st.integers(0, 400)), min_size=1, max_size=60))
def test_over_any_span_no_more_leaves_than_the_rate_and_a_small_burst(rate, steps):
    bucket, now, leased = Bucket(), NOON, []
    for pause, wanted in steps:
        now += pause
        number, bucket = taken(bucket, rate, now, wanted)
        leased.append((now, number))
    for first in range(len(leased)):
        total = 0
        for at, number in leased[first:]:
            total += number
            seconds = (at - leased[first][0] + TOLERANCE) / SECOND
            assert total <= rate * seconds * (1 + 1e-4) + 1 + 1e-9


@given(rate=rates, late=st.lists(st.integers(0, TOLERANCE // 2), min_size=400, max_size=400))
def test_whoever_asks_when_told_uses_the_whole_rate_even_if_a_little_late(rate, late):
    bucket, now, end, leased = Bucket(), NOON, NOON + 60 * SECOND, 0
    lateness = iter(late * 3)
    while now <= end:
        number, bucket = taken(bucket, rate, now, 500)
        leased += number
        now = max(now + 1, bucket.ready_at(rate, now)) + next(lateness)
    assert leased >= 0.98 * rate * 60 - 1


def test_small_groups_go_often_enough_to_be_no_burst_and_seldom_enough_to_be_cheap():
    bucket, now, groups = Bucket(), NOON, []
    while now < NOON + 10 * SECOND:
        number, bucket = taken(bucket, 100.0, now, 500)
        groups.append(number)
        now = bucket.ready_at(100.0, now)
    assert max(groups[1:]) <= 14
    assert len(groups) <= 85


def test_nothing_is_saved_up_for_longer_than_the_tolerance():
    assert Bucket(tat=NOON - 3600 * SECOND).room(100.0, NOON) == 26


def test_a_clock_that_was_set_back_does_not_hold_up_the_mail():
    _, drained = taken(Bucket(), 10.0, NOON, 500)
    before = NOON - 3600 * SECOND
    number, again = taken(drained, 10.0, before, 500)
    assert number == 3
    assert again.room(10.0, before) == 0
    assert again.ready_at(10.0, before) <= before + SECOND // 4


def test_a_rate_that_was_raised_counts_within_a_minute():
    _, drained = taken(Bucket(), 1 / 60, NOON, 500)
    assert drained.ready_at(50.0, NOON) <= NOON + MINUTE
    _, slower = taken(Bucket(), 1 / 3600, NOON, 500)
    assert slower.room(50.0, NOON) > 0


def test_one_reason_to_slow_down_halves_the_rate_once():
    slowed = Bucket().slowed(NOON)
    assert slowed.share(NOON) == 0.5
    assert slowed.slowed(NOON + ONE_EVENT - 1) == slowed
    assert slowed.slowed(NOON + ONE_EVENT).share(NOON + ONE_EVENT) == 0.25


def test_a_clean_minute_gives_back_a_tenth_until_all_is_back():
    slowed = Bucket().slowed(NOON)
    assert [round(slowed.share(NOON + minutes * MINUTE), 2) for minutes in range(7)] == [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1]
    assert slowed.share(NOON + MINUTE - 1) == 0.5
    assert slowed.spent(1, 10.0, NOON + 6 * MINUTE).slow == 1


def test_a_minute_that_was_not_clean_begins_anew():
    slowed = Bucket().slowed(NOON).slowed(NOON + 90 * SECOND)
    assert slowed.share(NOON + 90 * SECOND) == pytest.approx(0.3)
    assert slowed.share(NOON + 120 * SECOND) == pytest.approx(0.3)
    assert slowed.share(NOON + 150 * SECOND) == pytest.approx(0.4)


def test_nothing_goes_slower_than_one_a_minute_unless_it_was_slower_before():
    bucket, now = Bucket(), NOON
    for _ in range(40):
        bucket, now = bucket.slowed(now), now + ONE_EVENT
    assert bucket.interval(10.0, now) == MINUTE
    assert bucket.interval(SLOWEST / 2, now) == 2 * MINUTE
