"""Draws the example campaigns' pictures: `python campaigns/images/draw.py [NAME]…` writes all of them, or those named, beside this file.

A picture is one module here with a function `draw`. They show no real person and no real place as it is, so they may be
used, changed and passed on with the project. The same Pillow gives the same bytes: nothing here depends on a clock or an
unseeded chance.
"""

import sys
from importlib import import_module
from pathlib import Path

PICTURES = sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - {"draw", "pen"})

if __name__ == "__main__":
    for name in sys.argv[1:] or PICTURES:
        import_module(name.replace("-", "_")).draw()
