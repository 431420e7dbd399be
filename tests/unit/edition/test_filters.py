from datetime import UTC, date, datetime

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.filters import filters, is_blank
from mailer.edition.format import FILTERS

ENGLISH, GERMAN, UNKNOWN = filters("en"), filters("de-AT"), filters("eo")
JINJA = jinja2.Environment()


def jinja(name, *arguments):
    return JINJA.call_filter(name, *(arguments[:1]), args=list(arguments[1:]))


def test_every_filter_of_the_format_is_there():
    assert ENGLISH.keys() == FILTERS


@given(st.sampled_from(["upper", "lower", "title", "capitalize", "trim", "first", "last", "length", "int"]), st.text())
def test_filters_of_text_are_jinjas(name, text):
    theirs = jinja(name, text)
    assert ENGLISH[name](text) == (None if isinstance(theirs, jinja2.Undefined) else theirs)


@given(st.text(max_size=60), st.integers(3, 30), st.booleans())
def test_truncate_is_jinjas(text, length, killwords):
    assert ENGLISH["truncate"](text, length, killwords) == jinja("truncate", text, length, killwords)


@given(
    st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9)),
    st.integers(-3, 6),
    st.sampled_from(["common", "ceil", "floor"]),
)
def test_round_is_jinjas(number, precision, method):
    assert ENGLISH["round"](number, precision, method) == jinja("round", number, precision, method)


@given(
    st.one_of(
        st.text(max_size=8), st.integers(), st.floats(), st.none(), st.sampled_from(["3.7", " 42 ", "1e400", "-0"])
    )
)
def test_int_is_jinjas_and_never_fails(value):
    ours = ENGLISH["int"](value)
    try:
        assert ours == jinja("int", value)
    except OverflowError:  # Jinja lets infinity through
        assert ours == 0


@pytest.mark.parametrize(
    ("value", "decimals", "english", "german"),
    [
        (87412, None, "87,412", "87.412"),
        (1234.5, None, "1,234.50", "1.234,50"),
        (1234.0, None, "1,234", "1.234"),
        (7, 2, "7.00", "7,00"),
        (-1234567, None, "-1,234,567", "-1.234.567"),
        ("1200", None, "1,200", "1.200"),
        ("12.5", 1, "12.5", "12,5"),
        (0, None, "0", "0"),
        (None, None, None, None),
        ("  ", None, None, None),
    ],
)
def test_numbers(value, decimals, english, german):
    assert ENGLISH["number"](value, decimals) == english
    assert GERMAN["number"](value, decimals) == german


@pytest.mark.parametrize("value", ["many", True, float("nan"), float("inf"), "inf", (1,), "1,200"])
def test_what_is_no_number_is_not_printed_as_one(value):
    with pytest.raises((TypeError, ValueError)):
        ENGLISH["number"](value)


@pytest.mark.parametrize(
    "value",
    ["2024-11-30", " 2024-11-30 ", "2024-11-30T23:30:00-05:00", date(2024, 11, 30), datetime(2024, 11, 30, tzinfo=UTC)],
)
def test_dates(value):
    assert ENGLISH["date"](value) == "30 November 2024"
    assert GERMAN["date"](value) == "30. November 2024"
    assert filters("es")["date"](value) == "30 de noviembre de 2024"
    assert filters("pt_BR")["date"](value) == "30 de novembro de 2024"
    assert UNKNOWN["date"](value) == "2024-11-30"


def test_nobodys_date_is_nothing():
    assert ENGLISH["date"](None) is None
    assert ENGLISH["date"]("") is None


@pytest.mark.parametrize("value", ["soon", 20241130, "2024-13-01"])
def test_what_is_no_date_is_not_printed_as_one(value):
    with pytest.raises((TypeError, ValueError)):
        ENGLISH["date"](value)


@pytest.mark.parametrize("value", [None, "", " ", "\t\n", "\u00a0", "\u200b\u200d \u2060", "\x00\x1b", (), [], {}])
def test_what_a_reader_would_not_see_is_blank(value):
    assert is_blank(value)


@pytest.mark.parametrize("value", [0, 0.0, False, "0", ".", " x", "\u200bx", "👩", (None,)])
def test_what_a_reader_would_see_is_not(value):
    assert not is_blank(value)
