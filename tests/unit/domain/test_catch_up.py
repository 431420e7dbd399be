"""Judging what was missed: the right ones, only in hours in which people expect mail, and never a surprise."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.catch_up import ON_TIME, CatchUp, judge
from mailer.domain.limits import window_of
from mailer.domain.recurrence import Occurrence

HOLD_AFTER = timedelta(hours=6)
ZONES = ["UTC", "Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham"]
HOURS = ["08:00-20:00", "22:00-02:00", "09:30-09:45", "00:00-00:00"]
instants = st.integers(0, 12 * 365 * 24 * 3600).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
windows = st.builds(window_of, st.sampled_from(HOURS), st.sampled_from(ZONES).map(ZoneInfo))
ANY_HOUR = window_of("00:00-00:00", ZoneInfo("UTC"))
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def one(at):
    return Occurrence(at=at, key=at.isoformat())


@st.composite
def downtimes(draw):
    """(now, what has come due since the last look, oldest first)"""
    now, number = draw(instants), draw(st.integers(0, 12))
    period = timedelta(minutes=draw(st.integers(5, 60 * 24 * 8)))
    since = timedelta(seconds=draw(st.integers(0, int(period.total_seconds()) - 1)))
    return now, [one(now - since - period * back) for back in reversed(range(number))]


@given(downtimes(), st.sampled_from(CatchUp), windows)
def test_nothing_goes_out_too_late_or_outside_the_hours(downtime, catch_up, window):
    now, due = downtime
    found = judge(due, now=now, catch_up=catch_up, window=window, hold_after=HOLD_AFTER)
    if found.chosen is None or found.too_late:
        return
    goes_at = found.not_before or now
    if now - found.chosen.at > ON_TIME:
        assert window.next_opening(goes_at) == goes_at
        assert goes_at - found.chosen.at <= HOLD_AFTER


@given(downtimes(), st.sampled_from(CatchUp), windows)
def test_each_is_passed_over_chosen_or_still_to_come(downtime, catch_up, window):
    now, due = downtime
    found = judge(due, now=now, catch_up=catch_up, window=window, hold_after=HOLD_AFTER)
    if not due:
        assert (found.chosen, found.passed_over) == (None, ())
        return
    dealt_with = [*found.passed_over, *([found.chosen] if found.chosen else [])]
    assert dealt_with == due[: len(dealt_with)], "in their order, and none before its turn"
    if catch_up is not CatchUp.ALL:
        assert dealt_with == due


@given(downtimes())
def test_of_a_downtime_of_so_many_periods_latest_makes_up_for_one_skip_for_none_all_for_all(downtime):
    now, due = downtime
    # Whatever came within the last minutes is in time; what goes before is not made up for with `skip`.
    missed = [each for each in due if now - each.at > ON_TIME]
    assert made_up_for(missed, now, CatchUp.LATEST) == missed[-1:]
    assert made_up_for(missed, now, CatchUp.SKIP) == []
    assert made_up_for(missed, now, CatchUp.ALL) == missed


def made_up_for(due, now, catch_up):
    """What goes out when one after the other is dealt with, however late."""
    gone = []
    while due:
        found = judge(due, now=now, catch_up=catch_up, window=ANY_HOUR, hold_after=timedelta(days=3650))
        dealt_with = len(found.passed_over) + (found.chosen is not None)
        assert dealt_with
        gone += [found.chosen] if found.chosen else []
        due = due[dealt_with:]
    return gone


@pytest.mark.parametrize(
    ("late", "goes"),
    [
        (timedelta(0), "now"),
        (ON_TIME, "now"),
        (timedelta(minutes=11), "now"),
        (HOLD_AFTER, "now"),
        (HOLD_AFTER + timedelta(seconds=1), "held"),
    ],
)
def test_by_day(late, goes):
    window = window_of("08:00-20:00", ZoneInfo("UTC"))
    found = judge([one(NOON - late)], now=NOON, catch_up=CatchUp.LATEST, window=window, hold_after=HOLD_AFTER)
    assert (found.too_late, found.not_before) == (goes == "held", None)


def test_by_night_it_is_held_at_once_if_the_morning_would_be_too_late():
    window, night = window_of("08:00-20:00", ZoneInfo("UTC")), datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    evening = one(night - timedelta(hours=3))
    found = judge([evening], now=night, catch_up=CatchUp.LATEST, window=window, hold_after=HOLD_AFTER)
    assert (found.chosen, found.too_late, found.not_before) == (evening, True, None)
    early = one(night + timedelta(hours=3))
    morning = night + timedelta(hours=4)
    found = judge([early], now=morning, catch_up=CatchUp.LATEST, window=window, hold_after=HOLD_AFTER)
    assert (found.too_late, found.not_before) == (False, night + timedelta(hours=7))


def test_with_all_the_last_of_those_that_are_too_late_stands_for_them():
    due = [one(NOON - timedelta(hours=hours)) for hours in (30, 20, 10)]
    found = judge(due, now=NOON, catch_up=CatchUp.ALL, window=ANY_HOUR, hold_after=HOLD_AFTER)
    assert (found.passed_over, found.chosen, found.too_late) == (tuple(due[:2]), due[2], True)
    found = judge([*due, one(NOON)], now=NOON, catch_up=CatchUp.ALL, window=ANY_HOUR, hold_after=HOLD_AFTER)
    assert (found.passed_over, found.chosen, found.too_late) == (tuple(due), one(NOON), False)
