"""What the tests of storage begin with; a file that wants another database makes its own."""

import pytest

from import_world import importer
from ledger_world import make_database


@pytest.fixture
def database(database_url):
    made = make_database(database_url)
    yield made
    made.dispose()


@pytest.fixture
def bring(database, tmp_path):
    """Imports text as a file of people."""
    return importer(database, tmp_path)
