"""A clock, a length of time, hours: read in one place, and what may mean two things is not guessed at."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.recurrence import parse_every
from mailer.domain.schedule import parse_when
from mailer.domain.time_words import clock, hours, length
from mailer.errors import UsageError

SUNDAY = datetime(2026, 11, 22, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("09:00", time(9)), ("9:00", time(9)), ("9am", time(9)), ("9 a.m.", time(9)), ("9.30pm", time(21, 30)),
        ("9:30 pm", time(21, 30)), ("18h", time(18)), ("18h30", time(18, 30)), ("noon", time(12)), ("midday", time(12)),
        ("12:30", time(12, 30)), ("1:00pm", time(13)), ("9:30pm", time(21, 30)), ("00:00", time(0)), ("1pm", time(13)), ("11.59 pm", time(23, 59)),
    ],
)  # fmt: skip
def test_a_clock(text, at):
    assert clock(text) == at
    when = parse_when(f"tomorrow at {text}", now=SUNDAY, zone="Europe/London")
    assert when.local == datetime.combine(datetime(2026, 11, 23), at), "--at takes the same"  # noqa: DTZ001
    for phrase, times in ((f"daily {text}", [at]), (f"{text} and 03:17 every day", sorted([at, time(3, 17)]))):
        assert parse_every(phrase, anchor=SUNDAY).times_of_day() == times, "and so does --every"
    assert parse_when(f"2026-11-24 {text}", now=SUNDAY, zone="Europe/London").local.time() == at


@pytest.mark.parametrize("text", ["12am", "12pm", "12.30 pm", "midnight"])
def test_what_two_people_read_differently_is_refused(text):
    for read in (clock, lambda text: parse_when(f"fri {text}", now=SUNDAY, zone="UTC")):
        with pytest.raises(UsageError, match="to some") as caught:
            read(text)
        assert "noon" in caught.value.hint


@pytest.mark.parametrize("text", ["25:00", "9:60", "13pm", "0am", "24h"])
def test_no_clock_shows_that(text):
    with pytest.raises(ValueError):
        clock(text)
    with pytest.raises(UsageError, match="is not a time"):
        parse_when(f"fri {text}", now=SUNDAY, zone="UTC")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("16h", timedelta(hours=16)), ("1h 30m", timedelta(minutes=90)), ("1h30m", timedelta(minutes=90)),
        ("2 hours", timedelta(hours=2)), ("90 Minutes", timedelta(minutes=90)), ("3 days", timedelta(days=3)), ("2w", timedelta(weeks=2)),
    ],
)  # fmt: skip
def test_a_length_of_time(text, span):
    assert length(text) == span
    assert parse_when(f"in {text}", now=SUNDAY, zone="UTC").at == SUNDAY + span


@pytest.mark.parametrize("text", ["", "soon", "1 month", "h", "1.5h", "-1h", "999999999w"])
def test_no_length_of_time(text):
    with pytest.raises(UsageError) as caught:
        length(text)
    assert "16h" in caught.value.hint


@pytest.mark.parametrize("text", ["08:00-20:00", "8:00 - 20:00", "8am-8pm", "8 am to 8 pm", "8h–20h"])
def test_hours(text):
    assert hours(text) == "08:00-20:00"


def test_hours_may_end_with_the_day():
    assert hours("18:00-24:00") == "18:00-00:00"


@given(st.text(max_size=20) | st.from_regex(r"[0-9:apmh.\- to]{0,14}", fullmatch=True))
def test_anything_else_is_refused_with_a_hint(text):
    for read in (hours, length):
        try:
            read(text)
        except UsageError as error:
            assert error.hint  # noqa: PT017
