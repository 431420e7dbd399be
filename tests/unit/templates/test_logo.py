"""A logo of any shape stands in the header of mail and pages, and one that cannot is said at its line of mailer.toml."""

import io
import re

import pytest
from PIL import Image, ImageDraw

from compiling import NOW, mail, write
from mailer.errors import InputProblems
from mailer.rendering.compile import compile_campaign
from mailer.rendering.logo import TALLEST, WIDEST, logo_of
from mailer.rendering.surroundings import Surroundings
from mailer.settings import load
from mailer.web.look import SitePages

TOML = """\
[organisation]
name = "Solidarity Network"
from_address = "news@example.org"
postal_address = "1 Example Street, London"

[brand]
logo = "{}"
paper = "#fffdf5"
"""
LINE = 7


def project(folder, name="logo.png"):
    (folder / "mailer.toml").write_text(TOML.format(name))
    return load(folder, {})


def transparent(size, colour=(20, 20, 20, 255)):
    """A bar on nothing."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    width, height = size
    ImageDraw.Draw(image).rectangle((width // 4, height // 4, width * 3 // 4, height * 3 // 4), fill=colour)
    return image


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((1200, 100), (240, 20)),
        ((300, 900), (24, 72)),
        ((500, 500), (72, 72)),
        ((100, 20), (100, 20)),
        ((5000, 4000), (90, 72)),
        ((1, 1), (1, 1)),
        ((2000, 1), (240, 1)),
    ],
    ids=["wide", "tall", "square", "small", "20 megapixels", "a point", "a line"],
)
def test_it_fits_the_header_whatever_its_shape(tmp_path, size, shown):
    Image.new("RGB", size, "#b3261e").save(tmp_path / "logo.png")
    logo = logo_of(project(tmp_path), tmp_path)
    assert (logo.width, logo.height) == shown
    assert logo.width <= WIDEST
    assert logo.height <= TALLEST
    assert max(logo.picture.width / 2 / WIDEST, logo.picture.height / 2 / TALLEST) <= 1


def test_a_transparent_logo_is_laid_on_the_paper_that_it_was_made_for(tmp_path):
    transparent((400, 100)).save(tmp_path / "logo.png")
    logo = logo_of(project(tmp_path), tmp_path)
    image = Image.open(io.BytesIO(logo.picture.content)).convert("RGBA")
    assert image.getpixel((0, 0)) == (0xFF, 0xFD, 0xF5, 255)
    assert image.getextrema()[3] == (255, 255)
    assert (logo.on_paper, logo.lost) == (True, False)


def test_a_logo_with_a_ground_of_its_own_gets_no_paper(tmp_path):
    Image.new("RGB", (400, 100), "#b3261e").save(tmp_path / "logo.png")
    assert not logo_of(project(tmp_path), tmp_path).on_paper


def test_it_stands_in_the_mail_and_in_the_pages_with_the_name_as_its_words(tmp_path):
    transparent((400, 100)).save(tmp_path / "logo.png")
    settings = project(tmp_path)
    edition = compile_campaign(write(tmp_path, "Words.\n"), Surroundings(settings=settings, now=NOW))
    html = mail(edition.edition).html
    (tag,) = re.findall(r"<img[^>]*>", html)
    assert 'alt="Solidarity Network"' in tag
    assert 'width="240"' in tag
    assert edition.pictures[0].name in tag
    assert 'class="logo logo-on-paper"' in html
    assert ".logo-on-paper img { box-sizing: border-box !important;" in html
    page = SitePages(settings).home().body.decode()
    assert re.search(
        r'<img src="data:image/png;base64,[^"]+" alt="Solidarity Network" width="240" height="60" class="on-paper">',
        page,
    )


def png(folder, name="logo.png"):
    Image.new("RGB", (8, 8), "#b3261e").save(folder / name)


def no_picture(folder):
    (folder / "logo.png").write_text("a list of things to do")


def cut_short(folder):
    png(folder)
    content = (folder / "logo.png").read_bytes()
    (folder / "logo.png").write_bytes(content[:-30])


def drawing(folder):
    (folder / "logo.png").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")


@pytest.mark.parametrize(
    ("make", "name", "said"),
    [
        (lambda _: None, "logo.png", "logo.png: there is no such picture"),
        (no_picture, "logo.png", "logo.png: this picture is damaged, or no picture"),
        (cut_short, "logo.png", "this picture is damaged"),
        (drawing, "logo.png", "this picture is SVG"),
        (lambda folder: (folder / "logo.png").mkdir(), "logo.png", "cannot be read: Is a directory"),
        (lambda folder: png(folder.parent), "../logo.png", "is outside the project"),
        (lambda _: None, "x" * 5000, "cannot be read: File name too long"),
    ],
    ids=["missing", "no picture", "cut short", "SVG", "a folder", "elsewhere", "no name"],
)
def test_a_logo_that_cannot_be_shown_is_said_at_its_line_and_people_can_still_leave(tmp_path, make, name, said):
    folder = tmp_path / "project"
    folder.mkdir()
    make(folder)
    settings = project(folder, name)
    with pytest.raises(InputProblems) as caught:
        compile_campaign(write(folder, "Words.\n"), Surroundings(settings=settings, now=NOW))
    (problem,) = caught.value.problems
    assert (problem.rule, problem.file, problem.line) == ("image", "mailer.toml", LINE)
    assert problem.message.startswith("brand.logo ")
    assert said in problem.message
    assert problem.hint
    page = SitePages(settings).home().body.decode()
    assert "<img" not in page
    assert "Solidarity Network" in page
