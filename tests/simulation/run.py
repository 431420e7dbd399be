"""Runs the simulation: thousands of runs in the tests, millions by hand.

    python tests/simulation/run.py --runs 1000000 --seed 1 --jobs 2
    python tests/simulation/run.py --trace 4711
    python tests/simulation/run.py --digests --runs 100
    python tests/simulation/run.py --digests --people 1000 --weeks 52 --runs 2

Each run follows from its seed alone. One that fails prints its last steps, and the command that repeats it exactly.
"""

import argparse
import logging
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from simulation.digests import DigestRun, Span
from simulation.scenario import Run

LAST_STEPS = 120
#: Runs that one process does before it tells how it went.
SHEAF = 50


def try_seed(seed, *, steps=LAST_STEPS, make=Run):
    """(what it did, "") for a run in which all was well, else with a report of what was not."""
    run = make(seed)
    try:
        run.go()
    except AssertionError as error:
        return figures(run), report(run, error, steps=steps)
    return figures(run), ""


def figures(run):
    machine = run.machine
    found = Counter(machine.oracle.counts) + machine.kernel.struck
    return found + Counter({"steps": machine.kernel.steps, "runs": 1, "simulated seconds": round(machine.kernel.now)})


def report(run, error, *, steps=LAST_STEPS):
    """What was wrong, the steps that led to it, and how to see it again."""
    lines = [f"{at:10.4f}  {who:28} {what}" for at, who, what in run.machine.kernel.trace[-steps:]]
    again = f"python tests/simulation/run.py --trace {run.seed}{run.options}"
    return "\n".join([*lines, f"seed {run.seed}: {error}", f"again: {again}"])


def sheaf(seeds, make=Run):
    total, reports = Counter(), []
    for seed in seeds:
        found, wrong = try_seed(seed, make=make)
        total += found
        reports += [wrong] if wrong else []
    return total, reports


def run_all(seeds, jobs, tell, *, make=Run):
    """(figures, reports of failures); `tell` is called after every sheaf, with its own reports at the end."""
    total, reports = Counter(), []
    size = min(SHEAF, -(-len(seeds) // jobs))
    sheaves = [seeds[at : at + size] for at in range(0, len(seeds), size)]
    with ProcessPoolExecutor(jobs) as pool:
        for found, wrong in pool.map(partial(sheaf, make=make), sheaves):
            total += found
            reports += wrong
            tell(total, reports, wrong)
            if len(reports) >= 10:
                pool.shutdown(cancel_futures=True)
                break
    return total, reports


def main():
    parser = argparse.ArgumentParser(description="Deterministic simulation of workers, ledger and schedulers.")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="The first seed; the others follow it.")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--engine", choices=["sqlite"], default="sqlite", help="The only one that can be simulated.")
    parser.add_argument("--digests", action="store_true", help="A digest that comes round, week after week.")
    parser.add_argument("--people", type=int, default=Span.people, help="Who get the digest.")
    parser.add_argument("--weeks", type=int, default=Span.weeks, help="For how many weeks it comes round.")
    parser.add_argument("--trace", type=int, metavar="SEED", help="Run this one and print every step.")
    options = parser.parse_args()
    logging.disable()
    make = partial(DigestRun, span=Span(people=options.people, weeks=options.weeks)) if options.digests else Run
    if options.trace is not None:
        sys.exit(trace(make(options.trace)))
    began = time.monotonic()

    def tell(total, reports, wrong):
        for one in wrong:
            print(f"\n{one}\n", flush=True)
        print(f"\r{total['runs']:,} runs, {len(reports)} failed", end="", file=sys.stderr, flush=True)

    total, reports = run_all(range(options.seed, options.seed + options.runs), options.jobs, tell, make=make)
    print(file=sys.stderr)
    seconds = time.monotonic() - began
    for name, number in sorted(total.items()):
        print(f"{number:12,}  {name}")
    print(
        f"{len(reports)} of {total['runs']:,} runs failed; {seconds:.0f} s, {total['runs'] / seconds:.1f} runs a second"
    )
    sys.exit(bool(reports))


def trace(run):
    try:
        run.go()
    except AssertionError as error:
        print(report(run, error, steps=10**9))
        return 1
    print("\n".join(f"{at:10.4f}  {who:28} {what}" for at, who, what in run.machine.kernel.trace))
    print(f"seed {run.seed}: all is well")
    return 0


if __name__ == "__main__":
    main()
