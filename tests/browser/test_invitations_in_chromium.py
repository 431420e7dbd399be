"""Invitations and letters that strain their design: long words, forty speakers, several days, from right to left, next to nothing."""

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

import chromium
from chromium import Screen
from compiling import compiled, mail
from mailer.web.guard import Guard
from mailer.web.media import media_routes
from mailer.web.reading import mail_policy
from mailer.web.server import Server, listen

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium.PROGRAM is None,
        reason="NOT LOOKED AT: there is no Chromium here (apt install chromium) to show the mail",
    ),
]
WORD = "Solidaritätskampagnenmitgliederversammlungstagesordnungspunktabstimmungsergebnisprotokoll"
PLACE = (
    "The Great Hall of the Associated Societies of Weavers, Dockers, Miners and Printers of the North and Their Friends "
    * 3
)
ONLINE = "  online: {url: 'https://www.example.org/join'}\n"
EVENT = "event:\n  name: The meeting\n"
EVENING = "  start: 2024-12-05 18:30\n  end: 2024-12-05 20:30\n"
SPEAKERS = "".join(f"      - {{name: Speaker {number}, role: delegate}}\n" for number in range(40))
STRAINED = {
    "long words": (
        f"kicker: {WORD}\nstandfirst: {WORD}\n{EVENT}  start: 2024-12-07\n  end: 2024-12-08\n"
        f"  place: {{name: {WORD}, address: '{PLACE}'}}\n  cost: {WORD}\n  access: [{WORD}]\n"
        f"sessions:\n  - {{at: '10:00', title: {WORD}, speakers: [{{name: {WORD}, role: {WORD}}}]}}\n"
    ),
    "forty speakers": f"{EVENT}{EVENING}{ONLINE}sessions:\n  - at: '19:00'\n    title: All\n    speakers:\n{SPEAKERS}",
    "through the night": f"{EVENT}  start: 2024-12-06 22:00\n  end: 2024-12-08 16:00\n{ONLINE}",
    "from right to left": (
        f"language: ar\n{EVENT}{EVENING}  place: {{name: قاعة المصباح, address: '40 Example Street, London'}}\n"
        "  rsvp_url: https://www.example.org/s\n  access: [لا درجات بين الشارع ومقعدك]\n"
    ),
}
LETTERS = {
    "long words": f"writer: {{name: {WORD}, role: {WORD}}}\naction: {{label: {WORD}, url: 'https://www.example.org'}}\nps: {WORD}\n",
    "from right to left": "language: ar\nwriter: {name: ليلى, role: أمينة}\nps: تعال إلى الاجتماع\n",
    "a name alone": "writer: {name: Robin Sample}\n",
}
CASES = [("event_invite", *one) for one in STRAINED.items()] + [("letter", *one) for one in LETTERS.items()]


@pytest.mark.parametrize("screen", [Screen(width=375), Screen(width=700, dark=True)], ids=lambda screen: screen.name)
@pytest.mark.parametrize(("kind", "name", "more"), CASES, ids=[f"{kind} {name}" for kind, name, _ in CASES])
def test_it_stays_on_the_screen_and_can_be_read(tmp_path, kind, name, more, screen):
    made = compiled(tmp_path, "\nSome words.\n", kind=kind, more=more)
    seen = chromium.show(mail(made.edition).html, screen, tmp_path)
    assert seen["scroll_width"] == screen.width, "something is wider than the screen"
    assert all(button["height"] >= 44 and button["right"] <= screen.width for button in seen["buttons"])
    assert [text for text in seen["texts"] if text["contrast"] < 4.5 or text["size"] < 13] == []


def test_an_address_keeps_its_direction_in_a_mail_from_right_to_left(tmp_path):
    made = compiled(tmp_path, "\nأهلا.\n", kind="event_invite", more=STRAINED["from right to left"])
    with chromium.shown(mail(made.edition).html, Screen(width=375), tmp_path) as tab:
        styles = tab.run(
            "[...document.querySelectorAll('[dir=auto]')].map(one => [one.textContent, getComputedStyle(one).direction,"
            " getComputedStyle(one).textAlign])"
        )
    directions = {text: (direction, align) for text, direction, align in styles}
    assert directions["40 Example Street, London"] == ("ltr", "right")
    assert directions["قاعة المصباح"] == ("rtl", "right")
    assert directions["18:30–20:30 (London time)"] == ("ltr", "right")


def test_the_calendar_file_can_be_taken_from_the_mail_as_a_page(tmp_path):
    made = compiled(tmp_path, "\nCome.\n", kind="event_invite", more=f"{EVENT}{EVENING}{ONLINE}")
    (file,) = (file for file in made.media if file.content_type == "text/calendar")
    html = mail(made.edition).html.replace("https://mail.example.org", "").replace('target="_blank"', "")
    site = Starlette(
        routes=[
            Route("/c/c", lambda _: HTMLResponse(html, headers={"Content-Security-Policy": mail_policy("")})),
            *media_routes(lambda name: file if name == file.name else None),
        ]
    )
    with Server(Guard(site), listen("127.0.0.1", 0)) as server, chromium.tab(Screen(width=375)) as tab:
        tab.browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        tab.open(f"{server.url}/c/c")
        x, y = tab.run(
            f"(box => [box.x + 9, box.y + 9])(document.querySelector('[href$=\"{file.name}\"]').getBoundingClientRect())"
        )
        for event in ("mousePressed", "mouseReleased"):
            tab.browser.call("Input.dispatchMouseEvent", tab.session, type=event, x=x, y=y, button="left", clickCount=1)
        taken = tab.browser.wait_for("Page.downloadWillBegin", tab.session)
    assert taken["suggestedFilename"] == "event.ics"
