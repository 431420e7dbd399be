"""A worker whose database is full, and one on PostgreSQL: nothing is lost, and nothing sent twice."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger_world import make_database, states
from mailer.backend import Sent
from mailer.backends.memory import MemoryBackend
from mailer.domain.mailing import MailingState, RowState
from mailer.errors import DiskFull
from mailer.storage.ledger import Ledger, Reaped
from worker_world import InThread, Relay, prepared, state_of, worker_for

QUEUED, LEASED, SENDING, SENT, FAILED, UNCERTAIN, SUPPRESSED, CANCELLED, EXPIRED = RowState


def limited(database, **pragmas):
    """From now on every new connection lives under these PRAGMAs."""
    database.dispose()

    @sa.event.listens_for(database.engine, "connect")
    def restrict(connection, _record):
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}").close()

    return lambda: (sa.event.remove(database.engine, "connect", restrict), database.dispose())


def pages(database):
    with database.reading() as connection:
        return connection.exec_driver_sql("PRAGMA page_count").scalar()


def test_a_full_disk_stops_the_worker_and_loses_nothing(database):
    letter = prepared(database, 800)
    free = limited(database, max_page_count=pages(database) + 20)
    relay = Relay(lambda _message: Sent(code=250, text="x" * 200))
    with pytest.raises(DiskFull):
        worker_for(database, relay, max_in_doubt=16, lease_seconds=1).run(drain=True)
    free()
    assert 0 < len(relay.accepted) < 800
    summary = worker_for(database, relay, ahead=timedelta(seconds=10)).run(drain=True)
    rows = states(database, letter)
    assert set(rows) <= {SENT, UNCERTAIN}
    assert len(rows.get(UNCERTAIN, [])) <= 16
    assert relay.got_nothing_twice()
    assert len(relay.accepted) + len(rows.get(UNCERTAIN, [])) >= 800
    assert summary.counts[UNCERTAIN] == len(rows.get(UNCERTAIN, []))


def test_reaping_finds_nothing_after_a_clean_end(database):
    prepared(database, 50)
    worker_for(database, MemoryBackend).run(drain=True)
    assert Ledger(database, lambda: datetime.now(UTC) + timedelta(days=1)).reap() == Reaped()


def test_two_workers_share_a_mailing_on_postgresql(postgres_url):
    database = make_database(postgres_url)
    letter = prepared(database, 600)
    relay = Relay(delay=0.0005)
    threads = [InThread(worker_for(database, relay), drain=True) for _ in range(2)]
    for thread in threads:
        thread.join(60)
    assert [thread.error for thread in threads] == [None, None]
    assert sum(relay.accepted.values()) == len(relay.accepted) == 600
    assert states(database, letter) == {SENT: list(range(1, 601))}
    assert state_of(database, letter) is MailingState.FINISHED
    database.dispose()
