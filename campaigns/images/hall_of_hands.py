"""A hall seen from its last row: raised hands, banners on the walls, and an empty lectern in the light."""

import math
import random
from collections.abc import Callable

from pen import CREAM, DEEP_RED, DUSK, INK, NIGHT, OCHRE, RED, SAND, WIDTH, Sheet

FLOOR = 420  #: where the stage ends and the crowd begins
SKINS = ("#3b2a22", "#5a3d2e", "#7d563f", "#a8785a", "#c99a77", "#e0b995")
Along = Callable[..., tuple[float, float]]  #: a place on an arm: how far along it, and pixels across
SLEEVES = (RED, OCHRE, CREAM, "#4a7580", DEEP_RED, "#5e7f86")


def draw() -> None:
    sheet = Sheet(NIGHT)
    _light(sheet)
    _banners(sheet)
    _stage(sheet)
    chance = random.Random("hands")
    rows = ((462, 0.6, 23, "#35555f"), (528, 0.82, 17, "#22383f"), (622, 1.1, 12, INK))
    for row, (y, size, count, colour) in enumerate(rows):
        gap = WIDTH / count
        for place in range(-1, count + 1):
            x = gap * (place + 0.5 + (row % 2) * 0.5) + chance.uniform(-0.12, 0.12) * gap
            _person(sheet, (x, y + chance.uniform(-8, 8)), size, colour, chance)
    sheet.save("hall-of-hands.jpg")


def _light(sheet: Sheet) -> None:
    """Rays from above the stage, and the glow behind it."""
    for index in range(17):
        if index % 2:
            continue
        left, right = (math.pi * (0.02 + 0.96 * (index + edge) / 17) for edge in (0, 1))
        far = 1400
        sheet.polygon(
            [
                (600, 40),
                (600 - far * math.cos(left), 40 + far * math.sin(left)),
                (600 - far * math.cos(right), 40 + far * math.sin(right)),
            ],
            "#1c323b",
        )
    for radius, colour in ((300, DUSK), (236, "#2d4d58"), (172, OCHRE), (150, CREAM)):
        sheet.disc(600, 330, radius, colour)


def _banners(sheet: Sheet) -> None:
    """Long banners from the ceiling, with bars and discs where words would be."""
    for x, colour, mark in ((74, RED, CREAM), (222, OCHRE, INK), (896, OCHRE, INK), (1044, RED, CREAM)):
        width, length = 82, 266
        sheet.line([(x - 12, 20), (x + width + 12, 20)], SAND, 5)
        sheet.polygon(
            [(x, 20), (x + width, 20), (x + width, length), (x + width / 2, length + 34), (x, length)], colour
        )
        sheet.disc(x + width / 2, 82, 24, mark)
        sheet.disc(x + width / 2, 82, 12, colour)
        for line, share in enumerate((0.62, 0.62, 0.4)):
            half = width * share / 2
            sheet.box(x + width / 2 - half, 132 + line * 30, 2 * half, 11, mark)


def _stage(sheet: Sheet) -> None:
    """A lectern with a microphone, nobody behind it, and two chairs on either side."""
    sheet.box(0, FLOOR - 34, WIDTH, 20, DEEP_RED)
    sheet.box(0, FLOOR - 14, WIDTH, 300, "#0f1a20")
    sheet.polygon([(548, 300), (652, 300), (640, FLOOR - 34), (560, FLOOR - 34)], RED)
    sheet.polygon([(538, 286), (662, 286), (656, 304), (544, 304)], DEEP_RED)
    sheet.line([(600, 286), (594, 258), (584, 240)], INK, 5)
    sheet.disc(581, 234, 11, INK)
    sheet.disc(600, 346, 17, CREAM)
    sheet.disc(600, 346, 8, RED)
    for side in (-1, 1):
        for seat in range(2):
            x = 600 + side * (126 + seat * 66)
            sheet.box(x - 21, 326, 42, 38, INK, radius=5)
            sheet.line([(x - 17, 362), (x - 17, FLOOR - 34)], INK, 5)
            sheet.line([(x + 17, 362), (x + 17, FLOOR - 34)], INK, 5)


def _person(sheet: Sheet, neck: tuple[float, float], size: float, colour: str, chance: random.Random) -> None:
    """Somebody from behind: head, shoulders, and as a rule a hand in the air."""
    x, y = neck
    if chance.random() < 0.7:
        side = chance.choice((-1, 1))
        _arm(sheet, (x + side * 43 * size, y + 46 * size), size, side, chance)
    body = [(-58, 150), (-55, 48), (-44, 26), (-14, 12), (14, 12), (44, 26), (55, 48), (58, 150)]
    sheet.polygon([(x + dx * size, y + dy * size) for dx, dy in body], colour)
    sheet.box(x - 10 * size, y - 8 * size, 20 * size, 28 * size, colour)
    sheet.disc(x, y - 26 * size, 27 * size, colour)
    if chance.random() < 0.35:
        sheet.disc(x, y - 53 * size, 12 * size, colour)


def _arm(sheet: Sheet, shoulder: tuple[float, float], size: float, side: int, chance: random.Random) -> None:
    """A raised arm: a sleeve, a wrist, and a fist or an open hand."""
    skin, sleeve = chance.choice(SKINS), chance.choice(SLEEVES)
    lean = side * chance.uniform(-0.04, 0.22)
    length = chance.uniform(138, 168) * size

    def along(share: float, across: float = 0.0) -> tuple[float, float]:
        return (
            shoulder[0] + math.sin(lean) * length * share + math.cos(lean) * across * size,
            shoulder[1] - math.cos(lean) * length * share + math.sin(lean) * across * size,
        )

    sheet.line([along(0), along(0.64)], sleeve, 25 * size)
    sheet.line([along(0.62), along(0.87)], skin, 16 * size)
    if chance.random() < 0.45:
        _fist(sheet, along, size, skin)
    else:
        _open_hand(sheet, along, size, side, skin)


def _fist(sheet: Sheet, along: Along, size: float, skin: str) -> None:
    sheet.polygon([along(0.84, -12), along(1.0, -15), along(1.0, 15), along(0.84, 12)], skin)
    for knuckle in (-11, -3.7, 3.7, 11):
        sheet.disc(*along(1.0, knuckle), 4.4 * size, skin)
    for crease in (-7.4, 0, 7.4):
        sheet.line([along(0.95, crease), along(1.02, crease)], INK, 1.4 * size)


def _open_hand(sheet: Sheet, along: Along, size: float, side: int, skin: str) -> None:
    sheet.polygon([along(0.84, -11), along(0.99, -13), along(0.99, 13), along(0.84, 11)], skin)
    for finger, reach in ((-10, 1.14), (-3.4, 1.19), (3.4, 1.18), (10, 1.12)):
        sheet.line([along(0.96, finger), along(reach, finger * 1.35)], skin, 5.8 * size)
        sheet.disc(*along(reach, finger * 1.35), 2.9 * size, skin)
    sheet.line([along(0.86, -side * 9), along(1.02, -side * 22)], skin, 6 * size)
