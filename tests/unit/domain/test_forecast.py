"""When a mailing will have left, under all limits together."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.forecast import HORIZON, Carrying, ends_at
from mailer.domain.limits import UNLIMITED, Limits, Quota, Window
from mailer.domain.provider import Provider

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
HOURS = Window(opens=time(8), closes=time(20), zone=LONDON)
OTHER, GMAIL = Provider.OTHER, Provider.GMAIL


def end(people, *relays, starts_at=NOON):
    groups = people if isinstance(people, dict) else {OTHER: people}
    made = [one if isinstance(one, Carrying) else Carrying(limits=one) for one in relays]
    return ends_at(groups, made, starts_at=starts_at)


def lasts(people, *relays):
    return end(people, *relays) - NOON


def test_a_rate_alone_is_a_division():
    assert lasts(3600, Limits(rate=5.0)) == timedelta(minutes=12)
    assert lasts(3600, Limits(rate=5.0), Limits(rate=15.0)) == timedelta(minutes=3)
    assert lasts(3600, Limits(rate=5.0, mailing_rate=2.0)) == timedelta(minutes=30)


def test_without_limits_there_is_nothing_to_say():
    assert end(3600, UNLIMITED) is None
    assert end(3600, Limits(rate=5.0), UNLIMITED) is None
    assert end(3600) is None
    assert end(0, Limits(rate=5.0)) == NOON


def test_shares_that_are_kept_wait_for_the_slowest():
    relays = [Carrying(limits=Limits(rate=5.0), weight=1), Carrying(limits=Limits(rate=50.0), weight=3)]
    assert lasts(3600, *relays) == timedelta(minutes=3)


def test_a_group_with_a_rate_of_its_own_may_be_the_last():
    limits = Limits(rate=10.0, provider_rates={GMAIL: 1.0})
    assert lasts({GMAIL: 600, OTHER: 900}, limits) == timedelta(minutes=10)
    assert lasts({GMAIL: 60, OTHER: 5400 + 540}, limits) == timedelta(minutes=10)


def test_hours_cut_the_mail_in_pieces():
    assert end(8 * 3600 + 60, Limits(rate=1.0, window=HOURS)) == datetime(2026, 11, 23, 8, 1, tzinfo=UTC)
    night = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
    assert end(60, Limits(window=HOURS), starts_at=night) == datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC)


def test_a_quota_is_used_day_by_day_beginning_with_what_is_left_of_today():
    limits = Limits(rate=10.0, quota=Quota(daily=1000, zone=LONDON))
    assert end(2100, Carrying(limits=limits, used=900)) == datetime(2026, 11, 24, 0, 1, 40, tzinfo=UTC)


def test_a_warm_up_grows_and_hours_and_rates_still_hold():
    limits = Limits(rate=1.0, quota=Quota(daily=5000, warm_up=100, growth=2.0, zone=LONDON), window=HOURS)
    assert end(700, limits) == datetime(2026, 11, 24, 8, 6, 40, tzinfo=UTC)  # 100 + 200 + 400
    begun = Carrying(limits=limits, first_day=date(2026, 11, 20))
    assert end(700, begun) == datetime(2026, 11, 23, 8, 5, tzinfo=UTC)  # 400 of today + 300


def test_when_one_relay_has_used_its_quota_the_other_goes_on():
    small = Limits(rate=10.0, quota=Quota(daily=600, zone=LONDON))
    assert lasts(1800, small, Limits(rate=10.0)) == timedelta(minutes=2)


def test_what_would_never_end_ends_at_the_horizon():
    assert lasts(10_000_000, Limits(quota=Quota(daily=1, zone=LONDON))) == HORIZON


@given(
    people=st.dictionaries(st.sampled_from(Provider), st.integers(0, 50_000), min_size=1),
    rate=st.sampled_from([0.0, 0.5, 5.0, 80.0]),
    gmail=st.sampled_from([0.0, 0.2, 3.0]),
    daily=st.sampled_from([0, 500, 20_000]),
    window=st.sampled_from([None, HOURS, Window(opens=time(22), closes=time(6), zone=LONDON)]),
    start=st.integers(0, 366 * 24 * 60),
)
def test_more_people_or_tighter_limits_never_end_earlier(people, rate, gmail, daily, window, start):
    starts_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start)
    limits = Limits(
        rate=rate,
        provider_rates={GMAIL: gmail} if gmail else {},
        quota=Quota(daily=daily, zone=LONDON) if daily else None,
        window=window,
    )
    ended = end(people, limits, starts_at=starts_at)
    if ended is None:
        return
    assert ended >= starts_at
    if rate:
        assert ended >= min(starts_at + timedelta(seconds=sum(people.values()) / rate), starts_at + HORIZON)
    more = {group: number + 100 for group, number in people.items()}
    assert end(more, limits, starts_at=starts_at) >= ended


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_the_days_of_the_clock_changes_have_their_quota_too(day):
    limits = Limits(quota=Quota(daily=100, zone=LONDON))
    before = datetime.combine(day - timedelta(days=1), time(12), UTC)
    ended = end(250, limits, starts_at=before)
    midnight = datetime.combine(day + timedelta(days=1), time(), LONDON).astimezone(UTC)
    assert midnight <= ended <= midnight + timedelta(seconds=1)
