"""A digest that comes round, for people with topics of their own: simulated week after week.

MAILER_SIMULATION_DIGESTS says how many runs (3); `python tests/simulation/run.py --digests` does as many as there is time for,
`--people 1000 --weeks 52` a year of a large list.
"""

import os
from functools import partial

import pytest

from simulation import run as command
from simulation.digest_mutations import MUTATIONS
from simulation.digests import DigestRun, Span

RUNS = int(os.environ.get("MAILER_SIMULATION_DIGESTS", "3"))
SHORT = partial(DigestRun, span=Span(weeks=5))
#: Seeds in which each mistake must be found.
ENOUGH = 60


def test_each_person_gets_each_due_item_once_whatever_happens():
    total, reports = command.sheaf(range(1, RUNS + 1), SHORT)
    assert not reports, "\n\n".join(reports[:3])
    assert total["runs"] == RUNS
    assert total["carried"]
    assert total["killed"]


def test_the_same_seed_gives_the_same_weeks_again():
    first, again = (DigestRun(3, span=Span(weeks=2)) for _ in range(2))
    assert first.go().machine.kernel.trace == again.go().machine.kernel.trace


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_is_found(name):
    mistake, first = MUTATIONS[name]
    for seed in range(first, first + ENOUGH):
        with mistake():
            _, report = command.try_seed(seed, make=SHORT)
        if report:
            assert f"run.py --trace {seed} --digests" in report
            return
    pytest.fail(f"nothing was noticed in {ENOUGH} runs")
