"""Ledgers of gifts as treasurers and banks write them: summed exactly, or refused by line, and nobody's name repeated."""

from datetime import date
from decimal import Decimal

import pytest

from mailer.errors import InputProblems
from mailer.sources.gifts import sum_of_gifts


@pytest.fixture
def total(tmp_path):
    def add_up(content, **options):
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "gifts.csv").write_bytes(data)
        return sum_of_gifts(tmp_path, "gifts.csv", **options).total

    return add_up


@pytest.fixture
def refused(total):
    def look(content, **options):
        with pytest.raises(InputProblems) as caught:
            total(content, **options)
        return [(problem.line, problem.message) for problem in caught.value.problems]

    return look


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("20", "20"),
        ("12.50", "12.50"),
        ("12.5", "12.5"),
        ('"1,250.00"', "1250.00"),
        ('"1,234,567"', "1234567"),
        ("£20", "20"),
        ("£ 20.10", "20.10"),
        ("20 GBP", "20"),
        ("GBP 20", "20"),
        ("-5", "-5"),
        ("-£5", "-5"),
        ("£-5", "-5"),
        ("0", "0"),
    ],
)
def test_amounts_as_they_are_written(total, cell, amount):
    assert total(f"date,amount\n2024-11-01,1000\n2024-11-02,{cell}\n") == 1000 + Decimal(amount)


@pytest.mark.parametrize(
    "cell", ["", "x", "NaN", "Infinity", "1e5", '"12,50"', '"1,25.00"', "--5", "£5 GBP", "12.345", "(5)"]
)
def test_what_is_no_amount_is_refused_by_its_line(refused, cell):
    assert refused(f"date,amount\n2024-11-01,10\n2024-11-02,{cell}\n") == [
        (3, "the amount of this gift cannot be read")
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_delimiter_encoding_and_line_end(total, delimiter, encoding, end):
    rows = (("Who", "Date", "Amount"), ("Zoë Sample", "2024-11-01", "£7.50"), ("", "", ""), ("B", "2024-11-02", "2"))
    assert total(end.join(delimiter.join(row) for row in rows).encode(encoding)) == Decimal("9.50")


def test_gifts_after_the_day_of_the_count_wait_for_the_next(total):
    ledger = "date,amount\n2024-11-21,10\n2024-11-22,5\n2024-11-23,100\n2034-01-01,1000\n"
    assert total(ledger, until=date(2024, 11, 22)) == 15
    assert total(ledger) == 1115


def test_a_ledger_without_gifts_is_nothing(total):
    assert total("date,amount\n") == 0


def test_gifts_in_another_currency_are_not_added_up(refused, total):
    ledger = "date,amount,currency\n2024-11-01,10,GBP\n2024-11-02,10,EUR\n2024-11-03,€3,\n2024-11-04,4,\n"
    assert refused(ledger) == [(3, "this gift is in another currency"), (4, "this gift is in another currency")]
    assert total("date,amount\n2024-11-03,€3\n", currency="EUR") == 3


def test_more_given_back_than_given_is_refused(refused):
    assert refused("date,amount\n2024-11-01,10\n2024-11-02,-20\n") == [(None, "more was given back than given")]


def test_a_quotation_mark_that_is_not_closed_has_its_line(refused):
    ((line, message),) = refused('date,amount\n2024-11-01,"10\n2024-11-02,5\n')
    assert (line, "quotation mark" in message) == (2, True)


def test_a_short_row_is_refused_by_its_line(refused):
    assert refused("who,date,amount\nx,2024-11-01,5\ny,2024-11-02\n") == [(3, "the amount of this gift cannot be read")]


def test_nobodys_name_is_repeated(tmp_path):
    (tmp_path / "gifts.csv").write_text("date,amount\nRobin Sample,Robin Sample\n2024-11-01,Robin Sample\n")
    with pytest.raises(InputProblems) as caught:
        sum_of_gifts(tmp_path, "gifts.csv")
    assert "Robin" not in str([str(problem) for problem in caught.value.problems])


def test_no_more_than_twenty_problems_are_told(refused):
    assert len(refused("date,amount\n" + "x,1\n" * 100)) == 20
