"""Colours a group can choose freely: how well a pair reads, and the nearest shade that reads well enough."""

import colorsys
import re

#: WCAG 2.2, success criterion 1.4.3 (AA), text of ordinary size.
READABLE = 4.5
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb` or `#rgb` colours, 1 to 21 (WCAG 2.2, "contrast ratio"). ValueError for another form."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(colour: str, ground: str, ratio: float = READABLE) -> str:
    """`colour` as `#rrggbb` if it reads on `ground`, else the nearest lightness of its hue that does.

    It moves towards black on a pale ground and towards white on a dark one; one of the two ends always reads at 4.5.
    """
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    end = 0.0 if contrast("#000000", ground) > contrast("#ffffff", ground) else 1.0
    shade = _hex(colorsys.hls_to_rgb(hue, lightness, saturation))
    for step in range(1, 101):
        if contrast(shade, ground) >= ratio:
            break
        shade = _hex(colorsys.hls_to_rgb(hue, lightness + (end - lightness) * step / 100, saturation))
    return shade


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


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
