"""A result of a benchmark, and all of them as one page of Markdown."""

import os
import platform
import sqlite3
import statistics
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One figure against its target. row: its number in the table of the design; kept: None where nothing could be judged."""

    row: int
    what: str
    target: str
    figure: str
    kept: bool | None
    notes: tuple[str, ...] = ()


def at_most(row, what, value, limit, unit, *notes, digits=1):
    """A result that is kept when the value is no larger than the limit."""
    return Result(
        row=row,
        what=what,
        target=f"≤ {limit:g} {unit}".strip(),
        figure=f"{value:.{digits}f} {unit}".strip(),
        kept=value <= limit,
        notes=notes,
    )


def at_least(row, what, value, limit, unit, *notes, digits=2):
    """A result that is kept when the value is no smaller than the limit."""
    return Result(
        row=row,
        what=what,
        target=f"≥ {limit:g} {unit}".strip(),
        figure=f"{value:.{digits}f} {unit}".strip(),
        kept=value >= limit,
        notes=notes,
    )


def impossible(row, what, target, reason):
    """A row that cannot be measured on this machine."""
    return Result(row=row, what=what, target=target, figure="not measured", kept=None, notes=(reason,))


def spread(values, form="{:.0f}"):
    """The median with the range, as notes show it."""
    low, middle, high = (form.format(one) for one in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low}–{high})"


def markdown(results, speeds, *, command, quick, load_before):
    """The whole report. speeds: of the machine during each row, in words."""
    lines = ["# Benchmarks", "", *_machine(command, load_before), ""]
    if quick:
        lines += [
            "**A smoke run:** a few messages, one round. It shows that each row runs, and no figure means anything.",
            "",
        ]
    lines += ["| # | what | target | result | |", "| --- | --- | --- | --- | --- |"]
    words = (
        {True: "kept", False: "**missed**", None: "–"}
        if not quick
        else dict.fromkeys((True, False), "runs") | {None: "–"}
    )
    lines += [f"| {one.row} | {one.what} | {one.target} | {one.figure} | {words[one.kept]} |" for one in results]
    lines += ["", "How each came about:", ""]
    lines += [f"- {one.row}, {one.what}: {'; '.join(one.notes)}." for one in results if one.notes]
    lines += ["", "A fixed piece of work (`yardstick.py`) took this much CPU meanwhile: the median, and the range.", ""]
    lines += [f"- row {row}: {speed}" for row, speed in speeds.items()]
    return "\n".join(lines) + "\n"


def _machine(command, load_before):
    now = datetime.now(UTC)
    loads = " → ".join(f"{load:.1f}" for load in (load_before, os.getloadavg()[0]))
    return [
        f"Measured on {now:%-d %B %Y} at {now:%H:%M} UTC with `{command}`.",
        "",
        f"- machine: {_processor()}, {os.cpu_count()} cores; load average {loads} (1 is one busy core)",
        f"- {platform.system()} {platform.release()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        + ", ".join(f"{name} {_version(name)}" for name in ("sqlalchemy", "psycopg", "cryptography")),
    ]


def _processor():
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "not there"
