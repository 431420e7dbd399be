"""The logo of [brand], as it stands at the top of the mail and of every page.

It fits a box, so that neither a tall one nor a wide one pushes the letter away. A transparent logo is laid on the paper
of the light scheme: most are drawn for paper, and black letters on nothing would be gone in the dark. What has the
paper's colour around it gets a rim of that colour in the dark (`on_paper`). What is wrong with the file is wrong in
mailer.toml, which names it.
"""

import io
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

from mailer.domain.colour import contrast
from mailer.domain.media import MediaFile
from mailer.domain.palette import palette_of
from mailer.domain.picture import Picture
from mailer.errors import InputProblems, Problem
from mailer.rendering.images import prepare
from mailer.settings import Settings

#: CSS pixels; the picture has up to twice as many, for sharp phones.
WIDEST, TALLEST = 240, 72
#: A colour this near to the paper is taken for it; everything else shows.
_PAPER = 1.15
_SHOWS = 1.3
#: A logo of which less shows is lost on the paper.
_LEAST = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """width, height: at which it is shown, in CSS pixels. on_paper: its corners have the paper's colour. lost: all of it has."""

    picture: Picture
    width: int
    height: int
    on_paper: bool
    lost: bool


def logo_of(settings: Settings, root: Path) -> Logo | None:
    """The logo of the project in `root`; None if its brand has none.

    Raises InputProblems, at the line of mailer.toml, for a file that is missing, outside the project or no picture.
    """
    name = settings.brand.logo
    if not name:
        return None
    home = root.resolve()
    try:
        path = (home / name).resolve()
    except (OSError, ValueError):  # no name of a file: too long, or with a NUL in it
        path = home.parent
    if not path.is_relative_to(home):
        raise _problem(settings, "is outside the project", "put the picture into the project's folder")
    try:
        paper = palette_of(settings.brand).light.paper
        picture = prepare(path, shown_as=name, within=(2 * WIDEST, 2 * TALLEST), ground=paper)
    except InputProblems as error:
        found = error.problems[0]
        there = os.path.isfile(path)  # noqa: PTH113 (a name that is too long is no file: pathlib raises)
        hint = found.hint if there else "paths count from the project's folder"
        raise _problem(settings, f"{name}: {found.message}", hint) from error
    scale = min(1, WIDEST / picture.width, TALLEST / picture.height)
    on_paper, lost = _against(picture, paper)
    return Logo(
        picture=picture,
        width=max(1, round(picture.width * scale)),
        height=max(1, round(picture.height * scale)),
        on_paper=on_paper,
        lost=lost,
    )


def _problem(settings: Settings, message: str, hint: str) -> InputProblems:
    file, line = settings.place_of("brand.logo")
    problem = Problem(rule="image", file=file, line=line, message=f"brand.logo {message}", hint=hint)
    return InputProblems([problem])


@lru_cache(maxsize=32)
def _against(picture: MediaFile, paper: str) -> tuple[bool, bool]:
    """(whether the corners have the colour of the paper, whether nothing in it has another)."""
    with Image.open(io.BytesIO(picture.content)) as opened:
        image = opened.convert("RGB")
    right, bottom = image.width - 1, image.height - 1
    corners = [_hex(image.getpixel(place)) for place in ((0, 0), (right, 0), (0, bottom), (right, bottom))]
    small = image.copy()
    small.thumbnail((64, 64))
    colours = small.getcolors(64 * 64) or []
    seen = sum(count for count, colour in colours if contrast(_hex(colour), paper) >= _SHOWS)
    return all(contrast(corner, paper) < _PAPER for corner in corners), seen < _LEAST * small.width * small.height


def _hex(pixel: object) -> str:
    assert isinstance(pixel, tuple)
    return "#" + "".join(f"{level:02x}" for level in pixel)
