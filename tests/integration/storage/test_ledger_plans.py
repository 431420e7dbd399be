"""What PostgreSQL does for each step of the ledger: never read a whole table, nor a whole mailing, whatever it knows of them."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, add_people, make_database
from mailer.domain.mailing import RowState
from mailer.storage.ledger import Ledger, Outcome

PEOPLE = 20_000
BATCH = 200


@pytest.fixture(scope="module", params=["not counted yet", "counted"])
def database(request, postgres_url):
    """Enough rows that reading all of them costs more than looking some up."""
    made = make_database(postgres_url)
    add_people(made, PEOPLE)
    add_mailing(made, PEOPLE)
    if request.param == "counted":
        with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    yield made
    made.dispose()


@pytest.fixture
def ledger(database):
    return Ledger(database, lambda: datetime.now(UTC))


def work(ledger, letter, times, *, state=RowState.SENT):
    for _ in range(times):
        batch = ledger.claim(letter, BATCH, lease_seconds=600)
        ids = [row.subscriber_id for row in batch.rows]
        assert ledger.mark_sending(batch.token, letter, ids) == set(ids)
        outcomes = [Outcome(subscriber_id=one, state=state, code=250) for one in ids]
        assert ledger.settle(batch.token, letter, outcomes) == set(ids)
    return batch


def counted(database, query):
    """What PostgreSQL itself has counted until now."""
    database.engine.dispose()  # a session tells what it did when it ends
    with database.reading() as connection:
        return connection.execute(sa.text(query)).all()


def test_no_step_reads_whole_tables(database, ledger):
    """By what it does: the number of whole reads of a table that PostgreSQL counts itself."""
    scans = (
        "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname IN ('delivery', 'subscriber', 'subscription')"
        " ORDER BY relname"
    )
    before = counted(database, scans)
    batch = work(ledger, 1, 8)
    ledger.due_lanes([1])
    ledger.extend(batch.token, lease_seconds=600)
    ledger.release(batch.token, 1, [1, 2])
    ledger.release(batch.token)
    ledger.reap()
    assert counted(database, scans) == before


@pytest.mark.parametrize("state", [RowState.SENT, RowState.FAILED])
def test_no_step_reads_the_rows_of_others(database, ledger, state):
    reads = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'delivery'"
    [before] = counted(database, reads)
    work(ledger, 1, 8, state=state)
    [after] = counted(database, reads)
    assert after[0] - before[0] < PEOPLE, "each of eight steps for 200 rows looks up those and no others"
