"""A digest of one item and one of forty, with titles in any script and of any length, as a browser shows them."""

import pytest

import chromium
from chromium import Screen
from compiling import mail
from digest_issues import digest, item, picture

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium.PROGRAM is None,
        reason="NOT LOOKED AT: there is no Chromium here (apt install chromium) to show the mail",
    ),
]
TITLES = ("A title", "Donaudampfschifffahrtselektrizitäten" * 3, "رسالة من ليما إلى لندن", "Words and " * 20)
SCREENS = [Screen(width=375), Screen(width=700, dark=True), Screen(width=375, dark=True, images=False)]


def issue(root, count):
    items = (
        item(number, headline=TITLES[number % 4], standfirst=TITLES[number % 3] + ". " + "And more of it. " * 9)
        for number in range(1, count)
    )
    return digest(root, item(50, picture=picture(root), headline="It leads"), *items)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
@pytest.mark.parametrize("count", [1, 40])
def test_one_item_and_forty_can_be_read_and_tapped(tmp_path, count, screen):
    seen = chromium.show(mail(issue(tmp_path, count).edition).html, screen, tmp_path)
    assert seen["scroll_width"] == screen.width, "something is wider than the screen"
    assert [button["words"] for button in seen["buttons"]] == ["Read the report"], "one item leads"
    assert seen["buttons"][0]["height"] >= 44
    assert [text for text in seen["texts"] if text["contrast"] < 4.5 or text["size"] < 13] == []
