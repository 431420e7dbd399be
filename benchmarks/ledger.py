"""What the ledger costs, and whether it stays the same in a large mailing.

    python benchmarks/ledger.py              CPU per row: claim, mark, settle, at 10,000 and at 1,000,000 rows; then a worker
    python benchmarks/ledger.py --small      the same up to 50,000 rows: does it still run?
    python benchmarks/ledger.py --memory     peak memory of a worker at 10,000 and at 200,000 recipients

CPU is that of this process; the ratio in the last column is what to judge by (target: 1.3 at the most). Every figure is the
median of several chunks, spread over the mailing's first rows, its middle and its end.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import sqlalchemy as sa  # noqa: E402

from ledger_world import KEY, add_mailing, add_people, make_database  # noqa: E402
from mailer.backend import Sent  # noqa: E402
from mailer.backends.memory import MemoryBackend  # noqa: E402
from mailer.delivery.pace import Pace, Route  # noqa: E402
from mailer.delivery.worker import Worker  # noqa: E402
from mailer.domain.mailing import RowState  # noqa: E402
from mailer.storage.ledger import Ledger, Outcome  # noqa: E402
from mailer.storage.tables import delivery  # noqa: E402

CLAIM, GROUP, ROUNDS = 500, 64, 6


def now():
    return datetime.now(UTC)


class Forgetful(MemoryBackend):
    """Accepts everything and keeps nothing, so that memory is the worker's own."""

    def send(self, message):  # noqa: ARG002
        return Sent(code=250, enhanced="2.0.0", text="Ok: queued as 4WzXyZ1c2b3a")


def world(folder, rows):
    database = make_database(f"sqlite:///{folder}/mailer-{rows}.db")
    add_people(database, rows)
    return database, add_mailing(database, rows)


def cost(database, mailing, rows):
    """CPU microseconds per row: claim, mark, settle. Medians over chunks from the beginning, the middle and the end."""
    ledger = Ledger(database, now)
    samples = {"claim": [], "mark": [], "settle": []}
    for part in range(3):
        for _ in range(ROUNDS):
            begin = time.process_time()
            batch = ledger.claim(mailing, CLAIM, lease_seconds=600)
            claimed = time.process_time()
            ids = [row.subscriber_id for row in batch.rows]
            marking, settling = 0.0, 0.0
            for start in range(0, CLAIM, GROUP):
                group = ids[start : start + GROUP]
                at = time.process_time()
                ledger.mark_sending(batch.token, mailing, group)
                marked = time.process_time()
                text = "Ok: queued as 4WzXyZ1c2b3a"
                outcomes = [
                    Outcome(subscriber_id=one, state=RowState.SENT, code=250, enhanced="2.0.0", text=text)
                    for one in group
                ]
                ledger.settle(batch.token, mailing, outcomes)
                marking, settling = marking + marked - at, settling + time.process_time() - marked
            for name, value in (("claim", claimed - begin), ("mark", marking), ("settle", settling)):
                samples[name].append(value / CLAIM * 1e6)
        skip_to(database, mailing, rows * (part + 1) // 3)
    return {name: statistics.median(values) for name, values in samples.items()}


def skip_to(database, mailing, subscriber_id):
    """Make everything before it sent, as if the worker had come that far."""
    with database.writing() as connection:
        before = (delivery.c.mailing_id == mailing, delivery.c.subscriber_id < subscriber_id, delivery.c.state == 0)
        connection.execute(sa.update(delivery).where(*before).values(state=RowState.SENT, attempts=1))


def end_to_end(database, rows):
    """(messages a second, CPU microseconds per message) of one worker with a backend that accepts at once."""
    worker = Worker(database, clock=now, key=KEY, routes=[Route(name="none", make_backend=Forgetful)], pace=Pace())
    wall, cpu = time.perf_counter(), time.process_time()
    summary = worker.run(drain=True)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert summary.counts == {RowState.SENT: rows}, summary
    return rows / wall, cpu / rows * 1e6


def report(small, large, messages):
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as another:
        costs = []
        for rows in (small, large):
            database, mailing = world(folder, rows)
            costs.append(cost(database, mailing, rows))
            database.dispose()
        print(f"CPU us per row, groups of {GROUP}   {small:>10,} rows {large:>10,} rows   ratio")
        totals = [sum(one.values()) for one in costs]
        for name in (*costs[0], "together"):
            first, second = (one.get(name, total) for one, total in zip(costs, totals, strict=True))
            print(f"  {name:<26} {first:>14.1f} {second:>15.1f} {second / first:>7.2f}")
        database, _ = world(another, messages)
        rate, cpu = end_to_end(database, messages)
        print(f"worker, memory backend, {messages:,} messages: {rate:,.0f} a second, {cpu:.0f} us CPU each")


def memory(rows):
    """Peak memory in MB of a fresh process that works a mailing of so many."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--in", folder, "--rows", str(rows)]
        subprocess.run([*command, "--prepare"], check=True)
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--in", dest="folder", help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder and options.prepare:
        world(options.folder, options.rows)
    elif options.folder:
        from mailer.storage.database import Database

        database = Database(f"sqlite:///{options.folder}/mailer-{options.rows}.db")
        end_to_end(database, options.rows)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    elif options.memory:
        few, many = memory(10_000), memory(200_000)
        print(f"peak memory of a worker: {few:.0f} MB at 10,000, {many:.0f} MB at 200,000: {many / few:.2f}")
    elif options.small:
        report(10_000, 50_000, 2_000)
    else:
        report(10_000, 1_000_000, 10_000)


if __name__ == "__main__":
    main()
