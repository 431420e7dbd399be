"""Machines whose clocks differ agree on the time when they share a PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest

from ledger_world import make_database
from mailer.app import App
from mailer.settings import load
from mailer.storage.clock import ASK_EVERY, SharedClock
from mailer.storage.database import Database

WRONG = timedelta(minutes=10)


class Count:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


def wrong():
    return datetime.now(UTC) + WRONG


@pytest.fixture
def database(postgres_url):
    made = make_database(postgres_url)
    yield made
    made.dispose()


def test_the_servers_clock_counts(database, caplog):
    clock = SharedClock(lambda: database, wrong)
    assert abs(clock() - datetime.now(UTC)) < timedelta(minutes=1)
    assert "this machine's clock is wrong: seconds=600" in caplog.text


def test_until_the_database_is_open_the_machines_own_does(database):
    open_now = []
    clock = SharedClock(lambda: open_now[0] if open_now else None, wrong)
    assert clock() - datetime.now(UTC) > WRONG / 2
    open_now.append(database)
    assert clock() - datetime.now(UTC) < WRONG / 2


def test_in_between_it_counts_seconds_and_asks_again(database):
    count, asked = Count(), []
    clock = SharedClock(lambda: asked.append(1) or database, wrong, count)
    first = clock()
    count.now += ASK_EVERY - 1
    assert clock() - first == timedelta(seconds=ASK_EVERY - 1)
    count.now += 1
    assert clock() - first < timedelta(seconds=ASK_EVERY), "the server knows better"


def test_a_server_that_does_not_answer_leaves_what_was_known(database):
    count, answers = Count(), [database]
    clock = SharedClock(lambda: answers[-1], wrong, count)
    first = clock()
    answers.append(Database("postgresql+psycopg://nobody@/none?host=/nowhere"))
    count.now += ASK_EVERY + 1
    assert clock() - first == timedelta(seconds=ASK_EVERY + 1)


def test_a_program_at_postgresql_has_it_and_one_at_sqlite_its_own(postgres_url, tmp_path, monkeypatch):
    monkeypatch.setattr("mailer.app.system_clock", wrong)
    ours = App(load(None, {"MAILER_DATABASE_URL": postgres_url}), clock=wrong)
    assert ours.clock() - datetime.now(UTC) > WRONG / 2, "looking at the clock opens no database"
    ours.database  # noqa: B018
    assert ours.clock() - datetime.now(UTC) < WRONG / 2
    ours.close()
    own = App(load(None, {"MAILER_DATABASE_URL": f"sqlite:///{tmp_path}/mailer.db"}), clock=wrong)
    own.database  # noqa: B018
    assert own.clock() - datetime.now(UTC) > WRONG / 2
    own.close()
