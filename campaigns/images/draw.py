"""Draws the example campaigns' pictures: `python campaigns/images/draw.py` writes them beside this file.

They show no real person and no real place as it is, so they may be used, changed and passed on with the project.
The same Pillow gives the same bytes: nothing here depends on a clock or an unseeded chance.
"""

import math
import random
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

HERE = Path(__file__).parent
#: Drawn at twice the size, then shrunk: Pillow's own edges are jagged.
SCALE = 2
WIDTH, HEIGHT = 1200, 675

PAPER, CREAM, SAND = "#efe5d3", "#f8f1e4", "#dccbb0"
INK, NIGHT, DUSK = "#1d1b20", "#16242c", "#24404a"
RED, DEEP_RED, OCHRE = "#b3261e", "#7f1a15", "#dd9c3e"


class Sheet:
    """A canvas measured in final pixels."""

    def __init__(self, ground: str) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), ground)
        self.draw = ImageDraw.Draw(self.image)

    def polygon(self, points: list[tuple[float, float]], fill: str) -> None:
        self.draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def box(self, x: float, y: float, width: float, height: float, fill: str, *, radius: float = 0) -> None:
        corners = (x * SCALE, y * SCALE, (x + width) * SCALE, (y + height) * SCALE)
        self.draw.rounded_rectangle(corners, radius * SCALE, fill=fill)

    def disc(
        self, x: float, y: float, radius: float, fill: str | None, *, outline: str | None = None, line: float = 0
    ) -> None:
        corners = tuple(side * SCALE for side in (x - radius, y - radius, x + radius, y + radius))
        self.draw.ellipse(corners, fill=fill, outline=outline, width=round(line * SCALE))

    def line(self, points: list[tuple[float, float]], fill: str, width: float) -> None:
        self.draw.line(
            [(x * SCALE, y * SCALE) for x, y in points], fill=fill, width=round(width * SCALE), joint="curve"
        )

    def save(self, name: str) -> None:
        """Shrink, lay a little grain over it like newsprint, and write a JPEG."""
        picture = self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        chance = random.Random(name)
        grain = Image.frombytes("L", (WIDTH // 2, HEIGHT // 2), chance.randbytes((WIDTH // 2) * (HEIGHT // 2)))
        grain = grain.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(0.6))
        picture = Image.blend(picture, Image.merge("RGB", (grain,) * 3), 0.035)
        picture.save(HERE / name, quality=82, optimize=True, progressive=True)


def empty_chairs() -> None:
    """Forty-three empty school chairs before a door that stands a hand's breadth open."""
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


#: Rough outlines, longitude and latitude: drawn by eye, a hint and no map.
MAINLAND = [
    (-117, 32), (-111, 31), (-106, 31), (-103, 29), (-99, 26.5), (-97, 25), (-97.5, 21), (-95.5, 18.5), (-91.5, 18.5),
    (-90.5, 21), (-87, 21.5), (-88, 17), (-88.5, 15.8), (-84, 15.6), (-83.3, 12), (-82.5, 9.2), (-79.5, 9.4), (-77.3, 8.4),
    (-75.5, 10.6), (-72, 12), (-71.2, 11), (-68, 11), (-62, 10.6), (-57, 6), (-51.5, 4), (-50, 0.5), (-44, -2.5),
    (-37, -4.8), (-34.9, -8), (-38.5, -13), (-39.5, -18), (-41.5, -22.5), (-46.5, -24.3), (-48.7, -28), (-53, -33.3),
    (-57.5, -34.6), (-57.2, -37.5), (-62, -39), (-65, -42), (-66, -46.5), (-69, -50.5), (-68.5, -52.5), (-66, -55),
    (-71, -54.5), (-74.5, -50), (-74.5, -44), (-73.5, -38), (-71.6, -32), (-70.3, -24), (-70.3, -18.5), (-76, -14),
    (-79.5, -7.5), (-81.2, -4.5), (-80, -1), (-78.8, 1.8), (-77.4, 4), (-78, 7.5), (-80.5, 7.5), (-83, 8.4), (-85.8, 10.5),
    (-87.6, 13), (-92.2, 14.6), (-95, 16), (-99.5, 16.8), (-105.3, 20), (-108.5, 25), (-112.5, 29.8), (-114.5, 31.3),
    (-112.3, 27), (-109.8, 23.2), (-112, 25.5), (-115, 29),
]  # fmt: skip
CUBA = [(-84.8, 22), (-82, 23.2), (-79, 22.6), (-75, 20.9), (-74.3, 20.2), (-77.6, 19.9), (-78, 21), (-82, 22.5)]
HISPANIOLA = [(-74.3, 18.4), (-72.7, 19.9), (-69.8, 19.6), (-68.5, 18.5), (-71.3, 17.8)]
#: Capitals of the countries that the article names.
CAPITALS = [(-99.1, 19.4), (-70.7, -33.4), (-68.1, -16.5), (-66.9, 10.5), (-58.4, -34.6), (-74.1, 4.7)]
LONDON = (1085.0, 88.0)


def lines_of_solidarity() -> None:
    """Latin America as a field of dots, and lines from six of its capitals to London."""
    sheet = Sheet(NIGHT)
    mask = Image.new("L", (WIDTH, HEIGHT), 0)
    for outline in (MAINLAND, CUBA, HISPANIOLA):
        ImageDraw.Draw(mask).polygon([_place(*point) for point in outline], fill=255)
    step = 11
    for row, y in enumerate(range(6, HEIGHT, step)):
        for x in range(6 + (row % 2) * step // 2, WIDTH, step):
            if mask.getpixel((x, y)):
                sheet.disc(x, y, 3.7, "#5e7f86")
            elif (x * 7 + y * 13) % 29 == 0:
                sheet.disc(x, y, 1.1, DUSK)
    for capital in CAPITALS:
        sheet.line(_arc(_place(*capital), LONDON), OCHRE, 2.2)
    for capital in CAPITALS:
        x, y = _place(*capital)
        sheet.disc(x, y, 15, None, outline=OCHRE, line=1.6)
        sheet.disc(x, y, 8, RED)
    for radius in (52, 36, 22):
        sheet.disc(*LONDON, radius, None, outline=CREAM, line=1.6)
    sheet.disc(*LONDON, 11, CREAM)
    sheet.save("lines-of-solidarity.jpg")


def _place(longitude: float, latitude: float) -> tuple[float, float]:
    return 330 + (longitude + 92) * 6.9, 18 + (33 - latitude) * 7.2


def _arc(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    """A quadratic curve that bulges upwards, as 60 points."""
    lift = math.dist(start, end) * 0.22
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - lift)
    return [
        tuple((1 - t) ** 2 * a + 2 * (1 - t) * t * b + t * t * c for a, b, c in zip(start, middle, end, strict=True))
        for t in (step / 59 for step in range(60))
    ]


def listening_eye() -> None:
    """An eye made of radio waves, on a mast, above a march of blank placards."""
    sheet = Sheet(NIGHT)
    centre = (600.0, 232.0)
    for index, radius in enumerate(range(620, 150, -58)):
        sheet.disc(*centre, radius, DUSK if index % 2 else "#1c323b")
    _eye(sheet, centre)
    _mast(sheet, centre[0], centre[1] + 139, 566)
    _rooftops(sheet)
    chance = random.Random("placards")
    for x in range(40, WIDTH, 74):
        _placard(sheet, x + chance.randint(-14, 14), 520 + chance.randint(-34, 40), chance)
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


def _placard(sheet: Sheet, x: float, y: float, chance: random.Random) -> None:
    width, height = chance.randint(70, 104), chance.randint(50, 66)
    lean = chance.uniform(-0.16, 0.16)
    colour = chance.choice((CREAM, CREAM, OCHRE, RED))

    def turned(dx: float, dy: float) -> tuple[float, float]:
        return x + dx * math.cos(lean) - dy * math.sin(lean), y + dx * math.sin(lean) + dy * math.cos(lean)

    sheet.line([turned(0, height / 2), turned(0, 190)], SAND, 6)
    corners = ((-width / 2, -height / 2), (width / 2, -height / 2), (width / 2, height / 2), (-width / 2, height / 2))
    sheet.polygon([turned(*corner) for corner in corners], colour)
    stroke = INK if colour != RED else CREAM
    for at, share in ((-0.18, 0.62), (0.12, 0.42)):
        sheet.line([turned(-width * share / 2, height * at), turned(width * share / 2, height * at)], stroke, 5)


if __name__ == "__main__":
    empty_chairs()
    lines_of_solidarity()
    listening_eye()
