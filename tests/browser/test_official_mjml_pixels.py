"""Our mail and the official MJML's look the same: screenshots are compared, pixel by pixel.

There is no tolerance: text, boxes and pictures have to be equal to the last pixel, wide and narrow. One difference is
known, and undone in `as_they_would` before the two are compared. (That the rules for the dark are the same ones is seen
in their structure, so that only some are looked at.)
"""

import re
from io import BytesIO

import pytest
from PIL import Image, ImageChops

import chromium
import official
from chromium import Screen
from example_mail import EXAMPLES
from official_pairs import NAMES, pair, with_pictures

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium.PROGRAM is None, reason="NOT COMPARED: there is no Chromium here (apt install chromium)"
    ),
    pytest.mark.skipif(bool(official.NO_MJML), reason=official.NO_MJML),
]
WIDE, PHONE, DARK = Screen(width=640), Screen(width=375), Screen(width=640, dark=True)
ALSO_DARK = {"styles", "newsletter", EXAMPLES[0]}


@pytest.mark.parametrize("name", NAMES)
def test_it_looks_like_the_official_one(name, tmp_path):
    both = pair(name)
    ours, theirs = (with_pictures(html, name, tmp_path) for html in (as_they_would(both.ours), both.theirs))
    for screen in [WIDE, PHONE, *([DARK] if name in ALSO_DARK else [])]:
        first, second = (photograph(html, screen, tmp_path) for html in (ours, theirs))
        assert first.size == second.size, screen.name
        different = ImageChops.difference(first, second).getbbox()
        assert different is None, f"{screen.name}: they differ within {different}"


def photograph(html: str, screen: Screen, folder) -> Image.Image:
    content = chromium.photograph(html, screen, folder).read_bytes()
    return Image.open(BytesIO(content)).convert("RGB")


def as_they_would(html: str) -> str:
    """With the columns of a group cut to whole per cent.

    MJML writes `width:33%` into each of three columns that stay beside each other on a phone, and leaves a hundredth of the
    row empty; ours fill it (33.333332%: mrml reckons in 32 bits). Only buttons in three columns show the difference.
    """
    return re.sub(r"(?<=;width:)(\d+)\.\d+%(?=;)", r"\1%", html)


def test_the_comparison_sees_a_shade(tmp_path):
    ours = pair("buttons").ours
    first, second = (photograph(html, WIDE, tmp_path) for html in (ours, ours.replace("#b3261e", "#b3261f")))
    assert ImageChops.difference(first, second).getbbox()
