"""`benchmarks/run.py --quick`: every row of the table still runs. Speeds are never asserted."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_row_of_the_table_runs(tmp_path):
    report = tmp_path / "report.md"

    command = [sys.executable, ROOT / "benchmarks" / "run.py", "--quick", "--out", report]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    rows = {line.split("|")[1].strip() for line in report.read_text().splitlines() if line.startswith("| ")}
    assert rows >= {str(number) for number in range(1, 10)}, report.read_text()


def test_the_readers_of_an_issue_are_told_apart():
    command = [sys.executable, ROOT / "benchmarks" / "readers.py", "--people", "200", "--mailings", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "skip     views" in done.stdout, done.stdout
