"""What an approval binds, and what it leaves open."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailer.domain.approval import Approval, audience_hash, drifts, is_required
from mailer.domain.audience import Audience, Want

EVERYONE = Audience(list_name="news")
GIVEN = Approval(
    slug="letter",
    sources="ab",
    audience=audience_hash(EVERYONE),
    people=1000,
    approved_by="Ana",
    at=datetime(2026, 11, 22, 9, tzinfo=UTC),
)


def test_it_fits_what_it_was_given_for():
    assert GIVEN.misfit("ab", EVERYONE, 1000) == ""
    assert GIVEN.misfit("ab", EVERYONE, None) == ""
    assert GIVEN.words == "by Ana on 22 November 2026"


@pytest.mark.parametrize(
    ("sources", "audience", "people", "why"),
    [
        ("cd", EVERYONE, 1000, "its file, or what it uses, has changed since"),
        (None, EVERYONE, 1000, "its file, or what it uses, has changed since"),
        ("ab", Audience(list_name="events"), 1000, "it was for other people than everyone on events"),
        ("ab", replace(EVERYONE, limit=5), 1000, "it was for other people than everyone on news"),
        ("ab", EVERYONE, 1021, "it was for 1,000 people, and there are 1,021 now"),
    ],
)
def test_it_fits_nothing_else(sources, audience, people, why):
    assert GIVEN.misfit(sources, audience, people) == why


def test_the_rest_of_an_audience_and_those_who_see_an_item_are_part_of_it():
    assert GIVEN.misfit("ab", replace(EVERYONE, without=(3,)), None) == ""
    assert GIVEN.misfit("ab", replace(EVERYONE, wants=(Want(topics=("peru",)),)), 1000) == ""


@pytest.mark.parametrize(
    ("people", "expected", "too_far"),
    [
        (98, 100, False),
        (97, 100, True),
        (102, 100, False),
        (103, 100, True),
        (0, 0, False),
        (1, 0, True),
        (11, 10, True),
    ],
)
def test_two_in_a_hundred(people, expected, too_far):
    assert drifts(people, expected) is too_far


@pytest.mark.parametrize(
    ("setting", "people", "must"),
    [("off", 10**6, False), ("over-500", 500, False), ("over-500", 501, True), ("always", 1, True)],
)
def test_whether_somebody_must(setting, people, must):
    assert is_required(setting, people) is must
