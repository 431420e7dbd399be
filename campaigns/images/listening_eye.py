"""An eye made of radio waves, on a mast, above a march of blank placards."""

import math
import random

from pen import CREAM, DUSK, HEIGHT, INK, NIGHT, OCHRE, RED, WIDTH, Sheet, placard


def draw() -> None:
    sheet = Sheet(NIGHT)
    centre = (600.0, 232.0)
    for index, radius in enumerate(range(620, 150, -58)):
        sheet.disc(*centre, radius, DUSK if index % 2 else "#1c323b")
    _eye(sheet, centre)
    _mast(sheet, centre[0], centre[1] + 139, 566)
    _rooftops(sheet)
    chance = random.Random("placards")
    for x in range(40, WIDTH, 74):
        placard(sheet, x + chance.randint(-14, 14), 520 + chance.randint(-34, 40), chance)
    for x in range(-10, WIDTH + 40, 46):
        sheet.disc(x + chance.randint(-8, 8), 668 + chance.randint(-10, 14), 33, INK)
    sheet.save("listening-eye.jpg")


def _eye(sheet: Sheet, centre: tuple[float, float]) -> None:
    x, y = centre
    half, height = 290, 138
    lid = [(x - half + 2 * half * t, y - height * math.sin(math.pi * t)) for t in (step / 80 for step in range(81))]
    under = [(px, 2 * y - py) for px, py in reversed(lid)]
    sheet.polygon(lid + under, CREAM)
    for radius, colour in ((122, RED), (96, CREAM), (84, RED), (60, CREAM), (50, RED), (28, INK)):
        sheet.disc(x, y, radius, colour)
    sheet.disc(x + 10, y - 11, 7, CREAM)
    sheet.line(lid, INK, 9)
    sheet.line(under, INK, 5)


def _mast(sheet: Sheet, x: float, top: float, foot: float) -> None:
    """A lattice mast."""
    spread = 58

    def width_at(y: float) -> float:
        return 7 + spread * (y - top) / (foot - top)

    for side in (-1, 1):
        sheet.line([(x + side * 7, top), (x + side * (7 + spread), foot)], INK, 6)
    y = top
    while y < foot:
        below = min(y + 30, foot)
        sheet.line([(x - width_at(y), y), (x + width_at(below), below)], INK, 3)
        sheet.line([(x + width_at(y), y), (x - width_at(below), below)], INK, 3)
        y = below


def _rooftops(sheet: Sheet) -> None:
    chance = random.Random("rooftops")
    x = -20
    while x < WIDTH:
        width, height = chance.randint(54, 120), chance.randint(70, 190)
        sheet.box(x, HEIGHT - height - 60, width - 4, height + 80, "#0f1a20")
        for window in range(chance.randint(0, 3)):
            lit = chance.choice((OCHRE, "#33505a"))
            sheet.box(x + 12 + (window % 2) * 26, HEIGHT - height - 44 + (window // 2) * 26, 11, 14, lit)
        x += width
