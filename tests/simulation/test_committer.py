"""The committer alone, under every order in which threads may run."""

from datetime import UTC, datetime

import pytest

from mailer.delivery.committer import Committer
from mailer.storage.ledger import Ledger
from simulation.kernel import Kernel, Process
from simulation.primitives import SimulatedRuntime
from simulation.scenario import shared_database


class Quiet:
    """Faults and oracle of a run in which nothing is written."""

    begin = before_commit = commit = committed = lambda self: None

    def wall(self):
        return 0.0


@pytest.mark.parametrize("seed", range(20))
def test_whoever_hands_in_nothing_does_not_keep_it_from_waking_for_the_next(seed):
    kernel, process, answers = Kernel(seed), Process("worker"), []
    database = shared_database()
    database.begin_run(1, kernel, Quiet(), Quiet())
    ledger = Ledger(database, lambda: datetime.now(UTC))
    runtime = SimulatedRuntime(kernel, process)
    committer = Committer(
        ledger,
        max_in_doubt=8,
        runtime=runtime,
        make_thread=runtime.thread,
        settled=lambda settlements: None,
        failed=lambda error: pytest.fail(str(error)),
    )

    def connection():
        with committer.asking():
            kernel.sleep(kernel.dice.random(), "on the wire")
            committer.settle([])
            kernel.sleep(kernel.dice.random(), "on the wire")
            answers.append(committer.mark([]).result())

    def slow_connection():
        with committer.asking():
            kernel.sleep(1000, "waiting for a slow relay")

    kernel.spawn(process, committer.start, "main")
    kernel.spawn(process, slow_connection, "north")
    for name in ("east", "west", "south"):
        kernel.spawn(process, connection, name)
    kernel.run(lambda: len(answers) == 3)
    assert kernel.now < 10
    kernel.close()
