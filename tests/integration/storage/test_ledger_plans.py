"""What PostgreSQL does for each step of the ledger: never read a whole table, also when old transactions hold back its cleaning."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, add_people, make_database
from mailer.domain.mailing import RowState
from mailer.storage.ledger import Ledger, Outcome

PEOPLE = 20_000
BATCH = 200


@pytest.fixture(scope="module")
def database(postgres_url):
    """Enough rows that reading all of them costs more than looking some up."""
    made = make_database(postgres_url)
    add_people(made, PEOPLE)
    add_mailing(made, PEOPLE)
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    yield made
    made.dispose()


@pytest.fixture
def ledger(database):
    return Ledger(database, lambda: datetime.now(UTC))


def work(ledger, letter, times):
    for _ in range(times):
        batch = ledger.claim(letter, BATCH, lease_seconds=600)
        ids = [row.subscriber_id for row in batch.rows]
        assert ledger.mark_sending(batch.token, letter, ids) == set(ids)
        outcomes = [Outcome(subscriber_id=one, state=RowState.SENT, code=250) for one in ids]
        assert ledger.settle(batch.token, letter, outcomes) == set(ids)
    return batch


def test_no_step_reads_whole_tables(database, ledger):
    """By what it does: the number of whole reads of a table that PostgreSQL counts itself."""
    scans = (
        "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname IN ('delivery', 'subscriber', 'subscription')"
    )

    def whole_reads():
        database.engine.dispose()  # a session tells what it did when it ends
        with database.reading() as connection:
            return dict(connection.execute(sa.text(scans)).all())

    before = whole_reads()
    batch = work(ledger, 1, 8)
    ledger.extend(batch.token, lease_seconds=600)
    ledger.release(batch.token, 1, [1, 2])
    ledger.release(batch.token)
    ledger.reap()
    assert whole_reads() == before
