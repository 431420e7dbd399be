"""Whatever colours a group sets, what stands on what reads at 4.5:1, in the light and in the dark."""

from pathlib import Path

import jinja2
import pytest

from mailer.domain.colour import READABLE, contrast, readable_on
from mailer.settings import BrandSettings

TEMPLATES = Path(__file__).parents[3] / "templates"
BRANDS = {
    "as shipped": BrandSettings(),
    "pale yellow": BrandSettings(accent="#ffe14d"),
    "deep green": BrandSettings(accent="#14532d"),
    "nearly black": BrandSettings(accent="#0b0b0f"),
    "grey": BrandSettings(accent="#8c8c8c"),
    "a dark accent that does not read": BrandSettings(accent="#1d4ed8", accent_dark="#1e3a8a"),
}


def palette(brand: BrandSettings):
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=False)
    environment.filters["readable_on"] = readable_on
    return environment.get_template("styles/palette.jinja").make_module({"brand": brand, "direction": "ltr"})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("brand", BRANDS.values(), ids=BRANDS.keys())
def test_every_pair_of_text_and_ground_is_readable(brand, scheme):
    look = palette(brand)
    colours = getattr(look, scheme)
    ratios = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in look.pairs}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < READABLE} == {}


def test_the_pairs_cover_every_colour_of_text():
    look = palette(BrandSettings())
    texts, grounds = {text for text, _ in look.pairs}, {ground for _, ground in look.pairs}
    assert {"ink", "muted", "accent", "paper"} == texts
    assert {"paper", "tint", "canvas", "accent"} == grounds


def test_a_group_that_sets_one_colour_gets_its_own_in_the_dark():
    look = palette(BrandSettings(accent="#14532d"))
    red, green, blue = (int(look.dark["accent"][at : at + 2], 16) for at in (1, 3, 5))
    assert green > max(red, blue)
