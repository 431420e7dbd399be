"""Workers, ledger, kills, frozen processes, broken links and databases, people who step in: simulated, run after run.

MAILER_SIMULATION_RUNS says how many (80); `python tests/simulation/run.py` runs as many as there is time for.
"""

import os
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from simulation import run as command
from simulation.mutations import MUTATIONS
from simulation.scenario import Run

RUNS = int(os.environ.get("MAILER_SIMULATION_RUNS", "80"))
PARTS = 4
#: Seeds in which each mistake must be found.
ENOUGH = 250


def trace_of(seed):
    run = Run(seed)
    run.go()
    return run.machine.kernel.trace


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_nobody_is_lost_and_nobody_gets_it_twice(part):
    total, reports = command.sheaf(range(1 + part, RUNS + 1, PARTS))
    assert not reports, "\n\n".join(reports[:3])
    assert total["runs"] == len(range(1 + part, RUNS + 1, PARTS))
    if RUNS >= 80:
        happened = Counter(dict.fromkeys(("killed", "left", "SENDING -> UNCERTAIN"), 1))
        assert not happened - total, f"too little happened: {dict(total)}"


def test_the_same_seed_gives_the_same_steps_again_and_in_another_process():
    first = trace_of(11)
    assert first == trace_of(11)
    assert first != trace_of(12)
    done = subprocess.run(
        [sys.executable, command.__file__, "--trace", "11"],
        env=os.environ | {"PYTHONHASHSEED": "4711"},
        cwd=Path(command.__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split(maxsplit=2)[1:] for line in done.stdout.splitlines()[:-1]] == [
        [who, what] for _, who, what in first
    ]


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_is_found(name):
    mistake, theme, first = MUTATIONS[name]
    for seed in range(first, first + ENOUGH):
        with mistake():
            _, report = command.try_seed(seed, make=partial(Run, theme=theme))
        if report:
            assert f"run.py --trace {seed}" in report
            return
    pytest.fail(f"nothing was noticed in {ENOUGH} runs")
