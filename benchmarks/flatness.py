"""Rows 7 and 8: whether a large mailing costs more than a small one, per delivery and in memory."""

import statistics
import time
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
    few, many = (_steps(rows, size) for rows in (size.few, size.many))
    notes = (
        f"CPU µs a row in groups of {GROUP}, medians of {PLACES * size.chunks} chunks of {CLAIM}: "
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


def _steps(rows, size):
    """CPU microseconds per row of each step: medians over chunks."""
    with sqlite() as engine:
        database = make_database(engine.url)
        add_people(database, rows)
        mailing_id = add_mailing(database, rows)
        samples = {"claim": [], "mark": [], "settle": []}
        for place in range(PLACES):
            _skip_to(database, mailing_id, rows * place // PLACES)
            for _ in range(size.chunks):
                for name, seconds in _chunk(database, mailing_id).items():
                    samples[name].append(seconds / CLAIM * 1e6)
        database.dispose()
    return {name: statistics.median(values) for name, values in samples.items()}


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


def _skip_to(database, mailing_id, subscriber_id):
    """Make everything before it sent, as if the worker had come that far."""
    with database.writing() as connection:
        before = (delivery.c.mailing_id == mailing_id, delivery.c.subscriber_id < subscriber_id, delivery.c.state == 0)
        connection.execute(sa.update(delivery).where(*before).values(state=RowState.SENT, attempts=1))
