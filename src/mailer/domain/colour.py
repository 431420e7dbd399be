"""Colours a group can choose freely: how well a pair reads, and the nearest shade that reads well enough."""

import colorsys
import re

#: WCAG 2.2, success criterion 1.4.3 (AA), text of ordinary size.
READABLE = 4.5
#: Colours that a group may name; all of them read on white.
NAMED = {
    "red": "#b3261e",
    "orange": "#b34700",
    "brown": "#7a4a21",
    "green": "#1b6e3c",
    "teal": "#0f6b6b",
    "blue": "#1d4f91",
    "purple": "#6b2d8f",
    "pink": "#b5245f",
    "black": "#1d1b20",
}
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


def colour_called(text: str) -> str:
    """The colour somebody means by `text`, as `#rrggbb`: one of `NAMED`, or three or six digits with or without the #.

    "" if it is none.
    """
    word = text.strip().casefold()
    digits = word if word.startswith("#") else f"#{word}"
    return NAMED.get(word) or (six_digits(digits) if _HEX.fullmatch(digits) else "")


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb` or `#rgb` colours, 1 to 21 (WCAG 2.2, "contrast ratio"). ValueError for another form."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def six_digits(colour: str) -> str:
    """`colour` as `#rrggbb` in small letters."""
    return _hex(_channels(colour))


def reads(colour: str, *grounds: str) -> float:
    """The lowest contrast of `colour` on any of `grounds`."""
    return min(contrast(colour, ground) for ground in grounds)


def end_for(*grounds: str) -> str:
    """Black or white, whichever reads better on all of `grounds`; on a single one it always reads at 4.5."""
    return max(("#000000", "#ffffff"), key=lambda end: reads(end, *grounds))


def readable_on(colour: str, *grounds: str) -> str:
    """`colour` as `#rrggbb` if it reads on all of `grounds`, else the nearest lightness of its hue that does.

    It moves towards `end_for(*grounds)`, and is that in the end if nothing before it reads.
    """
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    end = _channels(end_for(*grounds))[0]
    shade = _hex(colorsys.hls_to_rgb(hue, lightness, saturation))
    for step in range(1, 101):
        if reads(shade, *grounds) >= READABLE:
            break
        shade = _hex(colorsys.hls_to_rgb(hue, lightness + (end - lightness) * step / 100, saturation))
    return shade


def mixed(colour: str, other: str, share: float) -> str:
    """`colour` with `share` of `other` in it: 0 for none, 1 for nothing else."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return _hex(tuple(one + (two - one) * share for one, two in pairs))


def multiplied(colour: str, other: str) -> str:
    """`other` laid over `colour` as glaze is: on white it is itself, on anything else darker."""
    return _hex(tuple(one * two for one, two in zip(_channels(colour), _channels(other), strict=True)))


def _channels(colour: str) -> tuple[float, float, float]:
    """Red, green, blue, each 0 to 1."""
    if not _HEX.fullmatch(colour):
        raise ValueError(f'"{colour}" is not a colour such as #b3261e')
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hex(channels: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
