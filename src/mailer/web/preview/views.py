"""The ways to look at a mail, and its HTML made ready for a frame."""

import re
from dataclasses import dataclass

from mailer.web.frames import Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One tab. note: what has to be known about it. framed: shown as a phone and a desktop show it."""

    name: str
    label: str
    scheme: Scheme = Scheme.LIGHT
    images: bool = True
    framed: bool = True
    note: str = ""


VIEWS = (
    View(name="light", label="Light"),
    View(name="dark", label="Dark", scheme=Scheme.DARK),
    View(
        name="forced-dark",
        label="Forced dark",
        scheme=Scheme.FORCED_DARK,
        note="A likeness: some clients, such as Gmail on an iPhone and Outlook on Windows, darken mail by rules of their "
        "own and ignore its dark colours. Here lightness is turned over, and hues and pictures stay.",
    ),
    View(name="images-off", label="Images off", images=False),
    View(name="text", label="Text", framed=False),
    View(name="headers", label="Headers", framed=False),
    View(name="source", label="Source", framed=False),
)


def view_named(name: str) -> View:
    """The view of that name, else the first."""
    return next((view for view in VIEWS if view.name == name), VIEWS[0])


def at_home(html: str, public_url: str, *, media: str, links: str | None) -> str:
    """`html` with what mail links at `public_url` led elsewhere: its files below `media`, its own pages below `links`.

    links: None leaves the pages where they are.
    """
    ours = re.compile(rf"""(?<=["'(]){re.escape(public_url)}/(media|u|v|p|c)/""")

    def elsewhere(found: re.Match[str]) -> str:
        if found[1] == "media":
            return media
        return found[0] if links is None else f"{links}{found[1]}/"

    return ours.sub(elsewhere, html)
