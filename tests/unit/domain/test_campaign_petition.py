"""What follows from how many had signed, the goal, the deadline and the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.campaign_petition import Petition

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2024, 11, 22, 9, tzinfo=UTC)


def petition(**changes):
    base = {
        "title": "For the library",
        "statement": "We ask that it stays open.",
        "target": "the Council",
        "sign_url": "https://www.example.org/sign",
        "signed": 1204,
        "goal": 2000,
        "as_of": "2024-11-21",
        "deadline": "2024-12-10",
    }
    return Petition.model_validate({name: value for name, value in (base | changes).items() if value is not None})


def test_the_figures():
    figures = petition().figures(NOW, LONDON)
    shown = (str(figures.signed), str(figures.goal), str(figures.to_go), figures.percent, figures.days_left)
    assert shown == ("1,204", "2,000", "796", 60, 18)
    assert figures.state == "running"


@pytest.mark.parametrize(
    ("now", "signed", "state", "days"),
    [
        ("2024-11-22T09:00:00+00:00", 0, "none_yet", 18),
        ("2024-11-22T09:00:00+00:00", 1, "running", 18),
        ("2024-12-09T23:59:59+00:00", 1204, "running", 1),
        ("2024-12-10T00:00:00+00:00", 1204, "last_day", 0),
        ("2024-12-10T12:00:00+00:00", 0, "last_day", 0),
        ("2024-12-10T12:00:00+00:00", 2000, "reached", 0),
        ("2024-12-11T00:00:00+00:00", 1204, "ended", 0),
        ("2024-12-11T00:00:00+00:00", 0, "ended", 0),
        ("2024-12-11T00:00:00+00:00", 2400, "ended", 0),
        ("2024-11-22T09:00:00+00:00", 1999, "running", 18),
        ("2024-11-22T09:00:00+00:00", 2000, "reached", 18),
        ("2024-11-22T09:00:00+00:00", 2400, "reached", 18),
    ],
)
def test_states(now, signed, state, days):
    figures = petition(signed=signed).figures(datetime.fromisoformat(now), LONDON)
    assert (figures.state, figures.days_left) == (state, days)


def test_without_a_goal_nothing_is_to_go_and_nothing_is_reached():
    figures = petition(goal=None).figures(NOW, LONDON)
    assert (figures.goal, figures.to_go, figures.percent, figures.state) == (None, None, None, "running")


def test_without_a_deadline_it_never_ends():
    figures = petition(deadline=None).figures(NOW + timedelta(days=4000), LONDON)
    assert (figures.deadline, figures.days_left, figures.state) == (None, None, "running")


def test_days_are_those_of_the_campaigns_zone():
    now = datetime(2024, 12, 11, 2, tzinfo=UTC)  # still 10 December in Lima
    assert petition().figures(now, ZoneInfo("America/Lima")).state == "last_day"
    assert petition().figures(now, LONDON).state == "ended"


@given(signed=st.integers(0, 999_999_999), goal=st.integers(1, 999_999_999), days=st.integers(-400, 400))
def test_signed_and_to_go_make_the_goal_until_it_is_reached(signed, goal, days):
    figures = petition(signed=signed, goal=goal).figures(
        datetime(2024, 12, 10, 12, tzinfo=UTC) + timedelta(days), LONDON
    )
    if signed < goal:
        assert figures.signed.number + figures.to_go.number == goal
        assert 0 <= figures.percent < 100
    else:
        assert figures.to_go.number == 0
        assert figures.percent >= 100
    assert figures.days_left == max(-days, 0)


@pytest.mark.parametrize(
    ("statement", "paragraphs"),
    [
        ("One.", ("One.",)),
        ("One\nline on.\n\nTwo.\n", ("One line on.", "Two.")),
        ("\n\nOne.\n \n\t\n\nTwo.\n\n", ("One.", "Two.")),
    ],
)
def test_an_empty_line_ends_a_paragraph_of_the_statement(statement, paragraphs):
    assert petition(statement=statement).paragraphs == paragraphs
