"""Hours and quotas: by the clocks of a zone, over both clock changes, and the ramp of a warm-up."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.limits import UNLIMITED, Lane, Limits, Quota, Window, limits_of
from mailer.domain.provider import Provider
from mailer.settings import ProjectSettings, RelaySettings, SendingSettings, Settings

LONDON, LIMA = ZoneInfo("Europe/London"), ZoneInfo("America/Lima")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(opens, closes, zone=LONDON):
    return Window(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes), zone=zone)


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2026-11-22 12:00", "2026-11-22 12:00"),
        ("2026-11-22 07:59:59", "2026-11-22 08:00"),
        ("2026-11-22 20:00", "2026-11-23 08:00"),
        ("2026-07-01 06:59", "2026-07-01 07:00"),  # summer: 08:00 in London
        ("2026-03-28 20:30", "2026-03-29 07:00"),  # over the change in spring
        ("2026-10-24 20:30", "2026-10-25 08:00"),  # and in autumn
    ],
)
def test_outside_the_hours_mail_waits_for_the_next_opening(now, opening):
    assert hours("08:00", "20:00").next_opening(at(now)) == at(opening)


def test_hours_may_go_over_midnight():
    night = hours("22:00", "06:00")
    assert night.next_opening(at("2026-11-22 23:00")) == at("2026-11-22 23:00")
    assert night.next_opening(at("2026-11-22 03:00")) == at("2026-11-22 03:00")
    assert night.next_opening(at("2026-11-22 06:00")) == at("2026-11-22 22:00")


def test_an_opening_that_spring_skips_moves_forward_by_the_gap():
    assert hours("01:30", "05:00").next_opening(at("2026-03-29 00:00")) == at("2026-03-29 01:30")  # 02:30 there


def test_an_hour_that_autumn_repeats_opens_and_closes_at_its_first():
    early = hours("01:15", "01:45")
    assert early.next_opening(at("2026-10-25 00:00")) == at("2026-10-25 00:15")
    assert early.next_opening(at("2026-10-25 01:20")) == at("2026-10-26 01:15")  # the second 01:20 is not in it


@given(
    minute=st.integers(0, 366 * 24 * 60),
    opens=st.times(),
    closes=st.times(),
    zone=st.sampled_from([LONDON, LIMA, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")]),
)
def test_it_always_opens_again_and_is_open_then(minute, opens, closes, zone):
    now = at("2026-01-01 00:00") + timedelta(minutes=minute)
    window = Window(opens=opens, closes=closes, zone=zone)
    opening = window.next_opening(now)
    assert now <= opening <= now + timedelta(days=2, hours=1)
    assert window.next_opening(opening) == opening
    assert opening < window.next_closing(opening) <= opening + timedelta(days=1, hours=1)


def test_a_day_of_the_quota_ends_at_midnight_where_its_zone_is():
    quota = Quota(daily=100, zone=LIMA)
    late = at("2026-11-22 03:30")  # half past ten in the evening of the 21st
    assert quota.day(late) == date(2026, 11, 21)
    assert quota.next_day(late) == at("2026-11-22 05:00")
    london = Quota(daily=100, zone=LONDON)
    assert london.next_day(at("2026-10-24 23:30")) == at("2026-10-26 00:00")  # a day of 25 hours
    assert london.next_day(at("2026-03-29 00:30")) == at("2026-03-29 23:00")  # and one of 23


def test_a_warm_up_grows_from_day_to_day_until_the_quota():
    quota = Quota(daily=500, warm_up=100, growth=1.5, zone=LONDON)
    first = date(2026, 11, 20)
    days = [quota.cap(first + timedelta(days=number), first) for number in range(6)]
    assert days == [100, 150, 225, 337, 500, 500]
    assert quota.cap(first, None) == 100
    assert quota.cap(first - timedelta(days=1), first) == 100  # a clock that was set back
    assert Quota(warm_up=50, growth=10, zone=LONDON).cap(date(2036, 1, 1), first) == 10**12


def test_settings_become_the_limits_of_a_relay():
    settings = Settings(
        project=ProjectSettings(timezone="America/Lima"),
        sending=SendingSettings(rate_per_mailing=3.0, window="08:00-20:00", window_zone="Europe/London"),
    )
    relay = RelaySettings(
        host="smtp.example.org", rate=10.0, provider_rates={"gmail": 2.0, "other": 0.0}, daily_quota=900
    )
    limits = limits_of(settings, relay)
    assert limits == Limits(
        rate=10.0,
        provider_rates={Provider.GMAIL: 2.0},
        mailing_rate=3.0,
        quota=Quota(daily=900, zone=LIMA),
        window=hours("08:00", "20:00"),
    )
    assert limits_of(Settings(), RelaySettings(host="127.0.0.1")) == UNLIMITED


def test_a_lane_is_paid_from_the_buckets_that_bound_it():
    limits = Limits(rate=10.0, provider_rates={Provider.GMAIL: 2.0}, mailing_rate=3.0)
    gmail = Lane(relay=1, provider=Provider.GMAIL, limits=limits)
    assert gmail.rates(17) == {"g:1:1": 2.0, "m:17": 3.0, "r:1": 10.0}
    assert Lane(relay=1, limits=limits).rates(17) == {"m:17": 3.0, "r:1": 10.0}
    assert Lane(relay=1, limits=Limits(rate=10.0), slowed=True).rates(17) == {"g:1:0": 10.0, "r:1": 10.0}
    assert Lane(relay=1, slowed=True).rates(17) == {"g:1:0": 100.0}
    assert not Lane(relay=1).is_limited
