"""Workers and relays that answer as scripted, for tests of delivery over a real ledger."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from ledger_world import KEY, add_mailing, add_people
from mailer.backend import Backend, Sent, Uncertain
from mailer.delivery.pace import Pace, Route
from mailer.delivery.worker import Worker
from mailer.domain.limits import Limits
from mailer.domain.mailing import RowState
from mailer.runtime import MACHINE
from mailer.storage import mailings
from mailer.storage.tables import delivery


class Relay:
    """One relay that all connections of a test share: it notes who got a message and answers as scripted."""

    def __init__(self, answer=lambda message: Sent(code=250), delay=0.0):
        self.answer, self.delay = answer, delay
        self.accepted = Counter()
        self.opened = self.begun = 0
        self.refuse_to_open = None
        self.lock = threading.Lock()

    def connect(self):
        return Connection(self)

    @property
    def people(self):
        return sorted(self.accepted)

    def got_nothing_twice(self):
        return not [who for who, times in self.accepted.items() if times > 1]


class Connection(Backend):
    def __init__(self, relay):
        super().__init__()
        self.relay = relay
        self.aborted = threading.Event()

    def open(self):
        self.relay.opened += 1
        if self.relay.refuse_to_open:
            raise self.relay.refuse_to_open

    def send(self, message):
        self.relay.begun += 1
        if self.relay.delay and self.aborted.wait(self.relay.delay):
            return Uncertain(text="broken off")
        with self.relay.lock:
            receipt = self.relay.answer(message)
            if isinstance(receipt, Sent):
                self.relay.accepted[message.recipient] += 1
        return receipt

    def abort(self):
        self.aborted.set()


def worker_for(
    database,
    *relays,
    only=None,
    observer=None,
    ahead=timedelta(),
    clock=None,
    runtime=MACHINE,
    connections=4,
    rate=0.0,
    limits=None,
    weights=(),
    names=(),
    **pace,
):
    """ahead: how much later its clock says it is; or a clock. connections, rate or limits: of each relay.

    weights, names: one for each relay; without names they are relay1, relay2 …
    """
    connects = [relay.connect if isinstance(relay, Relay) else relay for relay in relays]
    names = names or [f"relay{number}" for number in range(1, len(connects) + 1)]
    limits = limits or Limits(rate=rate)
    return Worker(
        database,
        clock=clock or (lambda: datetime.now(UTC) + ahead),
        runtime=runtime,
        key=KEY,
        routes=[
            Route(name=name, make_backend=connect, connections=connections, limits=limits, weight=weight)
            for name, connect, weight in zip(names, connects, weights or [None] * len(connects), strict=True)
        ],
        pace=Pace(**({"retry_first_seconds": 60} | pace)),
        only=only,
        observer=observer,
    )


def prepared(database, number, **values):
    add_people(database, number)
    return add_mailing(database, number, **values)


def state_of(database, letter):
    with database.reading() as connection:
        return mailings.get(connection, letter).state


def attempts(database, letter):
    with database.reading() as connection:
        query = sa.select(delivery.c.attempts).where(delivery.c.mailing_id == letter)
        return Counter(connection.scalars(query))


def let_come_due(database, letter):
    """What was put off is due now, as if that time had passed, whichever clock the engine asks."""
    queued = sa.and_(delivery.c.mailing_id == letter, delivery.c.state == RowState.QUEUED)
    with database.writing() as connection:
        connection.execute(sa.update(delivery).where(queued).values(due=int(datetime.now(UTC).timestamp()) - 1))


class InThread(threading.Thread):
    """A worker that runs beside the test."""

    def __init__(self, worker, *, drain=False):
        super().__init__(daemon=True)
        self.worker, self.drain, self.summary, self.error = worker, drain, None, None
        self.start()

    def run(self):
        try:
            self.summary = self.worker.run(drain=self.drain)
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            self.error = error

    def stop(self):
        self.worker.stop()
        self.join(60)
        assert not self.is_alive()
