"""A project with people, a relay, and `mailer` run in it as a subprocess."""

from smtpd import SmtpServer

import pytest

from ledger_world import make_database
from sending_world import Commands, make_project, populate


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


@pytest.fixture
def database(project):
    made = make_database(f"sqlite:///{project / 'mailer.db'}")
    yield made
    made.dispose()


@pytest.fixture
def people(database):
    """Twelve people on the list news, three of them donors."""
    populate(database, 12, donors=(2, 3, 5))
    return 12


@pytest.fixture
def relay():
    with SmtpServer() as server:
        yield server


@pytest.fixture
def mailer(project, relay):
    """Runs a command in the project; its relay is on loopback."""
    return Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}")
