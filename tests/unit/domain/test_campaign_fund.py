"""Figures that follow from what an author wrote and the clock."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.campaign_fund import Fund
from mailer.domain.money import Money

LONDON = ZoneInfo("Europe/London")


def fund(**changes):
    base = {
        "name": "Fighting fund",
        "target": 18000,
        "raised": 11791,
        "as_of": "2024-11-22",
        "deadline": "2024-11-30",
        "donate_url": "https://www.example.org/give",
    }
    return Fund.model_validate(base | changes)


def test_the_figures_of_the_seed():
    figures = fund().figures(datetime(2024, 11, 22, 9, tzinfo=UTC), LONDON)
    shown = (
        str(figures.raised),
        str(figures.needed),
        str(figures.target),
        figures.percent,
        figures.days_left,
        figures.state,
    )
    assert shown == ("£11,791", "£6,209", "£18,000", 65, 8, "running")


@pytest.mark.parametrize(
    ("now", "raised", "state", "days"),
    [
        ("2024-11-29T23:59:59+00:00", 11791, "running", 1),
        ("2024-11-30T00:00:00+00:00", 11791, "last_day", 0),
        ("2024-11-30T23:59:59+00:00", 11791, "last_day", 0),
        ("2024-12-01T00:00:00+00:00", 11791, "ended", 0),
        ("2024-11-22T09:00:00+00:00", 18000, "reached", 8),
        ("2024-12-01T00:00:00+00:00", 20000, "ended", 0),
    ],
)
def test_states(now, raised, state, days):
    figures = fund(raised=raised).figures(datetime.fromisoformat(now), LONDON)
    assert (figures.state, figures.days_left) == (state, days)


def test_days_are_those_of_the_campaigns_zone():
    now = datetime(2024, 12, 1, 2, tzinfo=UTC)  # still 30 November in Lima
    assert fund().figures(now, ZoneInfo("America/Lima")).state == "last_day"
    assert fund().figures(now, LONDON).state == "ended"


@given(
    raised=st.decimals(0, 10**9, places=2),
    target=st.decimals("0.01", 10**9, places=2),
    days=st.integers(-400, 400),
)
def test_raised_and_needed_make_the_target_until_it_is_passed(raised, target, days):
    now = datetime(2024, 11, 30, 12, tzinfo=UTC) + timedelta(days=days)
    figures = fund(raised=str(raised), target=str(target)).figures(now, LONDON)
    if raised < target:
        assert figures.raised.amount + figures.needed.amount == figures.target.amount
        assert figures.percent < 100
    else:
        assert figures.needed.amount == 0
        assert figures.percent >= 100
    assert figures.days_left == max(-days, 0)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("11791", "GBP", "£11,791"),
        ("212.25", "GBP", "£212.25"),
        ("5.5", "EUR", "€5.50"),
        ("1200", "PEN", "PEN 1,200"),
        ("-3", "USD", "−$3"),
        ("0", "GBP", "£0"),
    ],
)
def test_money_prints_as_people_write_it(amount, currency, shown):
    assert str(Money(Decimal(amount), currency)) == shown
