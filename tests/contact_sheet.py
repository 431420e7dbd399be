"""Draws a contact sheet of every kind: `python tests/contact_sheet.py [KIND…] [--out FOLDER]`.

On one sheet a phone, a desk, a phone in the dark, one without pictures, and the text part, of the first example campaign of
the kind. Without --out the sheets go to docs/kinds/images, where docs/kinds/KIND.md shows them.
"""

import argparse
import tempfile
from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import chromium
from chromium import Screen
from example_mail import EXAMPLES, ROOT, example_mail

FOLDER = ROOT / "docs" / "kinds" / "images"
#: (what is written above it, the screen, whether its text part is shown)
VIEWS: Sequence[tuple[str, Screen, bool]] = (
    ("Phone", Screen(width=375), False),
    ("Desk", Screen(width=700), False),
    ("Phone, dark", Screen(width=375, dark=True), False),
    ("Phone, no pictures", Screen(width=375, images=False), False),
    ("Text", Screen(width=560), True),
)
#: CSS pixels: a mail that is longer is cut off.
TALLEST = 7600
GAP, HEAD = 40, 64
#: A sheet has at most so many bytes: the more there is on it, the smaller it is drawn.
MOST_BYTES = 250_000
SCALES = (0.5, 0.46, 0.42, 0.38, 0.35, 0.32, 0.3, 0.28, 0.26)
QUALITY = 62
CANVAS, INK = "#e7e2da", "#1d1b20"


def examples() -> dict[str, str]:
    """The first example campaign of every kind that has one."""
    found: dict[str, str] = {}
    for slug in EXAMPLES:
        source = (ROOT / "campaigns" / f"{slug}.md").read_text(encoding="utf-8")
        kind = source.partition("kind: ")[2].partition("\n")[0].strip()
        found.setdefault(kind, slug)
    return found


def draw(slug: str) -> bytes:
    """The sheet of a campaign, a JPEG."""
    mail = example_mail(slug)
    shots = []
    with tempfile.TemporaryDirectory() as folder:
        html = mail.with_pictures_in(Path(folder))
        for title, screen, text in VIEWS:
            page = _text_page(f"Subject: {mail.subject}\n\n{mail.text}") if text else html
            content = chromium.photograph(page, screen, Path(folder)).read_bytes()
            shots.append((title, Image.open(BytesIO(content)).convert("RGB")))
    return _jpeg(_sheet(shots))


def _text_page(text: str) -> str:
    style = "margin:0;padding:24px;font:14px/1.5 monospace;white-space:pre-wrap;overflow-wrap:anywhere"
    return f'<!DOCTYPE html><meta charset="utf-8"><body style="margin:0;background:#fff"><pre style="{style}">{escape(text)}</pre>'


def _sheet(shots: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    height = min(TALLEST, max(shot.height for _, shot in shots))
    width = sum(shot.width for _, shot in shots) + GAP * (len(shots) + 1)
    sheet = Image.new("RGB", (width, height + HEAD + GAP), CANVAS)
    pen, left = ImageDraw.Draw(sheet), GAP
    for title, shot in shots:
        pen.text((left, 16), title, fill=INK, font=ImageFont.load_default(28))
        sheet.paste(shot.crop((0, 0, shot.width, min(shot.height, height))), (left, HEAD))
        left += shot.width + GAP
    return sheet


def _jpeg(sheet: Image.Image) -> bytes:
    """As large as fits: at a lower quality flat colours would change."""
    for scale in SCALES:
        out = BytesIO()
        small = sheet.resize((int(sheet.width * scale), int(sheet.height * scale)), Image.Resampling.LANCZOS)
        small.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=True)
        if out.tell() <= MOST_BYTES:
            break
    return out.getvalue()


def main() -> None:
    known = examples()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", choices=[[], *known], metavar="KIND")
    parser.add_argument("--out", type=Path, default=FOLDER)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for kind in asked.kinds or known:
        path = asked.out / f"{kind.replace('_', '-')}.jpg"
        path.write_bytes(draw(known[kind]))
        print(path)


if __name__ == "__main__":
    main()
