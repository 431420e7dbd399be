"""Row 9: what `tests/kills.py` counts when workers are killed while they send."""

import re
import subprocess
import sys
from pathlib import Path

from engines import has_postgresql
from report import Result

SCRIPT = Path(__file__).parent.parent / "tests" / "kills.py"
TARGET = "0 lost, 0 repeated, ≤ 64 a kill in doubt, each listed"
SHOWN = ("lost", "repeated", "in doubt", "unlisted")


def killing(size):
    """Row 9: `kill -9` at random moments under load, on each engine."""
    engines = ["sqlite", "postgresql"] if has_postgresql() and size.kills > 1 else ["sqlite"]  # one will do for smoke
    return [_on(engine, size) for engine in engines]


def _on(engine, size):
    command = [sys.executable, SCRIPT, "--engine", engine, "--kills", str(size.kills)]
    command += ["--people", str(500 * (size.kills + 1))]  # so many that it is not over before the last
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = dict(re.findall(r"^([a-z ]+?) +([\d.]+|True|False)$", done.stdout, re.MULTILINE))
    assert set(SHOWN) <= set(found), done.stdout + done.stderr
    return Result(
        row=9,
        what=f"{size.kills} × kill -9 under load, {engine}",
        target=TARGET,
        figure=", ".join(f"{found[name]} {name}" for name in SHOWN),
        kept=done.returncode == 0,
        notes=(f"{found['people']} recipients, of whom {found['accepted']} were accepted by the relay",),
    )
