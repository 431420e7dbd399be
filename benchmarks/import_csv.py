"""Import speed: `python benchmarks/import_csv.py [ROWS]` prints rows a second, CPU and wall, and peak memory.

Writes an invented list (six columns, two tags each) and brings it into an empty database, then again into the full one:
the best of three, each in a process of its own, so that peak memory means something.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

GOAL = 20_000  # rows a second of CPU time


def write(path, rows):
    with path.open("w", encoding="utf-8") as file:
        file.write("Email,First name,Last name,City,Age,Tags\n")
        for number in range(rows):
            tags = f"donor, {'volunteer' if number % 3 else 'member'}"
            file.write(f'person.{number}@example.org,Ana,Rivas {number},Leeds,{number % 90},"{tags}"\n')


def bring(folder, rows, answers):
    from mailer.storage.database import Database
    from mailer.storage.import_files import FileOptions, import_file
    from mailer.storage.schema import upgrade

    database = Database(f"sqlite:///{folder / 'mailer.db'}")
    upgrade(database)
    options = FileOptions(name="people.csv", list_name="news", default_list="news", declared_lists=("news",))
    path, problems = folder / "people.csv", folder / "people.problems.csv"
    wall, cpu = time.perf_counter(), time.process_time()
    done = import_file(lambda: database, path, options, problems=problems, at=datetime.now(UTC))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert done.counts.new + done.counts.unchanged == rows
    answers.put((rows / cpu, rows / wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    context = multiprocessing.get_context("spawn")
    runs = {"new people": [], "the same again": []}
    with tempfile.TemporaryDirectory() as name:
        folder, answers = Path(name), context.Queue()
        write(folder / "people.csv", rows)
        for _ in range(3):
            for file in folder.glob("mailer.db*"):
                file.unlink()
            for results in runs.values():
                process = context.Process(target=bring, args=(folder, rows, answers))
                process.start()
                results.append(answers.get())
                process.join()
    for what, results in runs.items():
        cpu, wall, memory = (max(numbers) for numbers in zip(*results, strict=True))
        print(f"{rows:,} rows, {what}: {cpu:,.0f} rows/s of CPU time, {wall:,.0f} of wall time, peak {memory:.0f} MB")
        if cpu < GOAL:
            sys.exit(f"Below {GOAL:,} rows/s.")


if __name__ == "__main__":
    main()
