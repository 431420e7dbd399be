"""docs/people.md cannot fall behind the code."""

import re
from pathlib import Path

import pytest

from mailer.domain.segment_terms import _ALIASES, KEYS, OPERATORS
from mailer.sources.columns import FIELDS

PAGE = (Path(__file__).parents[3] / "docs" / "people.md").read_text(encoding="utf-8")
FIRST_CELLS = {
    name for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)
}


@pytest.mark.parametrize("name", [*KEYS, *OPERATORS, "attr.NAME"])
def test_every_key_and_operator_has_a_row(name):
    assert name in FIRST_CELLS


@pytest.mark.parametrize("name", sorted({*FIELDS, *_ALIASES} - {"=="}))
def test_every_column_and_every_other_spelling_is_named(name):
    assert f"`{name}`" in PAGE
