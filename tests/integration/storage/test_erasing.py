"""Forgetting somebody while other programs have the database open."""

from datetime import UTC, datetime

import pytest

from mailer.storage import person_changes, tables
from mailer.storage.database import Database
from mailer.storage.schema import upgrade

NOW = datetime(2024, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def database(tmp_path):
    made = Database(f"sqlite:///{tmp_path / 'mailer.db'}")
    upgrade(made)
    yield made
    made.dispose()


def test_nothing_of_somebody_erased_stays_in_any_file_though_another_program_has_them_open(database, tmp_path):
    server = Database(f"sqlite:///{tmp_path / 'mailer.db'}")
    with server.reading() as connection:
        connection.execute(tables.subscriber.select()).all()
    with database.writing() as connection:
        who, _ = person_changes.add_person(connection, "zebediah@example.org", at=NOW)
    with database.writing() as connection:
        person_changes.erase(connection, who, at=NOW)
    found = lambda: [one.name for one in tmp_path.iterdir() if b"zebediah" in one.read_bytes()]  # noqa: E731
    assert found() == ["mailer.db-wal"], "so it would be without the next line"
    database.clear_log()
    assert found() == []
    server.dispose()
