"""The table of speeds that this program promises, measured on this machine: one command, one page of Markdown.

    python benchmarks/run.py                             all rows: about half an hour on two cores
    python benchmarks/run.py --rows 1,2,3 --out report.md
    python benchmarks/run.py --quick                     a smoke run: does each row still run? Fails if one cannot

Ratios are of runs in turn in one go, figures are medians, and CPU is counted where the clock would count the neighbours. A figure that misses
its target is marked, and changes nothing about the exit status: a busy machine misses them all.
"""

import argparse
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import crashing
import flatness
import report
import sending
import sign
import storing
import yardstick


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured. rounds: of what is quick; heavy_rounds: of what takes a million rows."""

    rounds: int = 5
    heavy_rounds: int = 3
    messages: int = 20_000
    distant: int = 4_000
    built: int = 10_000
    people: int = 1_000_000
    few: int = 10_000
    many: int = 1_000_000
    chunks: int = 6
    kills: int = 30


QUICK = Size(
    rounds=1,
    heavy_rounds=1,
    messages=40,
    distant=40,
    built=50,
    people=500,
    few=1_600,
    many=1_700,
    chunks=1,
    kills=1,
)


def processor_time(size):
    """Row 2: CPU microseconds per message of one worker process, unsigned and signed."""
    return [*sending.processor_time(size), *sign.added(size)]


ROWS = {
    1: sending.against_smtp_source,
    2: processor_time,
    3: sending.over_distance,
    4: storing.building,
    5: storing.materialising,
    6: storing.importing,
    7: flatness.in_the_ledger,
    8: flatness.in_memory,
    9: crashing.killing,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a smoke run, in seconds")
    parser.add_argument("--rows", default=",".join(map(str, ROWS)), help="such as 1,2,5")
    parser.add_argument("--rounds", type=int, help="of each measurement; default: 5, or 3 of what takes a million rows")
    parser.add_argument("--out", type=Path, help="where the report goes; default: on the screen")
    options = parser.parse_args()
    wanted = [int(number) for number in options.rows.split(",")]
    if unknown := set(wanted) - set(ROWS):
        parser.error(f"There is no row {min(unknown)}.")
    size = QUICK if options.quick else Size()
    if options.rounds:
        size = replace(size, rounds=options.rounds, heavy_rounds=options.rounds)
    load_before, results, speeds = os.getloadavg()[0], [], {}
    for number in wanted:
        print(f"row {number}: {ROWS[number].__doc__.partition(': ')[2].splitlines()[0]}", file=sys.stderr)
        with yardstick.beside() as taken:
            results += ROWS[number](size)
        speeds[number] = yardstick.in_words(taken)
    command = " ".join(["python benchmarks/run.py", *sys.argv[1:]])
    page = report.markdown(results, speeds, command=command, quick=options.quick, load_before=load_before)
    if options.out:
        options.out.write_text(page, encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    main()
