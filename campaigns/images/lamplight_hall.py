"""A hall on a winter night: lit windows, an open door, lanterns over the street, and people on their way in."""

import math
import random

from pen import CREAM, DEEP_RED, DUSK, HEIGHT, INK, NIGHT, OCHRE, RED, SAND, WIDTH, Sheet
from PIL import Image, ImageDraw, ImageFilter

STREET = 520.0
DOOR = 600.0
COATS = ("#0f1a20", DEEP_RED, "#33505a", "#1c323b", "#5a3d2b")


def draw() -> None:
    sheet = Sheet(NIGHT)
    sheet.box(0, STREET, WIDTH, HEIGHT - STREET, "#1c2c33")
    _houses(sheet)
    _hall(sheet)
    for x in (232.0, DOOR, 968.0):
        _glow(sheet, x, 380 if x != DOOR else 450, 250, 70)
    _light(sheet)
    _lanterns(sheet)
    _people(sheet)
    _snow(sheet)
    sheet.save("lamplight-hall.jpg")


def _houses(sheet: Sheet) -> None:
    chance = random.Random("houses")
    x = -30
    while x < WIDTH:
        width, height = chance.randint(90, 150), chance.randint(150, 260)
        sheet.box(x, STREET - height, width - 3, height, "#101c22")
        sheet.polygon(
            [(x, STREET - height), (x + width - 3, STREET - height), (x + width / 2, STREET - height - 46)], "#101c22"
        )
        for window in range(chance.randint(0, 2)):
            sheet.box(x + 22 + window * 40, STREET - height + 34, 17, 24, chance.choice(("#33505a", "#7d6234")))
        x += width


def _hall(sheet: Sheet) -> None:
    """A gabled front of brick, three arched windows to each side of a door that stands open."""
    sheet.polygon([(150, 236), (600, 62), (1050, 236)], DEEP_RED)
    sheet.box(178, 226, 844, STREET - 226, "#8f231d")
    sheet.polygon([(150, 236), (600, 62), (1050, 236), (1050, 252), (600, 80), (150, 252)], INK)
    sheet.disc(600, 178, 40, INK)
    sheet.disc(600, 178, 33, OCHRE)
    for turn in range(4):
        angle = math.pi * turn / 4
        across = (math.cos(angle) * 33, math.sin(angle) * 33)
        sheet.line([(600 - across[0], 178 - across[1]), (600 + across[0], 178 + across[1])], INK, 4)
    for x in (232, 328, 424, 776, 872, 968):
        _window(sheet, x)
    sheet.box(506, 306, 188, STREET - 306, INK, radius=10)
    sheet.disc(600, 318, 94, INK)
    sheet.box(522, 318, 156, STREET - 318, CREAM)
    sheet.disc(600, 320, 78, CREAM)
    # Both leaves of the door, folded back.
    sheet.polygon([(522, 322), (484, 336), (484, STREET + 10), (522, STREET)], "#5a1713")
    sheet.polygon([(678, 322), (716, 336), (716, STREET + 10), (678, STREET)], "#5a1713")
    # Inside: rows of seats, and somebody who waves.
    for row in range(3):
        for seat in range(6 - row):
            sheet.box(546 + row * 9 + seat * 19, 470 - row * 17, 12, 15, SAND, radius=4)
    sheet.box(568, 352, 64, 44, DUSK, radius=3)
    for tile in range(6):
        sheet.disc(579 + tile % 3 * 21, 364 + tile // 3 * 20, 6.5, (OCHRE, CREAM, SAND)[tile % 3])


def _window(sheet: Sheet, x: float) -> None:
    sheet.box(x - 32, 316, 64, 128, INK, radius=3)
    sheet.disc(x, 318, 32, INK)
    sheet.box(x - 25, 318, 50, 119, OCHRE)
    sheet.disc(x, 318, 25, OCHRE)
    sheet.line([(x, 294), (x, 437)], INK, 4)
    for y in (338, 386):
        sheet.line([(x - 25, y), (x + 25, y)], INK, 4)
    sheet.box(x - 38, 444, 76, 9, SAND)


def _glow(sheet: Sheet, x: float, y: float, radius: float, strength: int) -> None:
    """A soft light round (x, y)."""
    scale = sheet.image.width / WIDTH
    mask = Image.new("L", sheet.image.size, 0)
    corners = tuple(side * scale for side in (x - radius * 0.5, y - radius * 0.5, x + radius * 0.5, y + radius * 0.5))
    ImageDraw.Draw(mask).ellipse(corners, fill=strength)
    mask = mask.filter(ImageFilter.GaussianBlur(radius * 0.3 * scale))
    sheet.image.paste(Image.new("RGB", sheet.image.size, OCHRE), (0, 0), mask)


def _light(sheet: Sheet) -> None:
    """What falls out of the door on to the street."""
    sheet.polygon([(522, STREET), (678, STREET), (800, HEIGHT), (400, HEIGHT)], "#e3c48d")
    sheet.polygon([(540, STREET), (660, STREET), (720, HEIGHT), (480, HEIGHT)], CREAM)


def _lanterns(sheet: Sheet) -> None:
    for left, right, sag in (((-20.0, 96.0), (600.0, 40.0), 92.0), ((600.0, 40.0), (1220.0, 96.0), 92.0)):
        rope = []
        for step in range(41):
            t = step / 40
            x = left[0] + (right[0] - left[0]) * t
            y = left[1] + (right[1] - left[1]) * t + sag * 4 * t * (1 - t)
            rope.append((x, y))
        sheet.line(rope, "#5e7f86", 2.4)
        for number, (x, y) in enumerate(rope[3:-2:5]):
            _glow(sheet, x, y + 22, 74, 90)
            sheet.line([(x, y), (x, y + 10)], "#5e7f86", 2)
            colour = (OCHRE, RED, CREAM)[number % 3]
            sheet.disc(x, y + 24, 16, colour)
            sheet.box(x - 8, y + 6, 16, 5, INK)
            sheet.box(x - 8, y + 37, 16, 5, INK)


def _people(sheet: Sheet) -> None:
    chance = random.Random("people")
    for x, feet, size in ((92, 600, 118), (176, 632, 138), (318, 586, 108), (392, 640, 142), (836, 596, 116), (926, 642, 146),
                          (1034, 604, 122), (1120, 636, 136)):  # fmt: skip
        _person(sheet, x, feet, size, chance, towards=1 if x < DOOR else -1)
    _person(sheet, 566, 560, 84, chance, towards=1)
    _person(sheet, 648, 566, 88, chance, towards=-1)
    _on_wheels(sheet, 742, 628, 118)
    # A parent and a child, hand in hand.
    _person(sheet, 476, 606, 120, chance, towards=1)
    _person(sheet, 516, 606, 66, chance, towards=1)
    sheet.line([(488, 552), (508, 566)], "#33505a", 7)


def _person(sheet: Sheet, x: float, feet: float, size: float, chance: random.Random, *, towards: int) -> None:
    """Somebody in a coat and a scarf, seen from behind; `towards` is the way they lean."""
    coat, scarf = chance.choice(COATS), chance.choice((RED, OCHRE, CREAM))
    lean = towards * size * 0.03
    for side in (-1, 1):
        sheet.line([(x + side * size * 0.08, feet - size * 0.3), (x + side * size * 0.11, feet)], INK, size * 0.09)
    sheet.polygon(
        [
            (x - size * 0.13 + lean, feet - size * 0.78),
            (x + size * 0.13 + lean, feet - size * 0.78),
            (x + size * 0.23, feet - size * 0.2),
            (x - size * 0.23, feet - size * 0.2),
        ],
        coat,
    )
    sheet.disc(x + lean, feet - size * 0.9, size * 0.115, chance.choice(("#6b4630", "#9a6a48", "#c99b73", "#3f2a1d")))
    sheet.polygon(
        [
            (x + lean - size * 0.12, feet - size * 0.93),
            (x + lean + size * 0.12, feet - size * 0.93),
            (x + lean + size * 0.08, feet - size * 1.04),
            (x + lean - size * 0.08, feet - size * 1.04),
        ],
        scarf,
    )
    sheet.box(x + lean - size * 0.13, feet - size * 0.81, size * 0.26, size * 0.075, scarf, radius=size * 0.03)
    sheet.box(x + lean - towards * size * 0.13 - size * 0.035, feet - size * 0.78, size * 0.07, size * 0.26, scarf)


def _on_wheels(sheet: Sheet, x: float, feet: float, size: float) -> None:
    """Somebody who comes in a wheelchair, from the right."""
    wheel = size * 0.27
    sheet.line([(x + wheel * 0.9, feet - size * 0.68), (x + wheel * 0.7, feet - size * 0.3)], INK, size * 0.05)
    sheet.line([(x - wheel * 0.3, feet - wheel), (x - wheel * 1.6, feet - size * 0.12)], INK, size * 0.07)
    sheet.polygon(
        [
            (x - size * 0.06, feet - size * 0.78),
            (x + size * 0.19, feet - size * 0.74),
            (x + size * 0.22, feet - size * 0.3),
            (x - size * 0.2, feet - size * 0.3),
        ],
        RED,
    )
    sheet.disc(x + size * 0.05, feet - size * 0.9, size * 0.115, "#9a6a48")
    sheet.box(x - size * 0.08, feet - size * 0.81, size * 0.26, size * 0.075, CREAM, radius=size * 0.03)
    sheet.disc(x + size * 0.04, feet - wheel, wheel, None, outline=INK, line=size * 0.05)
    sheet.disc(x + size * 0.04, feet - wheel, size * 0.05, INK)
    sheet.disc(x - wheel * 1.35, feet - size * 0.07, size * 0.07, INK)


def _snow(sheet: Sheet) -> None:
    chance = random.Random("snow")
    for _ in range(230):
        x, y = chance.uniform(0, WIDTH), chance.uniform(0, HEIGHT)
        sheet.disc(x, y, chance.choice((1.4, 1.8, 2.4, 3.1)), "#dfe6e4" if y < STREET else "#b9c6c6")
