"""`/metrics` for Prometheus, on a listener of its own (`web.metrics`): the proxy in front of the pages never leads there.

Figures come from the database when they are asked for, and are kept for a while: however many ask, looking takes no
more than a twentieth of the time. No campaign, list or address stands in them.
"""

import os
import resource
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailer.app import App
from mailer.domain.mailing import OPEN_ROWS, MailingState, RowState
from mailer.storage.alerts import channels_named
from mailer.storage.heartbeats import Role
from mailer.storage.measures import Gauge, Measures
from mailer.web.guard import Guard
from mailer.web.server import Server, listen

KEPT_SECONDS = 5.0
#: What a look may cost: after one that took a second, the next comes no earlier than this many seconds later.
KEPT_FACTOR = 20.0
#: Prometheus text format, version 0.0.4.
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
#: (value, labels)
Sample = tuple[float, dict[str, str]]


@contextmanager
def measured(app: App) -> Iterator[str | None]:
    """Serve /metrics where the settings say; the address it has, or None where they say nothing."""
    place = app.settings.web.metrics
    if not place:
        yield None
        return
    host, _, port = place.rpartition(":")
    look = Kept(app)

    def metrics(request: Request) -> Response:  # noqa: ARG001
        return PlainTextResponse(page(look()), media_type=MEDIA_TYPE)

    site = Guard(Starlette(routes=[Route("/metrics", metrics)]))
    with Server(site, listen(host.strip("[]"), int(port), option="web.metrics")) as server:
        yield server.url


class Kept:
    """The measures of now, or of a moment ago. Threads may share it."""

    def __init__(self, app: App, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._app, self._monotonic = app, monotonic
        self._gauge, self._lock = Gauge(channels_named(app.settings)), threading.Lock()
        self._measures: Measures | None = None
        self._until = 0.0

    def __call__(self) -> Measures:
        with self._lock:
            began = self._monotonic()
            if self._measures is None or began >= self._until:
                with self._app.database.reading() as connection:
                    self._measures = self._gauge.look(connection, now=self._app.clock())
                took = self._monotonic() - began
                self._until = began + took + max(KEPT_SECONDS, took * KEPT_FACTOR)
            return self._measures


def page(found: Measures) -> str:
    """The figures in Prometheus's text format."""
    told = [_family(name, kind, help_text, samples(found)) for name, kind, help_text, samples in _FAMILIES]
    return "".join([*told, *_of_this_process()])


def _rows(found: Measures, label: str, states: Iterable[RowState]) -> list[Sample]:
    return [(found.rows[state], {label: state.name.lower()}) for state in states]


def _one(value: float) -> list[Sample]:
    return [(value, {})]


_DONE = tuple(state for state in RowState if state not in OPEN_ROWS)
#: name, kind, help, and where its samples come from.
_FAMILIES: tuple[tuple[str, str, str, Callable[[Measures], list[Sample]]], ...] = (
    (
        "mailer_queue_depth",
        "gauge",
        "Messages that are not settled, by state.",
        lambda found: _rows(found, "state", sorted(OPEN_ROWS)),
    ),
    (
        "mailer_deliveries",
        "gauge",
        "Messages that are settled, by what became of them.",
        lambda found: _rows(found, "outcome", _DONE),
    ),
    (
        "mailer_mailings",
        "gauge",
        "Mailings by state.",
        lambda found: [(found.mailings[state], {"state": state.value}) for state in MailingState],
    ),
    (
        "mailer_oldest_due_seconds",
        "gauge",
        "How long a message has been due.",
        lambda found: _one(found.oldest_due),
    ),
    ("mailer_leases_overdue", "gauge", "Messages held by lost workers.", lambda found: _one(found.overdue_leases)),
    (
        "mailer_leases_reaped_total",
        "counter",
        "Messages taken back from lost workers.",
        lambda found: _one(found.reaped),
    ),
    ("mailer_schedule_lag_seconds", "gauge", "How late a schedule is.", lambda found: _one(found.schedule_lag)),
    ("mailer_alerts_waiting", "gauge", "Alerts that nobody was told yet.", lambda found: _one(found.alerts_waiting)),
    (
        "mailer_processes",
        "gauge",
        "Processes that gave a sign of life lately, by role.",
        lambda found: [(found.alive[role], {"role": role.value}) for role in Role],
    ),
    (
        "mailer_last_beat_seconds",
        "gauge",
        "Seconds since the last sign of life, by role.",
        lambda found: [(age, {"role": role.value}) for role, age in sorted(found.beats.items())],
    ),
    (
        "mailer_last_backup_timestamp_seconds",
        "gauge",
        "When the last `db backup` was made.",
        lambda found: _one(found.backed_up_at.timestamp()) if found.backed_up_at else [],
    ),
)


def _family(name: str, kind: str, told: str, samples: Iterable[Sample]) -> str:
    """One metric with its samples. Labels are words of ours: nothing in them needs escaping."""
    lines = [f"# HELP {name} {told}", f"# TYPE {name} {kind}"]
    for value, labels in samples:
        within = ",".join(f'{label}="{word}"' for label, word in labels.items())
        lines.append(f"{name}{{{within}}} {value:.15g}" if within else f"{name} {value:.15g}")
    return "\n".join(lines) + "\n"


def _of_this_process() -> Iterator[str]:
    """What Prometheus's own libraries say of the process that answers."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = used.ru_utime + used.ru_stime
    yield _family("process_cpu_seconds_total", "counter", "CPU seconds of the process that answers.", [(seconds, {})])
    statm = Path("/proc/self/statm")
    if statm.exists():
        resident = int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
        told = "Memory of the process that answers."
        yield _family("process_resident_memory_bytes", "gauge", told, [(resident, {})])
