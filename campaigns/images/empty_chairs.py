"""Forty-three empty school chairs before a door that stands a hand's breadth open."""

from pen import CREAM, DEEP_RED, HEIGHT, INK, NIGHT, OCHRE, PAPER, RED, SAND, WIDTH, Sheet


def draw() -> None:
    sheet = Sheet(PAPER)
    sheet.box(0, 0, WIDTH, 268, RED)
    sheet.polygon([(0, 268), (WIDTH, 268), (WIDTH, 290), (0, 290)], DEEP_RED)
    # The door, its light on the floor, and the letter that went in.
    sheet.box(538, 40, 124, 228, DEEP_RED)
    sheet.box(550, 52, 100, 216, NIGHT)
    sheet.polygon([(622, 52), (650, 52), (650, 268), (622, 268)], CREAM)
    sheet.polygon([(622, 290), (650, 290), (742, HEIGHT), (560, HEIGHT)], CREAM)
    sheet.disc(612, 166, 5, OCHRE)
    _letter(sheet, 636, 238)
    chairs = [(row, place) for row, count in enumerate((9, 10, 12, 12)) for place in range(count)]
    for row, place in chairs:
        count = (9, 10, 12, 12)[row]
        size = (46, 55, 64, 78)[row]
        gap = WIDTH / (count + 0.35)
        _chair(sheet, gap * (place + 0.68), (366, 444, 540, 655)[row], size)
    sheet.save("empty-chairs.jpg")


def _letter(sheet: Sheet, x: float, y: float) -> None:
    sheet.polygon([(x - 28, y - 16), (x + 28, y - 22), (x + 31, y + 12), (x - 25, y + 18)], "#ffffff")
    sheet.line([(x - 28, y - 16), (x + 2, y + 3), (x + 28, y - 22)], RED, 2.4)


def _chair(sheet: Sheet, x: float, floor: float, size: float) -> None:
    """A school chair from the front; `floor` is where its feet stand, `size` its height."""
    half, leg = size * 0.3, max(2.4, size * 0.055)
    sheet.polygon(
        [
            (x - half, floor),
            (x + half, floor),
            (x + half * 1.9, floor + size * 0.1),
            (x - half * 0.5, floor + size * 0.1),
        ],
        SAND,
    )
    for side in (-1, 1):
        sheet.line([(x + side * half * 0.82, floor - size), (x + side * half, floor)], INK, leg)
    sheet.box(x - half * 0.98, floor - size, half * 1.96, size * 0.27, INK, radius=size * 0.06)
    sheet.polygon(
        [
            (x - half * 0.9, floor - size * 0.52),
            (x + half * 0.9, floor - size * 0.52),
            (x + half * 1.12, floor - size * 0.38),
            (x - half * 1.12, floor - size * 0.38),
        ],
        INK,
    )
