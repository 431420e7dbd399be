"""How many see how much of a digest, in words and as a document."""

import pytest

from mailer.cli.view_words import views_document
from mailer.domain.view_words import views_line


@pytest.mark.parametrize(
    ("views", "words"),
    [
        ({}, ""),
        ({"fff": 12}, ""),
        ({"ff-": 1}, "1: 1 person sees 2 of 3 items"),
        ({"bb": 3, "f": 1}, "2: 3 people see all 2 items (2 in brief), 1 sees 1 of 1 item"),
        ({"fffffff": 5210, "f-f---f": 840, "b-f----": 1}, "3: 5,210 people see all 7 items, 840 see 3 of 7 items, 1 sees 2 of 7 items (1 in brief)"),
        ({"f--": 2, "-f-": 2, "--f": 1, "fff": 3}, "4: 5 people see 1 of 3 items, 3 see all 3 items"),
        ({"fffff": 9, "ffff-": 8, "fff--": 7, "ff---": 6, "f----": 5, "b----": 4}, "6: 9 people see all 5 items, 8 see 4 of 5 items, 7 see 3 of 5 items, 6 see 2 of 5 items, 9 others"),
    ],
)  # fmt: skip
def test_the_line(views, words):
    assert views_line(views) == words


def test_the_document_has_each_view_that_of_the_most_people_first():
    assert views_document({"ff": 3}) == []
    assert views_document({"-f": 2, "fb": 5, "f-": 2}) == [
        {"items": 2, "brief": 1, "people": 5},
        {"items": 1, "brief": 0, "people": 2},
        {"items": 1, "brief": 0, "people": 2},
    ]
