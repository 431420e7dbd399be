"""What `check` finds in the logo, which is the same for every campaign, and stands in mailer.toml."""

import pytest
from PIL import Image, ImageDraw

from compiling import NOW, write
from mailer.rendering.check import check
from mailer.rendering.surroundings import Surroundings
from mailer.settings import load


def found(folder, *, colour, paper="#ffffff"):
    image = Image.new("RGBA", (400, 100), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((40, 40, 360, 60), fill=colour)
    image.save(folder / "logo.png")
    (folder / "mailer.toml").write_text(f'[brand]\nlogo = "logo.png"\npaper = "{paper}"\n')
    around = Surroundings(settings=load(folder, {}), now=NOW)
    return [
        (one.file, one.line) for one in check(write(folder, "Words.\n"), around).findings if one.rule == "brand-logo"
    ]


@pytest.mark.parametrize("paper", ["#ffffff", "#fff8e7"])
def test_a_pale_logo_on_pale_paper_is_found_where_it_is_named(tmp_path, paper):
    assert found(tmp_path, colour="#fffdf8", paper=paper) == [("mailer.toml", 2)]


@pytest.mark.parametrize(("colour", "paper"), [("#1d1b20", "#ffffff"), ("#ffe14d", "#ffffff"), ("#ffffff", "#1b2430")])
def test_a_logo_that_shows_is_none_of_its_business(tmp_path, colour, paper):
    assert found(tmp_path, colour=colour, paper=paper) == []
