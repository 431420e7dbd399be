"""An empty database of its own for each test."""

import pytest

from ledger_world import make_database


@pytest.fixture
def database(tmp_path):
    made = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    yield made
    made.dispose()


@pytest.fixture
def either(database_url):
    """The same on both engines, one after the other: for files whose `database` it is."""
    made = make_database(database_url)
    yield made
    made.dispose()
