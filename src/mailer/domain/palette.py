"""Every colour of the mail and of the web pages, in the light and in the dark, from the few tokens of [brand].

The promise: whatever colours a group sets, every text reads at 4.5:1 on every ground that it stands on (`PAIRS`). A
token that does not is moved towards black or white until it does, and `Palette.adjusted` says so. Paper and canvas stay
as they are set; what stands on them gives way. Colours nobody sets follow from those that are set.

A button's label has the colour of the paper: the pair that makes a link readable makes the button readable.
"""

from dataclasses import dataclass
from functools import lru_cache

from mailer.domain.colour import READABLE, contrast, end_for, mixed, multiplied, readable_on, reads, six_digits
from mailer.settings import BrandSettings

#: (text, ground): what stands on what, in mail and on pages.
PAIRS = (
    ("ink", "paper"),
    ("ink", "tint"),
    ("muted", "paper"),
    ("muted", "tint"),
    ("accent", "paper"),
    ("accent", "tint"),
    ("paper", "accent"),
    ("canvas_ink", "canvas"),
    ("canvas_muted", "canvas"),
    ("canvas_accent", "canvas"),
    ("canvas", "canvas_accent"),
)
#: Warm greys laid over the paper; on white they are these very colours.
_TINT, _LINE, _TRACK = "#f8f5f0", "#ddd6cc", "#e3dcd2"
#: An ink with less contrast is as dark as its dark ground, or as pale as its pale one.
_WRONG_SIDE = 2.5
#: A strip of colour with less contrast is not seen.
_SHOWS = 1.1
#: How much white a dark paper takes for the same.
_DARK_TINT, _DARK_LINE, _DARK_TRACK = 0.05, 0.18, 0.22
_INK_ON_PALE, _INK_ON_DARK = "#1d1b20", "#efeae4"
_MUTED_ON_PALE, _MUTED_ON_DARK = "#5f5953", "#b9b1a9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """One scheme; each colour as `#rrggbb`.

    canvas_ink, canvas_muted, canvas_accent: what stands on the canvas. edge: the accent where nobody has to read it.
    """

    canvas: str
    paper: str
    tint: str
    line: str
    track: str
    ink: str
    muted: str
    accent: str
    canvas_ink: str
    canvas_muted: str
    canvas_accent: str
    edge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One text on one ground. scheme: "light" or "dark"; text and ground name fields of `Colours`."""

    scheme: str
    text: str
    ground: str
    text_colour: str
    ground_colour: str
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A token of [brand] that does not read. ground: on which it reads worst; ratio, became_ratio: there."""

    token: str
    scheme: str
    wanted: str
    became: str
    ground: str
    ground_colour: str
    ratio: float
    became_ratio: float

    @property
    def sentence(self) -> str:
        """Which colour, on what, how badly it reads, and what stands there instead."""
        return (
            f"brand.{self.token} {self.wanted} reads at {in_words(self.ratio)} on the {self.ground} {self.ground_colour}, "
            f"and {READABLE}:1 is needed: in the {self.scheme} it becomes {self.became} ({in_words(self.became_ratio)})"
        )


def in_words(ratio: float) -> str:
    """A contrast ratio as people write it, rounded down: 4.499 is not 4.5."""
    return f"{int(ratio * 10) / 10}:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Both schemes, what stands on what in them, and which tokens had to give way."""

    light: Colours
    dark: Colours
    pairs: tuple[Pair, ...]
    adjusted: tuple[Adjustment, ...]


@lru_cache(maxsize=32)
def palette_of(brand: BrandSettings) -> Palette:
    """The palette that `brand` gives."""
    light = _light(brand)
    dark = _dark(brand)
    tokens = [("ink", "light", brand.ink), ("accent", "light", brand.accent)]
    if brand.accent_dark:  # left to us, the accent of the dark is made to read and nobody's wish is overruled
        tokens.append(("accent_dark", "dark", brand.accent_dark))
    adjusted = (
        _adjustment(token, scheme, wanted, light if scheme == "light" else dark) for token, scheme, wanted in tokens
    )
    return Palette(
        light=light,
        dark=dark,
        pairs=(*_pairs("light", light), *_pairs("dark", dark)),
        adjusted=tuple(one for one in adjusted if one),
    )


def _light(brand: BrandSettings) -> Colours:
    canvas, paper = six_digits(brand.canvas), six_digits(brand.paper)
    tint, line, track = _on_paper(paper)
    ink, accent = _ink(brand.ink, paper, tint), readable_on(brand.accent, paper, tint)
    shows = reads(brand.accent, canvas, paper) >= _SHOWS
    return Colours(
        canvas=canvas,
        paper=paper,
        tint=tint,
        line=line,
        track=track,
        ink=ink,
        muted=readable_on(_muted(paper), paper, tint),
        accent=accent,
        canvas_ink=_ink(ink, canvas),
        canvas_muted=readable_on(_muted(canvas), canvas),
        canvas_accent=readable_on(accent, canvas),
        edge=six_digits(brand.accent) if shows else accent,
    )


def _dark(brand: BrandSettings) -> Colours:
    """Designed once, the accent apart: near-black grounds suit every colour."""
    canvas, paper, tint = "#121013", "#1d1a1f", "#272329"
    accent = readable_on(brand.accent_dark or brand.accent, paper, tint, canvas)
    return Colours(
        canvas=canvas,
        paper=paper,
        tint=tint,
        line="#403a43",
        track="#453f48",
        ink=_INK_ON_DARK,
        muted=_MUTED_ON_DARK,
        accent=accent,
        canvas_ink=_INK_ON_DARK,
        canvas_muted=_MUTED_ON_DARK,
        canvas_accent=accent,
        edge=accent,
    )


def _is_dark(ground: str) -> bool:
    return end_for(ground) == "#ffffff"


def _ink(ink: str, *grounds: str) -> str:
    """`ink` if it reads; on the wrong side of the grounds, where its nearest shade would be a mere grey, the designed one."""
    if reads(ink, *grounds) < _WRONG_SIDE:
        ink = _INK_ON_DARK if _is_dark(grounds[0]) else _INK_ON_PALE
    return readable_on(ink, *grounds)


def _muted(ground: str) -> str:
    return _MUTED_ON_DARK if _is_dark(ground) else _MUTED_ON_PALE


def _on_paper(paper: str) -> tuple[str, str, str]:
    """Tint, line and track for a paper. The tint stays near enough for one text to read on both, if need be at no distance."""
    if _is_dark(paper):
        full, line, track = (mixed(paper, "#ffffff", share) for share in (_DARK_TINT, _DARK_LINE, _DARK_TRACK))
    else:
        full, line, track = (multiplied(paper, glaze) for glaze in (_TINT, _LINE, _TRACK))
    shades = (mixed(paper, full, share) for share in (1, 0.5, 0.25))
    return next((tint for tint in shades if _is_dark(tint) == _is_dark(paper)), paper), line, track


def _pairs(scheme: str, colours: Colours) -> list[Pair]:
    named = [(text, ground, getattr(colours, text), getattr(colours, ground)) for text, ground in PAIRS]
    return [
        Pair(scheme=scheme, text=text, ground=ground, text_colour=one, ground_colour=two, ratio=contrast(one, two))
        for text, ground, one, two in named
    ]


def _adjustment(token: str, scheme: str, wanted: str, colours: Colours) -> Adjustment | None:
    name = token.partition("_")[0]
    became = getattr(colours, name)
    grounds = {ground: getattr(colours, ground) for text, ground in PAIRS if text == name}
    if became == six_digits(wanted):
        return None
    worst = min(grounds, key=lambda ground: contrast(wanted, grounds[ground]))
    return Adjustment(
        token=token,
        scheme=scheme,
        wanted=wanted,
        became=became,
        ground=worst,
        ground_colour=grounds[worst],
        ratio=contrast(wanted, grounds[worst]),
        became_ratio=reads(became, *grounds.values()),
    )
