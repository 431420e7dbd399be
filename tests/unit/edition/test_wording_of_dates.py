"""How a date prints of which only the month or the year is known, by language."""

import pytest

from mailer.domain.partial_date import parse_partial_date
from mailer.edition.filters import filters


@pytest.mark.parametrize(
    ("language", "day", "month"),
    [
        ("en", "27 January 2024", "January 2024"),
        ("es", "27 de enero de 2024", "enero de 2024"),
        ("pt-BR", "27 de janeiro de 2024", "janeiro de 2024"),
        ("de", "27. Januar 2024", "Januar 2024"),
        ("fr", "27 janvier 2024", "janvier 2024"),
        ("eo", "2024-01-27", "2024-01"),
    ],
)
def test_no_more_is_printed_than_is_known(language, day, month):
    to_text = filters(language)["date"]
    assert to_text(parse_partial_date("2024-01-27")) == day
    assert to_text(parse_partial_date("2024-01")) == month
    assert to_text(parse_partial_date("2024")) == "2024"
