import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.colour import READABLE, contrast, readable_on

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#fff", "#fff", 1.0), ("#767676", "#ffffff", 4.54), ("#b3261e", "#ffffff", 6.54)],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)


def test_a_colour_that_reads_stays_as_it_is():
    assert readable_on("#b3261e", "#ffffff") == "#b3261e"


def test_a_pale_accent_grows_darker_on_paper_and_keeps_its_hue():
    darker = readable_on("#f2c200", "#ffffff")
    red, green, blue = (int(darker[at : at + 2], 16) for at in (1, 3, 5))
    assert contrast(darker, "#ffffff") >= READABLE
    assert red > green > blue


@given(colours, colours)
def test_every_colour_can_be_made_to_read_on_every_ground(colour, ground):
    assert contrast(readable_on(colour, ground), ground) >= READABLE


@pytest.mark.parametrize("word", ["red", "#12345", "b3261e", "rgb(0,0,0)", ""])
def test_what_is_no_colour_is_said_so(word):
    with pytest.raises(ValueError, match="such as #b3261e"):
        contrast(word, "#ffffff")
