"""What a person types as a time means one instant, in their zone, in both clock changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.schedule import parse_when, resolve
from mailer.errors import UsageError

LONDON = "Europe/London"
SUNDAY = datetime(2026, 11, 22, 1, 5, tzinfo=UTC)
ZONES = [
    LONDON, "America/Lima", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Antarctica/Troll",
    "Africa/Casablanca", "America/St_Johns", "Asia/Kathmandu", "UTC",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-27 09:00", "2026-11-27T09:00Z"),
        ("2026-07-01 09:00", None),
        ("2027-07-01 09:00", "2027-07-01T08:00Z"),
        ("2026-11-27T09:00+01:00", "2026-11-27T08:00Z"),
        ("2026-11-27t09:00z", "2026-11-27T09:00Z"),
        ("2026-11-27 09:00:30", "2026-11-27T09:00:30Z"),
        ("fri 09:00", "2026-11-27T09:00Z"),
        ("Friday at 9:00", "2026-11-27T09:00Z"),
        ("sun 01:06", "2026-11-22T01:06Z"),
        ("sun 01:05", "2026-11-29T01:05Z"),
        ("today 23:59", "2026-11-22T23:59Z"),
        ("tomorrow 00:30", "2026-11-23T00:30Z"),
        ("in 10m", "2026-11-22T01:15Z"),
        ("in 1h 30m", "2026-11-22T02:35Z"),
        ("  IN  2d ", "2026-11-24T01:05Z"),
    ],
)
def test_a_time_as_people_write_it(text, at):
    if at is None:
        with pytest.raises(UsageError, match="has passed"):
            parse_when(text, now=SUNDAY, zone=LONDON)
    else:
        assert parse_when(text, now=SUNDAY, zone=LONDON).at == datetime.fromisoformat(at)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "9", "frisky 09:00", "2026-02-30 09:00", "today 25:00", "in 10", "in m", "27/11/2026 09:00",
     "in 99999999999999w", "2026-11-27", "fri 09:00 2026", "in ١٠m", "2026-11-27 09:00+99:00"],
)  # fmt: skip
def test_what_is_no_time_is_answered_with_examples(text):
    with pytest.raises(UsageError, match="is not a time") as caught:
        parse_when(text, now=SUNDAY, zone=LONDON)
    assert "in 10m" in caught.value.hint


def test_a_time_that_has_passed_is_refused_and_says_what_time_it_is():
    with pytest.raises(UsageError, match=r"Sun 22 Nov 2026 01:05 Europe/London has passed") as caught:
        parse_when("2026-11-22 01:05", now=SUNDAY, zone=LONDON)
    assert "22 Nov 2026 01:05 Europe/London" in caught.value.hint


def test_the_zone_is_echoed():
    assert str(parse_when("fri 09:00", now=SUNDAY, zone="America/Lima")) == "Fri 27 Nov 2026 09:00 America/Lima"
    stated = parse_when("2026-11-27T09:00+01:00", now=SUNDAY, zone="America/Lima")
    assert str(stated) == "Fri 27 Nov 2026 03:00 America/Lima", "in the zone of whoever reads it"


@pytest.mark.parametrize(
    ("zone", "local", "at"),
    [
        (LONDON, "2027-03-28T01:30", "2027-03-28T01:30Z"),  # skipped: forward by the hour, 02:30 on the clock
        (LONDON, "2027-10-31T01:30", "2027-10-31T00:30Z"),  # repeated: the first, still summer time
        ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-03T15:40Z"),  # a gap of half an hour
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T19:00Z"),  # the whole day was skipped
    ],
)
def test_clock_changes(zone, local, at):
    assert resolve(datetime.fromisoformat(local), ZoneInfo(zone)) == datetime.fromisoformat(at)


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31)),  # noqa: DTZ001
)
def test_a_local_time_that_exists_is_shown_again_and_one_that_does_not_moves_forward(zone, local):
    shown = resolve(local, ZoneInfo(zone)).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    before = [(resolve(local, ZoneInfo(zone)) - timedelta(hours=h)).astimezone(ZoneInfo(zone)) for h in (1, 24)]
    assert shown >= local, "never earlier than was said"
    assert shown == local or shown - local <= timedelta(hours=24)
    assert all(earlier.replace(tzinfo=None) != local or shown == local for earlier in before), "the first of two"


@pytest.mark.parametrize("said", ["9999-12-31T23:59", "2099-01-01 09:00", "in 9999w", "9999-12-31T23:59-12:00"])
def test_a_slip_of_the_fingers_is_no_appointment(said):
    with pytest.raises(UsageError):
        parse_when(said, now=SUNDAY, zone=LONDON)
