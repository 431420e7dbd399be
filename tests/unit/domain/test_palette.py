"""Whatever colours a group sets, what stands on what reads at 4.5:1, in the light and in the dark."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.domain.colour import READABLE, contrast
from mailer.domain.palette import Adjustment, palette_of
from mailer.settings import BrandSettings

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
#: Where black and white read equally well, and one step further nothing else does.
middling = st.integers(0x70, 0x80).map(lambda level: f"#{level:02x}{level:02x}{level:02x}")
grounds = colours | middling | st.sampled_from(["#fff", "#000", "#ffffff", "#f2efea"])


def unreadable(brand):
    pairs = palette_of(brand).pairs
    return [pair for pair in pairs if contrast(pair.text_colour, pair.ground_colour) < READABLE]


@given(accent=colours, accent_dark=colours | st.just(""), ink=colours | middling, paper=grounds, canvas=grounds)
@example(accent="#ffffff", accent_dark="#000000", ink="#ffffff", paper="#ffffff", canvas="#ffffff")
@example(accent="#757575", accent_dark="#757575", ink="#757575", paper="#767676", canvas="#757575")
def test_every_text_reads_on_every_ground_whatever_the_tokens(**tokens):
    assert unreadable(BrandSettings(**tokens)) == []


@given(paper=colours | middling, canvas=colours)
def test_paper_and_canvas_stay_as_they_are_set(paper, canvas):
    light = palette_of(BrandSettings(paper=paper, canvas=canvas)).light
    assert (light.paper, light.canvas) == (paper, canvas)


def test_as_shipped_nothing_is_adjusted_and_the_colours_are_those_of_the_design():
    palette = palette_of(BrandSettings())
    light = palette.light
    assert palette.adjusted == ()
    assert (light.ink, light.accent, light.tint, light.line, light.track, light.muted) == (
        "#1d1b20", "#b3261e", "#f8f5f0", "#ddd6cc", "#e3dcd2", "#5f5953",
    )  # fmt: skip
    assert (light.canvas_ink, light.canvas_muted, light.canvas_accent) == (light.ink, light.muted, light.accent)


def test_a_pale_accent_is_darkened_and_it_is_said_from_what_to_what_on_what():
    palette = palette_of(BrandSettings(accent="#ffe14d"))
    (adjusted,) = palette.adjusted
    assert adjusted == Adjustment(
        token="accent", scheme="light", wanted="#ffe14d", became=palette.light.accent, ground="tint",
        ground_colour="#f8f5f0", ratio=contrast("#ffe14d", "#f8f5f0"), became_ratio=adjusted.became_ratio,
    )  # fmt: skip
    assert adjusted.ratio < READABLE <= adjusted.became_ratio


def test_white_text_on_white_paper_is_impossible():
    palette = palette_of(BrandSettings(ink="#fff", paper="#fff"))
    assert palette.light.ink == "#1d1b20"  # and not the palest grey that reads
    assert [one.token for one in palette.adjusted] == ["ink"]


def test_only_an_accent_that_was_set_for_the_dark_is_overruled_there():
    assert palette_of(BrandSettings(accent="#14532d")).adjusted == ()
    (adjusted,) = palette_of(BrandSettings(accent="#14532d", accent_dark="#14532d")).adjusted
    assert (adjusted.token, adjusted.scheme) == ("accent_dark", "dark")


@pytest.mark.parametrize("value", ["#B3261E", "#b3261e"])
def test_another_spelling_is_no_other_colour(value):
    assert palette_of(BrandSettings(accent=value)).adjusted == ()


def test_a_group_that_sets_one_colour_gets_its_own_in_the_dark():
    dark = palette_of(BrandSettings(accent="#14532d")).dark.accent
    red, green, blue = (int(dark[at : at + 2], 16) for at in (1, 3, 5))
    assert green > max(red, blue)


def test_dark_paper_gets_pale_ink_and_lines_that_show():
    light = palette_of(BrandSettings(paper="#1b2430", canvas="#0f141b")).light
    assert contrast(light.ink, light.paper) >= READABLE
    assert contrast(light.line, light.paper) > 1.3


def test_dark_canvas_around_white_paper_has_its_own_ink():
    light = palette_of(BrandSettings(canvas="#10243f")).light
    assert light.ink == "#1d1b20"
    assert contrast(light.canvas_ink, light.canvas) > contrast(light.canvas_muted, light.canvas) > READABLE


@pytest.mark.parametrize(("accent", "edge"), [("#ffd400", "#ffd400"), ("#ffffff", None), ("#f2efea", None)])
def test_a_strip_that_nobody_reads_keeps_the_colour_that_was_set_if_it_shows(accent, edge):
    light = palette_of(BrandSettings(accent=accent)).light
    assert light.edge == (edge or light.accent)


def test_every_colour_that_can_be_text_has_its_pairs():
    palette = palette_of(BrandSettings())
    texts = {pair.text for pair in palette.pairs}
    assert texts == {"ink", "muted", "accent", "paper", "canvas_ink", "canvas_muted", "canvas_accent", "canvas"}
    assert {pair.scheme for pair in palette.pairs} == {"light", "dark"}
