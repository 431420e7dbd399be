"""Rows 7 and 8: whether a large mailing costs more than a small one, per delivery and in memory."""

import statistics
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import sender
import sinks
import sqlalchemy as sa
import world
from engines import sqlite
from report import at_most

from ledger_world import add_mailing, add_people, make_database
from mailer.domain.mailing import RowState
from mailer.storage.ledger import Ledger, Outcome
from mailer.storage.tables import delivery

CLAIM, GROUP, PLACES = 500, 64, 3
TEXT = "Ok: queued as 4WzXyZ1c2b3a"


def in_the_ledger(size):
    """Row 7: claim, mark and settle, at the mailing's first rows, in its middle and at its end."""
    few, many = _steps(size)
    notes = (
        f"CPU µs a row in groups of {GROUP}, medians of {PLACES * size.chunks} chunks of {CLAIM}, in turn: "
        + ", ".join(f"{name} {few[name]:.1f} → {many[name]:.1f}" for name in few),
    )
    ratio = sum(many.values()) / sum(few.values())
    return [at_most(7, f"cost of a delivery at {size.many:,} against {size.few:,}", ratio, 1.3, "×", *notes, digits=2)]


def in_memory(size):
    """Row 8: a whole worker, in a process of its own, over the cheap sink; its cost per message beside its memory."""
    figures = []
    for rows in (size.few, size.many):
        with sqlite() as engine, sinks.running_cheap_sink() as port:
            world.prepare(engine.url, rows)
            figures.append(sender.measure(world.environment(engine.url, port)))
    few, many = figures
    notes = (
        f"{few.memory:.0f} MB at {size.few:,}, {many.memory:.0f} MB at {size.many:,}",
        f"the worker's CPU a message {few.cost:.0f} → {many.cost:.0f} µs ({many.cost / few.cost:.2f} ×)",
        f"messages/s {few.rate:,.0f} → {many.rate:,.0f}",
    )
    what = f"peak memory of a worker at {size.many:,} against {size.few:,}"
    return [at_most(8, what, many.memory / few.memory, 1.2, "×", *notes, digits=2)]


def _steps(size):
    """CPU microseconds per row of each step, few rows and many: medians over chunks, which are taken in turn."""
    with ExitStack() as engines:
        ledgers = [_Filled(engines.enter_context(sqlite()).url, rows) for rows in (size.few, size.many)]
        for place in range(PLACES):
            for ledger in ledgers:
                ledger.skip_to(place / PLACES)
            for _ in range(size.chunks):
                for ledger in ledgers:
                    ledger.chunk()
        return [ledger.close() for ledger in ledgers]


class _Filled:
    """A database with one mailing of so many rows, and what claims of it have cost."""

    def __init__(self, url, rows):
        self._database, self._rows = make_database(url), rows
        add_people(self._database, rows)
        self._mailing = add_mailing(self._database, rows)
        self._samples = {"claim": [], "mark": [], "settle": []}

    def skip_to(self, share):
        """Make that share of its rows sent, as if the worker had come so far."""
        before = (
            delivery.c.mailing_id == self._mailing,
            delivery.c.subscriber_id < self._rows * share,
            delivery.c.state == RowState.QUEUED,
        )
        with self._database.writing() as connection:
            connection.execute(sa.update(delivery).where(*before).values(state=RowState.SENT, attempts=1))

    def chunk(self):
        """Take one claim the whole way."""
        for name, seconds in _chunk(self._database, self._mailing).items():
            self._samples[name].append(seconds / CLAIM * 1e6)

    def close(self):
        """The medians."""
        self._database.dispose()
        return {name: statistics.median(values) for name, values in self._samples.items()}


def _chunk(database, mailing_id):
    """CPU seconds of the steps of one claim."""
    ledger = Ledger(database, lambda: datetime.now(UTC))
    spent = dict.fromkeys(("claim", "mark", "settle"), 0.0)

    def timed(name, step, *arguments, **named):
        began = time.process_time()
        answer = step(*arguments, **named)
        spent[name] += time.process_time() - began
        return answer

    batch = timed("claim", ledger.claim, mailing_id, CLAIM, lease_seconds=600)
    ids = [row.subscriber_id for row in batch.rows]
    for group in (ids[start : start + GROUP] for start in range(0, len(ids), GROUP)):
        timed("mark", ledger.mark_sending, batch.token, mailing_id, group)
        answer = {"state": RowState.SENT, "code": 250, "enhanced": "2.0.0", "text": TEXT}
        outcomes = [Outcome(subscriber_id=one, **answer) for one in group]
        timed("settle", ledger.settle, batch.token, mailing_id, outcomes)
    return spent
