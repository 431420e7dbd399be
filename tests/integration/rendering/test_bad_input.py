"""What authors get wrong in articles and appeals: each looks right, or is refused with file and line."""

import re

import pytest
from PIL import Image

from compiling import FUND, around, mail, write
from mailer.rendering.check import check

WORDS = "They met in the hall of the old printworks and talked about what had come of the year. " * 4
MORE = "preheader: And what became of it, told by those who were there that day\n"
KINDS = ("article", "appeal")
LONG = "Selbstverwaltungsgenossenschaftsgründungsversammlungsvorbereitungsausschussvorsitzendenwahl"


def checked(root, body="", *, kind="article", more="", **front):
    return check(write(root, f"{body}\n\n{WORDS}", kind=kind, more=MORE + more, **front), around(root))


def told(root, *arguments, **front):
    return [(one.rule, one.file, one.line, one.message) for one in checked(root, *arguments, **front).findings]


@pytest.fixture
def picture(tmp_path):
    """Writes campaigns/p.jpg: bytes, or a picture of this size."""
    (tmp_path / "campaigns").mkdir()

    def make(content):
        path = tmp_path / "campaigns" / "p.jpg"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            Image.new("RGB", content, "#336699").save(path)

    return make


BAD = {"missing": None, "no picture": b"Dear all, the photo is attached", "100 megapixels": (11_600, 8_700)}
PLACES = {
    "in the body": ('![A sea](p.jpg "The sea | A. Sample")', ""),
    "above it": ("", "image:\n  src: p.jpg\n  alt: A sea\n  credit: A. Sample\n"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("bad", BAD)
def test_a_picture_that_cannot_be_shown_is_told_where_it_is_named(tmp_path, picture, bad, place, kind):
    if BAD[bad] is not None:
        picture(BAD[bad])
    body, more = PLACES[place]
    ((rule, file, line, message),) = told(tmp_path, body, kind=kind, more=more)
    lines = (tmp_path / file).read_text().splitlines()
    assert (rule, file, "p.jpg" in lines[line - 1]) == ("image", "campaigns/c.md", True)
    assert "p.jpg" in message


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_20_megapixels_is_made_small(tmp_path, picture, kind):
    picture((5472, 3648))
    found = checked(tmp_path, *PLACES["in the body"][:1], kind=kind)
    assert found.findings == ()
    (made,) = found.compiled.pictures
    assert max(made.width, made.height) <= 1200
    assert len(made.content) <= 300_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_caption_without_credit_is_an_error_at_its_line(tmp_path, picture, kind):
    picture((600, 400))
    ((rule, _, line, _),) = told(tmp_path, '![A sea](p.jpg "The sea")', kind=kind)
    assert rule == "credit"
    assert "p.jpg" in (tmp_path / "campaigns/c.md").read_text().splitlines()[line - 1]


def test_a_deadline_in_the_past_is_refused_at_its_line(tmp_path):
    past = FUND.replace("as_of: 2024-11-22", "as_of: 2024-11-18").replace("2024-11-30", "2024-11-20")
    file = write(tmp_path, WORDS, more=MORE + past)
    assert [(one.rule, one.line) for one in check(file, around(tmp_path)).errors] == [
        ("deadline-passed", file.line_of("fund", "deadline"))
    ]


def test_more_than_was_asked_for_looks_right_in_both_parts(tmp_path):
    file = write(tmp_path, WORDS, more=MORE + FUND.replace("raised: 11791", "raised: 20500"))
    found = check(file, around(tmp_path))
    assert found.errors == ()
    got = mail(found.compiled.edition)
    for part in (got.html, got.text):
        assert "£20,500" in part
        assert not re.search(r"-£|£-|−£", part)


@pytest.mark.parametrize("kind", KINDS)
def test_a_word_of_90_letters_and_a_title_in_arabic_come_through(tmp_path, kind):
    assert len(LONG) >= 90
    title = "مؤتمر أمريكا اللاتينية: «معًا»"
    more = f'{MORE}kicker: "{title}"\nstandfirst: {LONG}\n'
    file = write(tmp_path, f"{LONG}\n\n{WORDS}", kind=kind, subject=title, more=more)
    found = check(file, around(tmp_path))
    assert found.errors == ()
    got = mail(found.compiled.edition)
    assert got.subject == title
    assert LONG in got.text
    assert LONG in got.html.replace("&#252;", "ü")
    assert title in got.text
