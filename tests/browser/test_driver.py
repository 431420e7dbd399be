"""The browser that looks at our pages does what the other tests ask of it, and says so when it cannot."""

import os
import signal

import pytest
from PIL import Image

import chromium
import devtools
from chromium import ChromiumFailed, Screen

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="NOT LOOKED AT: there is no Chromium here"),
]
PAGE = """\
<!DOCTYPE html><html lang="en"><title>x</title>
<style>body { margin: 0; background: #fff; height: 1500px } @media (prefers-color-scheme: dark) { body { background: #000 } }</style>
<img src="red.png" alt="A red field" width="200">"""


@pytest.fixture
def page(tmp_path):
    Image.new("RGB", (200, 100), "red").save(tmp_path / "red.png")
    path = tmp_path / "page.html"
    path.write_text(PAGE, encoding="utf-8")
    return path.as_uri()


def test_one_tab_after_another_has_its_own_width_colours_and_pictures(page, tmp_path):
    for screen in (Screen(width=375), Screen(width=700, dark=True), Screen(width=375, images=False), Screen(width=375)):
        with chromium.tab(screen) as tab:
            tab.open(page)
            assert tab.run("innerWidth") == screen.width
            assert tab.run("document.images[0].naturalWidth > 0") is screen.images
            (tmp_path / "shot.png").write_bytes(tab.photograph())
        with Image.open(tmp_path / "shot.png") as picture:
            assert picture.size == (screen.width, 1500)
            seen = picture.convert("RGB")
            assert seen.getpixel((300, 1400)) == ((0, 0, 0) if screen.dark else (255, 255, 255))
            assert (seen.getpixel((100, 50)) == (255, 0, 0)) is screen.images


def test_what_fails_in_a_page_is_said(page, monkeypatch):
    with pytest.raises(ChromiumFailed, match="nobody is not defined"), chromium.tab(Screen(width=375)) as tab:
        tab.run("nobody.there")
    with pytest.raises(ChromiumFailed, match=r"not-there\.html"), chromium.tab(Screen(width=375)) as tab:
        tab.open(page.replace("page.html", "not-there.html"))
    with pytest.raises(ChromiumFailed, match=r"not within 0 seconds: 1 > 2"), chromium.tab(Screen(width=375)) as tab:
        tab.wait_until("1 > 2", seconds=0)
    monkeypatch.setattr(devtools, "PATIENCE", 0.2)
    with pytest.raises(ChromiumFailed, match=r"no answer within"), chromium.tab(Screen(width=375)) as tab:
        tab.run("new Promise(() => 0)")


def test_a_browser_that_dies_is_reported_and_leaves_nothing():
    browser = devtools.Chromium()
    try:
        assert browser.call("Browser.getVersion")["product"]
        os.killpg(browser.pid, signal.SIGKILL)
        with pytest.raises(ChromiumFailed, match="Chromium has ended"):
            browser.call("Browser.getVersion")
    finally:
        browser.close()
    assert not browser.profile.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(browser.pid, 0)


def test_a_page_that_gives_way_to_the_next_is_asked_again(tmp_path):
    (tmp_path / "page.html").write_text("<p>first</p>")
    (tmp_path / "next.html").write_text("<p>second</p>")
    with chromium.tab(Screen(width=375)) as tab:
        tab.open((tmp_path / "page.html").as_uri())
        tab.run("void setTimeout(() => location.replace('next.html'), 50)")
        slow = "new Promise((done) => setTimeout(() => done(document.body.innerText === 'second'), 300))"
        assert tab.wait_until(slow)
