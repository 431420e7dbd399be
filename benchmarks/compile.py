"""CPU time of compiling the example campaigns: `python benchmarks/compile.py`.

Three figures per campaign, each the median of several runs of process time (wall time says more about the neighbours):
cold (first compile of the process's life, after the imports), a changed body with templates cached, and nothing changed.
"""

import dataclasses
import statistics
import time
from pathlib import Path

from mailer.rendering.compile import compile_campaign
from mailer.rendering.environment import environment
from mailer.rendering.surroundings import Surroundings
from mailer.settings import load
from mailer.sources.campaign_files import campaign_slugs, read_campaign

ROOT = Path(__file__).resolve().parents[1]
TARGET_MS = 42
RUNS = 15


def milliseconds(work):
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def main():
    settings = load(ROOT, {})
    print(
        f"{'campaign':28} {'cold':>8} {'changed':>8} {'same':>8}   ms of CPU, target {TARGET_MS} with templates cached"
    )
    for slug in campaign_slugs(ROOT):
        file = read_campaign(ROOT, slug)

        def compiled(file=file):
            return compile_campaign(file, Surroundings(settings=settings, now=settings.project.clock))

        compiled()  # imports, and pictures, which are cached by file
        environment.cache_clear()
        cold = milliseconds(compiled)
        edits = (dataclasses.replace(file, body=f"{file.body}\n\nEdit {number}.\n") for number in range(RUNS))
        changed = statistics.median(milliseconds(lambda edit=edit: compiled(edit)) for edit in edits)
        same = statistics.median(milliseconds(compiled) for _ in range(RUNS))
        print(f"{slug:28} {cold:8.1f} {changed:8.1f} {same:8.1f}")


if __name__ == "__main__":
    main()
