"""What the pictures are drawn with: one sheet, a few colours, and what several of them show."""

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


def placard(sheet: Sheet, x: float, y: float, chance: random.Random) -> None:
    """A placard on a stick, leaning a little; (x, y) is the middle of its board."""
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
