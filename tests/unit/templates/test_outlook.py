"""What Outlook for Windows is given of every example campaign, and how large the mail is."""

import quopri
import re

import pytest
from lxml import html as lxml_html

from example_mail import EXAMPLES, example_mail
from outlook import badly_marked, badly_nested, conditions, for_others, for_outlook

#: CSS pixels of the letter (templates/base.mjml).
LETTER = 600
#: Encoded bytes of the HTML part: Gmail shows 102,400 of them and hides the rest, the way out too. The rest is for long names.
ROOM = 90_000


@pytest.fixture(scope="module", params=EXAMPLES)
def html(request) -> str:
    return example_mail(request.param).html


def test_conditional_comments_are_whole_and_ask_what_outlook_answers(html):
    assert badly_marked(html) == []
    assert set(conditions(html)) <= {"mso", "mso | IE", "lte mso 11", "!mso"}
    assert len(conditions(html)) > 10


@pytest.mark.parametrize("view", [for_outlook, for_others], ids=["outlook", "others"])
def test_every_table_is_closed_where_it_was_opened(html, view):
    assert badly_nested(view(html)) == []


def test_outlook_is_told_widths_that_fit_into_each_other(html):
    body = lxml_html.document_fromstring(for_outlook(html)).find("body")
    tables = [table for table in body.iter("table") if table.get("width", "").isdigit()]
    assert len(tables) > 5
    for table in tables:
        around = [int(one.get("width")) for one in table.iterancestors("table") if one.get("width", "").isdigit()]
        assert int(table.get("width")) <= min([LETTER, *around])
    for row in body.iter("tr"):
        cells = [re.search(r"(?<!-)width:([\d.]+)px", cell.get("style", "")) for cell in row.findall("td")]
        assert sum(float(cell[1]) for cell in cells if cell) <= LETTER + 0.01
    assert all(int(image.get("width")) <= LETTER for image in body.iter("img"))


def test_a_style_attribute_holds_nothing_that_outlook_ignores(html):
    assert not re.search(r'style="[^"]*(!important|display:\s*flex|position:|float:)', html)


def test_there_is_room_below_the_limit(html):
    assert len(quopri.encodestring(html.encode())) < ROOM
