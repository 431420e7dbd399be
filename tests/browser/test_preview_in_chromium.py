"""The preview in a browser: readable at every width, in both schemes, and it follows what is written without losing one's place."""

import os
from pathlib import Path

import pytest

import chromium
from chromium import PROBE, Screen
from mailer.app import App
from mailer.cli.campaigns import surroundings
from mailer.settings import load
from mailer.web.preview.bench import Bench
from mailer.web.preview.site import make_preview_site
from mailer.web.server import Server, listen
from sending_world import make_project, write_letter

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        chromium.PROGRAM is None,
        reason="NOT LOOKED AT: there is no Chromium here (apt install chromium) to show the preview",
    ),
]
#: A pale accent that no text could have as it is, and warnings, an error, long names to break.
TOML = '[brand]\naccent = "#ffd400"\ncanvas = "#10243f"\nname = "Landesarbeitsgemeinschaftsvorsitzendenversammlung"\n'
LONG = "\n\n".join(["Soup and songs, and a plan for the spring that everybody writes a part of. " * 6] * 12)
MENDED, OTHER = f"There will be cake.\n\n{LONG}", f"There will be no cake.\n\n{LONG}"
PATHS = {
    "good": "/campaigns/letter/",
    "warned": "/campaigns/warned/",
    "text": "/campaigns/letter/?view=text",
    "headers": "/campaigns/letter/?view=headers",
    "source": "/campaigns/letter/?view=source",
    "forced dark": "/campaigns/letter/?view=forced-dark",
    "worst case": "/campaigns/letter/?as=worst-case",
    "nobody": "/campaigns/letter/?as=nobody@example.org",
    "broken": "/campaigns/broken/",
    "lost": "/campaigns/nothing/",
    "sheet": "/",
    "kind": "/kinds/appeal/",
    "link": "/link/u/AAAt",
}
PHONE, WIDE = Screen(width=375), Screen(width=1280)
NIGHT, WIDE_NIGHT = Screen(width=375, dark=True), Screen(width=1280, dark=True)
SEEN = [
    *((PHONE, name) for name in PATHS),
    *((NIGHT, name) for name in ("warned", "broken", "sheet")),
    *((WIDE, name) for name in ("warned", "broken", "sheet")),
    *((WIDE_NIGHT, name) for name in ("warned", "sheet")),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = make_project(tmp_path_factory.mktemp("preview") / "project", toml=TOML)
    write_letter(made, body=LONG)
    write_letter(
        made, slug="warned", body="The the soup.", extra="waive:\n  - {rule: size, reason: no, until: 2020-01-01}\n"
    )
    (made / "campaigns/broken.md").write_text(f"---\nkind: artcle\nhedline: {'x' * 90}\n---\n{{% if %}}\n")
    return made


@pytest.fixture(scope="module")
def url(folder):
    bench = Bench(App(load(folder, {})), surroundings)
    with Server(make_preview_site(bench), listen("127.0.0.1", 0)) as server:
        yield server.url


@pytest.mark.parametrize(("screen", "name"), SEEN, ids=[f"{screen.name} {name}" for screen, name in SEEN])
def test_it_can_be_read(url, screen, name, tmp_path):
    with chromium.tab(screen) as tab:
        tab.open(url + PATHS[name])
        seen = tab.run(f"{PROBE.read_text(encoding='utf-8')}\nreport(document)")
        if keep := os.environ.get("SCREENSHOTS"):
            picture = Path(keep) / f"preview-{name.replace(' ', '-')}-{screen.name}.png"
            picture.write_bytes(tab.photograph(height=1600))
    assert (seen["dark"], seen["width"]) == (screen.dark, screen.width)
    assert seen["scroll_width"] == screen.width, "something is wider than the screen"
    assert [text for text in seen["texts"] if text["contrast"] < 4.5] == []
    assert [text for text in seen["texts"] if text["size"] < 13] == []


HEIGHT = "document.querySelector('.phone .screen').getBoundingClientRect().height"
BODY = "document.querySelector('.phone iframe').contentDocument.body.innerText"


def test_it_follows_what_is_written_and_keeps_the_place(url, folder):
    with chromium.tab(WIDE) as tab:
        tab.open(f"{url}/campaigns/letter/?view=dark")
        tab.wait_until(f"{HEIGHT} > 2000")
        tab.run("scrollTo(0, 1500)")
        write_letter(folder, body=MENDED)
        tab.wait_until(f"{BODY}.includes('There will be cake')")
        tab.wait_until("document.querySelectorAll('iframe').length === 2")
        assert tab.run("scrollY") == 1500
        assert tab.run("document.querySelector('.tabs [aria-current]').innerText") == "Dark"
        (folder / "campaigns/letter.md").write_text("---\nkind: article\nhedline: x\n---\n")
        tab.wait_until("document.querySelector('#findings').innerText.includes('campaigns/letter.md:3')")
        tab.wait_until("document.querySelector('#stage').classList.contains('old')")
        assert tab.run(f"{BODY}.includes('There will be cake')"), "the last good mail stays"
        assert tab.run("scrollY") > 1000
        write_letter(folder, body=OTHER)
        tab.wait_until(f"{BODY}.includes('no cake') && !document.querySelector('#stage').classList.contains('old')")


def test_the_mail_is_as_wide_as_its_screen_and_shown_whole(url):
    with chromium.tab(WIDE) as tab:
        tab.open(f"{url}/campaigns/letter/")
        tab.wait_until(f"{HEIGHT} > 2000")
        widths = tab.run("[...document.querySelectorAll('.screen iframe')].map((one) => one.contentWindow.innerWidth)")
        assert widths == [375, 700]
        hidden = "[...document.querySelectorAll('.screen iframe')].map((one) => one.contentDocument.documentElement.scrollHeight - one.clientHeight)"
        assert all(abs(rest) <= 2 for rest in tab.run(hidden))


def test_the_forced_dark_frame_is_dark_where_the_mail_is_light(url):
    with chromium.tab(PHONE) as tab:
        lightness = []
        for view in ("light", "forced-dark"):
            tab.open(f"{url}/campaigns/letter/frame?view={view}")
            picture = tab.photograph(height=300)
            lightness.append(average(picture))
    light, forced = lightness
    assert light > 200
    assert forced < 60


def average(picture: bytes) -> float:
    from io import BytesIO

    from PIL import Image, ImageStat

    with Image.open(BytesIO(picture)) as image:
        return ImageStat.Stat(image.convert("L")).mean[0]


def test_when_the_preview_ends_the_page_says_so(folder):
    bench = Bench(App(load(folder, {})), surroundings)
    with chromium.tab(WIDE) as tab:
        with Server(make_preview_site(bench), listen("127.0.0.1", 0)) as server:
            tab.open(f"{server.url}/campaigns/letter/")
        tab.wait_until("document.querySelector('#watch').innerText.includes('The preview has ended')")
