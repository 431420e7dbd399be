"""The two databases, each empty and private, and what they cost.

The PostgreSQL is a throw-away cluster of the tests' own, but durable: it waits for the disk at every commit. Its processes are
counted too, for whoever pays for a row does not care which program spent it.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from os import sysconf
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

TICK = sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A database. server_cpu: CPU seconds that a server of it has used until now, 0 without one."""

    name: str
    url: str
    server_cpu: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds: by the clock, of this process's CPU, of the database server's."""

    wall: float
    client: float
    server: float

    @property
    def cpu(self):
        return self.client + self.server


def cost(engine, work):
    """(what `work` returned, its Cost)"""
    wall, client, server = time.perf_counter(), time.process_time(), engine.server_cpu()
    answer = work()
    return answer, Cost(
        wall=time.perf_counter() - wall, client=time.process_time() - client, server=engine.server_cpu() - server
    )


def has_postgresql():
    from postgres import binaries

    return find_spec("psycopg") is not None and binaries() is not None


@contextmanager
def sqlite():
    with tempfile.TemporaryDirectory(prefix="mailer-bench-") as folder:
        yield Engine(name="SQLite", url=f"sqlite:///{folder}/mailer.db", server_cpu=lambda: 0.0)


@contextmanager
def postgresql():
    from postgres import private_server

    with private_server(durable=True) as server:
        pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        yield Engine(name="PostgreSQL", url=server.url, server_cpu=lambda: _cpu_of_family(pid))


def engines():
    """What makes each engine that this machine has."""
    return [sqlite, *([postgresql] if has_postgresql() else [])]


def _cpu_of_family(parent):
    """CPU seconds of a process, of its children, and of those that ended."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        pid, parent_pid = int(folder.name), int(fields[1])
        if pid == parent:
            ticks += sum(map(int, fields[11:15]))
        elif parent_pid == parent:
            ticks += sum(map(int, fields[11:13]))
    return ticks / TICK
