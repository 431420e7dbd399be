import pytest

from mailer.storage.ledger import Ledger
from pacing_world import Clock, with_people


@pytest.fixture
def database(tmp_path):
    """SQLite, whose time is the test's."""
    made = with_people(f"sqlite:///{tmp_path / 'mailer.db'}")
    yield made
    made.dispose()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(database, clock):
    return Ledger(database, clock)
