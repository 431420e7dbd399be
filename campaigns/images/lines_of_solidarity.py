"""Latin America as a field of dots, and lines from six of its capitals to London."""

import math

from pen import CREAM, DUSK, HEIGHT, NIGHT, OCHRE, RED, WIDTH, Sheet
from PIL import Image, ImageDraw

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


def draw() -> None:
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
