"""The pages that subscribers and organisers meet, as a browser shows them: wide and narrow, in the light and the dark."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import chromium
from chromium import Screen
from mailer.settings import BrandSettings, OrganisationSettings, Settings
from mailer.web.inbox.pages import InboxPages, Step
from mailer.web.inbox.store import Store
from mailer.web.look import SitePages
from mailer.web.server import Server, listen

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium.PROGRAM is None,
        reason="NOT LOOKED AT: there is no Chromium here (apt install chromium) to show the pages",
    ),
]
#: A pale accent and dark surroundings, on which no text could stand as it is, and words that do not break by themselves.
SETTINGS = Settings(
    brand=BrandSettings(accent="#ffd400", accent_dark="#333333", canvas="#10243f"),
    organisation=OrganisationSettings(
        name="Landesarbeitsgemeinschaftsvorsitzendenversammlung",
        from_address="a.very.long.address.that.does.not.break@a.very.long.domain.example.org",
        postal_address="1 Example Street",
        about="Who we are.",
        promoter="A Promoter, 1 Example Street",
        website="https://www.example.org",
    ),
)
SITE = SitePages(SETTINGS)
PERSON = {
    "address": "a***@a.very.long.domain.name.that.does.not.break.anywhere.example.org",
    "can_undo": True,
    "list_title": "News and action",
    "list_description": "About once a week",
    "undone": False,
}
CHOICE = {
    "address": PERSON["address"],
    "boxes": [
        ("topic.peru", "Peru and the Andes", True),
        ("topic.work", "Gewerkschaftszusammenarbeitsvereinbarungen und Arbeit", False),
        ("topic.media", "Press", True),
    ],
    "chosen": "Peru and the Andes, Press",
    "is_everything": False,
    "is_saved": False,
    "back": None,
    "nothing": False,
    "list_title": "News and action",
    "list_description": "About once a week",
}
PAGES = {
    "subscribed": lambda: SITE.leave(standing="subscribed", **PERSON),
    "left": lambda: SITE.leave(standing="left", **PERSON),
    "stays left": lambda: SITE.leave(standing="left", **PERSON | {"undone": True}),
    "back": lambda: SITE.leave(standing="subscribed", **PERSON | {"undone": True}),
    "silent": lambda: SITE.leave(standing="silent", **PERSON),
    "no list": lambda: SITE.leave(standing="subscribed", **PERSON | {"list_title": ""}),
    "choice": lambda: SITE.preferences(**CHOICE),
    "chosen": lambda: SITE.preferences(**CHOICE | {"is_saved": True, "back": ["topic.peru"]}),
    "no choice": lambda: SITE.preferences(**CHOICE | {"nothing": True}),
    "nobody": SITE.nobody,
    "test": SITE.test_link,
    "lost": lambda: SITE.problem(404),
    "bad": lambda: SITE.problem(400),
    "home": SITE.home,
}
STORY = [
    Step(state="done", text="The people came.", link="/c/fund", label="See it."),
    Step(state="now", text="The mail goes."),
    Step(state="next", text="One leaves."),
]
LETTER = (
    b"From: news@example.org\r\nSubject: Fighting fund\r\nList-Unsubscribe: <http://127.0.0.1/u/a>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nX-Long: " + b"x" * 300 + b"\r\n\r\nHello " + b"y" * 300
)


PHONE, DARK, WIDE = Screen(width=375), Screen(width=375, dark=True), Screen(width=1200)


def on(*screens_and_pages):
    """(screen, page) for every page of every screen: not all of each, for some differ in their words only."""
    pairs = [(screen, page) for screen, pages in screens_and_pages for page in pages]
    return pytest.mark.parametrize(("screen", "page"), pairs, ids=[f"{one.name} {page}" for one, page in pairs])


def must_be_readable(page: str, screen: Screen, folder) -> None:
    seen = chromium.show(page, screen, folder)
    assert (seen["dark"], seen["width"]) == (screen.dark, screen.width)
    assert seen["scroll_width"] == screen.width, "something is wider than the screen"
    assert seen["texts"]
    assert [text for text in seen["texts"] if text["contrast"] < 4.5] == []
    assert [text for text in seen["texts"] if text["size"] < 13] == []


@on((PHONE, PAGES), (DARK, ["subscribed", "left", "choice", "chosen"]), (WIDE, ["subscribed", "choice"]))
def test_a_subscribers_page_can_be_read(page, screen, tmp_path):
    must_be_readable(PAGES[page]().body.decode(), screen, tmp_path)


@on((PHONE, ["", "1", "1?view=text", "1?view=headers", "2?view=source"]), (DARK, [""]), (WIDE, ["", "1"]))
def test_the_inbox_can_be_read(page, screen, tmp_path):
    store = Store(tmp_path / "store")
    for _ in range(2):
        store.add(LETTER, "a.very.long.address.that.does.not.break@a.very.long.domain.example.org")
        store.add(LETTER.replace(b"Fighting", b"Schlichtungsausschussvorsitzendenversammlungs"), "ana@example.net")
    site = Starlette(routes=InboxPages(store, SETTINGS, story=lambda: STORY).routes())
    answer = TestClient(site, base_url="http://127.0.0.1").get(f"/inbox/{page}")
    must_be_readable(answer.text, screen, tmp_path)


def test_the_open_inbox_notices_what_happens_and_keeps_the_open_message(tmp_path):
    store = Store(tmp_path / "store")
    store.add(LETTER, "ana@example.net")
    looks = []

    def story():
        """Goes on after the page was loaded and its script has looked once."""
        looks.append(1)
        if len(looks) == 3:
            store.add(LETTER, "ben@example.net")
        return [Step(state="now" if len(looks) < 3 else "done", text="The mail goes.")]

    site = Starlette(routes=InboxPages(store, SETTINGS, story=story).routes())
    with Server(site, listen("127.0.0.1", 0)) as server, chromium.tab(WIDE) as tab:
        tab.open(f"{server.url}/inbox/1?view=headers")
        tab.wait_until("document.body.innerText.includes('2 messages')")
        seen = tab.run("document.body.innerText")
    assert "ben@example.net" in seen
    assert "X-Long" in seen
