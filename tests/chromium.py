"""Pages in a headless Chromium: what stands on the screen at a width, in the light or the dark, with or without pictures.

One browser serves a whole test process, and mostly one tab: each look sets all that a look depends on.
"""

import atexit
import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from devtools import PATIENCE, PROGRAM, Chromium, ChromiumFailed

__all__ = ["PROGRAM", "ChromiumFailed", "Screen", "Tab", "photograph", "show", "tab"]

PROBE = Path(__file__).with_name("chromium_probe.js")
#: CSS pixels, of the window that a page is opened in.
HEIGHT = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """width: CSS pixels."""

    width: int
    dark: bool = False
    images: bool = True

    @property
    def name(self) -> str:
        return f"{self.width}{'-dark' if self.dark else ''}{'' if self.images else '-no-images'}"


@dataclass(frozen=True, slots=True)
class Tab:
    """An open tab of a browser."""

    browser: Chromium
    session: str

    def open(self, url: str) -> None:
        """Go to `url` (file:, or http: on loopback), until all of it is loaded."""
        self.browser.forget(self.session)
        answer = self.browser.call("Page.navigate", self.session, url=url)
        if "errorText" in answer:
            raise ChromiumFailed(f"{url}: {answer['errorText']}")
        self.browser.wait_for("Page.loadEventFired", self.session)

    def run(self, script: str) -> Any:
        """The value of the JavaScript expression `script`, awaited if it is a promise."""
        answer = self.browser.call(
            "Runtime.evaluate", self.session, expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise ChromiumFailed(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def wait_until(self, condition: str, seconds: float = PATIENCE) -> Any:
        """The value of the JavaScript expression `condition`, as soon as there is one that is true."""
        until = time.monotonic() + seconds
        while not (value := self._between_pages(condition)):
            if time.monotonic() > until:
                raise ChromiumFailed(f"not within {seconds:.0f} seconds: {condition}\n{self.run(_TEXT)}")
            time.sleep(0.02)
        return value

    def _between_pages(self, condition: str) -> Any:
        """The condition's value, None where the page that was asked gives way to the next one."""
        try:
            return self.run(condition)
        except ChromiumFailed as error:
            if not any(words in str(error) for words in _GIVES_WAY):
                raise
            return None

    def resize(self, screen: Screen) -> None:
        """The width and the colours; the height as at the beginning."""
        self._measure(screen.width, HEIGHT)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if screen.dark else "light"}
        self.browser.call("Emulation.setEmulatedMedia", self.session, features=[scheme])

    def _measure(self, width: int, height: int) -> None:
        self.browser.call(
            "Emulation.setDeviceMetricsOverride",
            self.session,
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def photograph(self, *, height: int | None = None) -> bytes:
        """A PNG of the first `height` pixels, or of the whole page; the window is as high from then on."""
        whole = self.run(_ALL_OF_IT)  # pictures decoded first
        # A window of the right height, and the quick way to compress: a fifth of the time for a long page.
        self._measure(self.run("innerWidth"), height or whole)
        answer = self.browser.call("Page.captureScreenshot", self.session, format="png", optimizeForSpeed=True)
        return base64.b64decode(answer["data"])


_PICTURES = [f"*.{extension}" for extension in ("gif", "jpeg", "jpg", "png", "webp")]
#: What Chromium says of a page that a click has left while something was asked of it.
_GIVES_WAY = (
    "target navigated or closed",
    "context was destroyed",
    "Cannot find context",
    "Cannot find default execution context",
)
_TEXT = "document.body?.innerText.slice(0, 500)"
_ALL_OF_IT = (
    "Promise.all([...document.images].map((image) => image.naturalWidth && image.decode().catch(() => 0)))"
    ".then(() => Math.max(1, document.documentElement.scrollHeight))"
)


@cache
def _browser() -> Chromium:
    found = Chromium()
    atexit.register(found.close)
    return found


#: Tabs that nobody looks at now: to open one takes as long as to look at a page.
_idle: list[Tab] = []


@contextmanager
def tab(screen: Screen) -> Iterator[Tab]:
    """A tab with a screen of that width, those colours, and pictures or none."""
    found = _idle.pop() if _idle else _new_tab()
    found.resize(screen)
    found.browser.call("Network.setBlockedURLs", found.session, urls=[] if screen.images else _PICTURES)
    yield found
    _idle.append(found)  # one in which something failed is not used again


def _new_tab() -> Tab:
    browser = _browser()
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Inspector", "Network"):
        browser.call(f"{domain}.enable", session)
    return Tab(browser, session)


@contextmanager
def shown(page: str, screen: Screen, folder: Path) -> Iterator[Tab]:
    """A tab that shows the HTML `page`, written into `folder` beside its pictures."""
    path = folder / f"{screen.name}.html"
    path.write_text(page, encoding="utf-8")
    with tab(screen) as found:
        found.open(path.as_uri())
        yield found


def show(page: str, screen: Screen, folder: Path) -> dict[str, Any]:
    """What `chromium_probe.js` reports of the HTML `page`."""
    with shown(page, screen, folder) as found:
        report: dict[str, Any] = found.run(f"{PROBE.read_text(encoding='utf-8')}\nreport(document)")
        return report


def photograph(page: str, screen: Screen, folder: Path, height: int | None = None) -> Path:
    """A PNG of the first `height` pixels, or of all of the HTML `page`."""
    picture = folder / f"{screen.name}.png"
    with shown(page, screen, folder) as found:
        picture.write_bytes(found.photograph(height=height))
    return picture
