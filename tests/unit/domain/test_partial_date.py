"""Dates of which only as much is said as is known."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.partial_date import PartialDate, parse_partial_date


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-01-27", date(2024, 1, 27), date(2024, 1, 27)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023-12", date(2023, 12, 1), date(2023, 12, 31)),
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        (" 0999 ", date(999, 1, 1), date(999, 12, 31)),
    ],
)
def test_what_it_may_mean(text, first, last):
    parsed = parse_partial_date(text)
    assert (parsed.first_day, parsed.last_day) == (first, last)
    assert str(parsed) == text.strip()


@pytest.mark.parametrize(
    "text", ["", "24", "20240127", "2024-1-27", "2024-13", "2024-00", "2024-02-30", "0000", "January 2024", "2024-01-27T09:00", "2024-", "2024-01-00", "٢٠٢٤"]
)  # fmt: skip
def test_what_is_no_date(text):
    assert parse_partial_date(text) is None


@given(st.dates(), st.sampled_from([4, 7, 10]))
def test_every_date_at_every_precision_survives_the_way_through_its_text(day, length):
    text = day.isoformat()[:length]
    parsed = parse_partial_date(text)
    assert str(parsed) == text
    assert parsed.first_day <= day <= parsed.last_day


@given(st.text(max_size=12))
def test_no_text_makes_it_fail(text):
    parsed = parse_partial_date(text)
    assert parsed is None or parsed.last_day - parsed.first_day < timedelta(days=366)


def test_it_can_be_compared():
    assert parse_partial_date("2024") == PartialDate(year=2024)
    assert parse_partial_date("2024-01") != PartialDate(year=2024)
