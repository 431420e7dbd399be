"""What a person types before a campaign goes out: nothing but yes, its name, or the number of people."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from mailer.launch import Plan


@pytest.mark.parametrize(
    ("people", "of_list", "usual", "again", "typed"),
    [
        (10, 100, None, False, None),
        (500, 1000, None, False, None),
        (501, 1000, None, False, "letter"),
        (900, 1000, None, False, "letter"),
        (901, 1000, None, False, "901"),  # nearly the whole list
        (100, 100, None, False, "100"),
        (300, 1000, 100, False, None),
        (301, 1000, 100, False, "301"),  # three times the usual
        (10, 100, None, True, "10"),  # some have had it before
    ],
)
def test_what_is_typed(people, of_list, usual, again, typed):
    when = {"starts_at": datetime(2026, 11, 22, 9, 0, tzinfo=UTC), "rate": None, "ends_at": None}
    plan = Plan(draft=SimpleNamespace(slug="letter"), people=people, of_list=of_list, usual=usual, again=again, **when)
    assert plan.to_type == typed
