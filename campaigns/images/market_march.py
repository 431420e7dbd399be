"""Market women on the march towards the mountains, seen from behind: hats, braids, bundles, flags and placards."""

import math
import random
from dataclasses import dataclass

from pen import CREAM, DEEP_RED, DUSK, HEIGHT, INK, NIGHT, OCHRE, PAPER, RED, SAND, WIDTH, Sheet, placard

SKIRTS = (RED, DUSK, OCHRE, DEEP_RED, NIGHT)
BUNDLES = (OCHRE, RED, CREAM, DUSK)
CARDIGANS = ("#8f2b52", DUSK, DEEP_RED, "#2f5d50", "#5b3a63")
HATS = ("#6b5138", "#3a2f2a", "#8a6a45")
SKIN, SHADOW = "#8a5a3c", "#c4ae8a"
#: What the women hold up, row by row, from the left.
FAR, NEAR = ("flag", "", "placard", ""), ("", "flag", "", "placard", "", "flag", "placard")


@dataclass(frozen=True)
class Woman:
    """One of those who march: where her feet are, how high she is to her hat, and which of the row."""

    x: float
    foot: float
    size: float
    number: int

    def at(self, across: float, up: float) -> tuple[float, float]:
        """A point of her, in shares of her height."""
        return self.x + self.size * across, self.foot - self.size * up

    def one_of(self, colours: tuple[str, ...]) -> str:
        return colours[self.number % len(colours)]


def draw() -> None:
    sheet = Sheet(PAPER)
    sheet.disc(852, 214, 128, OCHRE)
    _peaks(sheet, 330, 168, "#9fb0ad", seed="far", snow=True)
    _peaks(sheet, 418, 120, "#5e7f86", seed="near", snow=False)
    _peaks(sheet, 470, 62, DUSK, seed="foothills", snow=False)
    sheet.box(0, 452, WIDTH, HEIGHT - 452, SAND)
    chance = random.Random("march")
    for foot, size, gap, first, loads in ((540, 138, 92, 10, FAR), (658, 262, 178, 60, NEAR)):
        for number, x in enumerate(range(first, WIDTH + 60, gap)):
            woman = Woman(x + chance.randint(-9, 9), foot + chance.randint(-6, 6), size, number)
            _march(sheet, woman, loads[number % len(loads)], chance)
    sheet.save("market-march.jpg")


def _peaks(sheet: Sheet, foot: float, height: float, colour: str, *, seed: str, snow: bool) -> None:
    """Mountains across the whole width, with snow or without."""
    chance = random.Random(seed)
    x = -120.0
    while x < WIDTH + 120:
        width = height * chance.uniform(1.5, 2.3)
        peak = foot - height * chance.uniform(0.7, 1.25)
        top, left, right = (x + width * chance.uniform(0.42, 0.58), peak), (x, foot), (x + width, foot)
        sheet.polygon([left, top, right, (x + width, foot + 160), (x, foot + 160)], colour)
        if snow:
            edge = [_between(top, left, 0.24), _between(top, (top[0] - width * 0.06, foot), 0.17)]
            edge += [_between(top, (top[0] + width * 0.04, foot), 0.27), _between(top, right, 0.2)]
            sheet.polygon([top, *edge], CREAM)
        x += width * chance.uniform(0.5, 0.72)


def _between(one: tuple[float, float], other: tuple[float, float], share: float) -> tuple[float, float]:
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share


def _march(sheet: Sheet, woman: Woman, load: str, chance: random.Random) -> None:
    side = 1 if woman.number % 2 else -1
    sheet.box(*woman.at(-0.3, 0.03), woman.size * 0.6, woman.size * 0.07, SHADOW, radius=woman.size * 0.035)
    hand = woman.at(side * 0.24, 1.02)
    if load == "placard":
        # The stick of a placard is as long as a woman in the first row is high.
        placard(sheet, hand[0], max(hand[1] - 90, hand[1] - woman.size * 0.36), chance)
    if load == "flag":
        _flag(sheet, *woman.at(side * 0.24, 0.72), woman.size)
    if load:
        sheet.line([woman.at(side * 0.13, 0.72), hand], woman.one_of(CARDIGANS), woman.size * 0.075)
        sheet.disc(*hand, woman.size * 0.04, SKIN)
    _skirt(sheet, woman)
    _back(sheet, woman)
    _hat(sheet, woman)


def _skirt(sheet: Sheet, woman: Woman) -> None:
    """A wide one, with a pale hem, over two short legs."""
    size = woman.size
    for step in (-0.07, 0.07):
        sheet.line([woman.at(step, 0.12), woman.at(step, 0)], SKIN, size * 0.05)
        sheet.box(*woman.at(step - 0.045, 0.02), size * 0.09, size * 0.03, INK, radius=3)
    for half, hem, colour in ((0.285, 0.07, CREAM), (0.28, 0.095, woman.one_of(SKIRTS))):
        turns = [math.pi * step / 40 for step in range(41)]
        folds = [woman.at(half * math.cos(turn), hem - 0.018 * math.sin(turn * 6)) for turn in turns]
        sheet.polygon([woman.at(-0.12, 0.52), woman.at(0.12, 0.52), *folds], colour)


def _back(sheet: Sheet, woman: Woman) -> None:
    """Cardigan, the striped bundle that goods and children are carried in, head and two braids."""
    size, cloth = woman.size, woman.one_of(BUNDLES)
    sheet.box(*woman.at(-0.155, 0.8), size * 0.31, size * 0.32, woman.one_of(CARDIGANS), radius=size * 0.1)
    sheet.box(*woman.at(-0.15, 0.72), size * 0.3, size * 0.24, cloth, radius=size * 0.09)
    stripe = DEEP_RED if cloth in (OCHRE, CREAM) else CREAM
    for up in (0.66, 0.6, 0.54):
        sheet.line([woman.at(-0.145, up), woman.at(0.145, up)], stripe, size * 0.016)
    sheet.disc(*woman.at(0, 0.85), size * 0.07, INK)
    for step in (-1, 1):
        sheet.line([woman.at(step * 0.045, 0.84), woman.at(step * 0.03, 0.56)], INK, size * 0.034)
        sheet.disc(*woman.at(step * 0.03, 0.56), size * 0.024, RED)


def _hat(sheet: Sheet, woman: Woman) -> None:
    """A bowler, whose crown is small and sits high."""
    size, felt = woman.size, woman.one_of(HATS)
    sheet.box(*woman.at(-0.06, 1.005), size * 0.12, size * 0.12, felt, radius=size * 0.05)
    sheet.box(*woman.at(-0.06, 0.928), size * 0.12, size * 0.022, INK)
    sheet.box(*woman.at(-0.12, 0.91), size * 0.24, size * 0.03, felt, radius=size * 0.015)


def _flag(sheet: Sheet, x: float, bottom: float, size: float) -> None:
    """Red, white, red; the wind comes from the right."""
    top = bottom - size * 0.78
    sheet.line([(x, bottom), (x, top - size * 0.04)], INK, max(3.0, size * 0.02))
    width, height = size * 0.5, size * 0.3
    for stripe, colour in enumerate((RED, "#ffffff", RED)):
        edges = [stripe / 3 + step / 24 for step in range(9)]
        upper = [(x - width * t, top + size * 0.025 * math.sin(t * 2 * math.pi)) for t in edges]
        sheet.polygon(upper + [(px, py + height) for px, py in reversed(upper)], colour)
