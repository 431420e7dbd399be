"""A mail in a headless Chromium: what stands on the screen at a width, in the light or the dark, with or without pictures.

A window cannot be as narrow as a phone, so the mail is shown in a frame of the width asked for.
"""

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROBE = Path(__file__).with_name("chromium_probe.js")
PROGRAM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_TITLE = re.compile(r"<title>(\{.*?\})</title>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """width: CSS pixels."""

    width: int
    dark: bool = False
    images: bool = True

    @property
    def name(self) -> str:
        return f"{self.width}{'-dark' if self.dark else ''}{'' if self.images else '-no-images'}"


def show(mail: str, screen: Screen, folder: Path) -> dict[str, Any]:
    """What `chromium_probe.js` reports of the HTML `mail`."""
    dumped = _run(mail, screen, folder, "--dump-dom")
    found = _TITLE.search(dumped)
    assert found, f"the page did not load: {dumped[:500]}"
    return json.loads(html.unescape(found[1]))


def photograph(mail: str, screen: Screen, folder: Path, height: int) -> Path:
    """A PNG of the first `height` pixels."""
    picture = folder / f"{screen.name}.png"
    _run(mail, screen, folder, f"--screenshot={picture}", f"--window-size={max(screen.width, 500)},{height}")
    return picture


def _run(mail: str, screen: Screen, folder: Path, *flags: str) -> str:
    assert PROGRAM
    page = folder / f"{screen.name}.html"
    page.write_text(_page(mail, screen), encoding="utf-8")
    settings = [f"preferredColorScheme={0 if screen.dark else 1}"]
    if not screen.images:
        settings.append("imagesEnabled=false")
    profile = folder / f"profile-{screen.name}"
    done = subprocess.run(
        [
            PROGRAM,
            *FLAGS,
            f"--user-data-dir={profile}",
            f"--blink-settings={','.join(settings)}",
            *flags,
            page.as_uri(),
        ],
        capture_output=True,
        check=True,
        timeout=120,
    )
    shutil.rmtree(profile, ignore_errors=True)
    return done.stdout.decode()


def _page(mail: str, screen: Screen) -> str:
    return (
        '<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title></title>'
        f"<body style='margin:0'><script>{PROBE.read_text(encoding='utf-8')}</script>"
        f'<iframe id="mail" srcdoc="{html.escape(mail)}" style="border:0;width:{screen.width}px;height:5200px"></iframe>'
    )
