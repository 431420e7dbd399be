"""The example campaigns as a browser shows them: on a phone and a desktop, in the light and the dark, without pictures."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

import chromium
from chromium import Screen
from example_mail import EXAMPLES, WITHOUT_PICTURES, Mail, compiled, example_mail, settings
from mailer.domain.palette import palette_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium.PROGRAM is None,
        reason="NOT LOOKED AT: there is no Chromium here (apt install chromium) to show the mail",
    ),
]
SCREENS = [
    Screen(width=375),
    Screen(width=700),
    Screen(width=375, dark=True),
    Screen(width=700, dark=True),
    Screen(width=375, images=False),
]
#: CSS pixels a finger needs (WCAG 2.2, success criterion 2.5.5).
FINGER = 44


@pytest.fixture(scope="module", params=EXAMPLES)
def mail(request) -> Mail:
    return example_mail(request.param)


@pytest.fixture(scope="module", params=SCREENS, ids=lambda screen: screen.name)
def screen(request) -> Screen:
    return request.param


@pytest.fixture(scope="module")
def seen(mail: Mail, screen: Screen, tmp_path_factory):
    folder = tmp_path_factory.mktemp(screen.name)
    return chromium.show(mail.with_pictures_in(folder), screen, folder)


def test_it_can_be_read_and_tapped(seen, screen):
    assert (seen["dark"], seen["width"]) == (screen.dark, screen.width)
    assert seen["scroll_width"] == screen.width, "something is wider than the screen"
    assert seen["buttons"]
    for button in seen["buttons"]:
        assert button["words"]
        assert button["height"] >= FINGER
        assert button["width"] >= FINGER
        assert 0 <= button["left"] < button["right"] <= screen.width
    if screen.width < 480:
        assert max(button["width"] for button in seen["buttons"]) >= screen.width - 2 * 20, "no button fills the phone"
    faint = [text for text in seen["texts"] if text["contrast"] < 4.5]
    assert faint == []
    small = [text for text in seen["texts"] if text["size"] < 13]
    assert small == []


def test_pictures_show_or_say_what_they_show(mail, seen, screen):
    assert bool(seen["images"]) is (mail.slug not in WITHOUT_PICTURES)
    for image in seen["images"]:
        assert image["alt"]
        assert image["loaded"] == screen.images
        assert image["height"] >= 20
        assert image["right"] <= screen.width


def test_every_text_and_ground_is_a_pair_whose_contrast_is_checked(seen, screen):
    """So that what `palette_of` promises for any brand holds for all that is drawn."""
    pairs = palette_of(settings().brand).pairs
    known = {
        (pair.text_colour, pair.ground_colour) for pair in pairs if pair.scheme == ("dark" if screen.dark else "light")
    }
    assert {tuple(text["pair"]) for text in seen["texts"]} <= known


@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_any_number_of_amounts_are_equal_buttons_that_fit(count, tmp_path):
    asks = (5, 1000, 12_500, 25, 100)[:count]
    mail = example_mail(
        "fighting-fund", of=compiled("fighting-fund", settings(), fund={"asks": tuple(map(Decimal, asks))})
    )
    seen = chromium.show(mail.html, Screen(width=375), tmp_path)
    amounts = [button for button in seen["buttons"] if button["words"].startswith("£")]
    assert seen["scroll_width"] == 375
    assert [button["words"] for button in amounts] == [f"£{ask:,}" for ask in asks]
    assert max(button["width"] for button in amounts) - min(button["width"] for button in amounts) <= 1
    assert all(button["height"] < 2 * FINGER for button in amounts), "an amount is broken over two lines"


def test_it_can_be_photographed(mail, tmp_path):
    """With SCREENSHOTS=FOLDER in the environment the pictures of every screen stay there, for the eye."""
    folder = os.environ.get("SCREENSHOTS")
    html = mail.with_pictures_in(tmp_path)
    for screen in SCREENS if folder else SCREENS[:1]:
        with Image.open(chromium.photograph(html, screen, tmp_path)) as picture:
            assert picture.width == screen.width
            assert len(picture.convert("RGB").getcolors(maxcolors=1 << 24)) > 50, "the page is blank"
            if folder:
                picture.save(Path(folder) / f"{mail.slug}-{screen.name}.png")
