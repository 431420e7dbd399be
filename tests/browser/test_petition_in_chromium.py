"""A petition on the screen: the button at once, what signing means beside it, and nothing too long for its sheet."""

import itertools

import pytest

import chromium
from chromium import Screen
from example_mail import ROOT, compiled, example_mail, settings
from mailer.sources.campaign_files import read_campaign

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium.PROGRAM is None, reason="NOT LOOKED AT: there is no Chromium here (apt install chromium)"
    ),
]
SLUG = "peru-statement"
#: CSS pixels of a small phone: what is seen before anybody moves a finger.
FIRST_SCREEN = 667
LONG = "Llanfairpwllgwyngyll" * 4 + "gogogochau"
BOXES = """[...document.querySelectorAll(".action a, .consent p, .demand, .demand-words")].map((element) => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return { name: element.className || element.tagName, left, right, top, bottom };
})"""


def petition(**changes):
    found = read_campaign(ROOT, SLUG).campaign.petition.model_copy(update=changes)
    return example_mail(SLUG, of=compiled(SLUG, settings(), petition=found)).html


def boxes(html, screen, folder):
    with chromium.shown(html, screen, folder) as tab:
        return tab.run(BOXES)


def test_the_button_is_in_the_first_screen_of_a_phone(tmp_path):
    button = next(box for box in boxes(petition(), Screen(width=375), tmp_path) if box["name"] == "A")
    assert button["bottom"] <= FIRST_SCREEN


def test_what_signing_means_stands_beside_the_button_and_on_a_phone_close_below_it(tmp_path):
    for number in range(2):
        wide = boxes(petition(), Screen(width=700), tmp_path)
        button, note = ([box for box in wide if box["name"] == name][number] for name in ("A", "P"))
        assert button["right"] < note["left"]
        assert note["top"] < button["bottom"]
        assert note["bottom"] > button["top"]
        narrow = boxes(petition(), Screen(width=375), tmp_path)
        button, note = ([box for box in narrow if box["name"] == name][number] for name in ("A", "P"))
        assert 8 <= note["top"] - button["bottom"] <= 24


def test_a_button_without_a_note_stands_where_it_would_beside_one(tmp_path):
    screen = Screen(width=700)
    alone, beside = (boxes(petition(**one), screen, tmp_path)[0] for one in ({"consent_note": None}, {}))
    assert (alone["left"], alone["right"]) == (beside["left"], beside["right"])


@pytest.mark.parametrize("width", [375, 700])
def test_words_of_ninety_letters_break(width, tmp_path):
    assert len(LONG) == 90
    html = petition(title=LONG, target=LONG, statement=LONG, demands=(LONG, LONG), consent_note=LONG)
    assert chromium.show(html, Screen(width=width), tmp_path)["scroll_width"] == width
    assert all(0 < box["left"] < box["right"] < width for box in boxes(html, Screen(width=width), tmp_path))


@pytest.mark.parametrize("count", [1, 12])
def test_demands_stand_below_each_other_and_leave_room_for_their_numbers(count, tmp_path):
    html = petition(demands=tuple(f"Demand number {number}, which is a long one." for number in range(count)))
    found = boxes(html, Screen(width=375), tmp_path)
    demands = [box for box in found if box["name"].startswith("demand ")]
    assert len(demands) == count
    assert all(one["bottom"] <= other["top"] for one, other in itertools.pairwise(demands))
    # The sheet begins at 12 pixels and has a margin of 20 and a line of 1.
    assert demands[0]["left"] == pytest.approx(33 + (38 if count > 9 else 26), abs=1)
