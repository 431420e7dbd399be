"""Several machines at one PostgreSQL: workers without a project, and services that outlive a restart of the server."""

import os
import signal
import threading
from collections import Counter
from datetime import UTC, datetime
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import sqlalchemy as sa

import warm
from ledger_world import KEY, add_mailing, add_people, email, make_database, states
from mailer.domain.mailing import MailingState, RowState
from mailer.storage import mailings
from mailer.storage.heartbeats import Role
from mailer.storage.tables import worker
from sending_world import Commands
from waiting import until
from worker_world import state_of

SENT = RowState.SENT


@pytest.fixture
def database(postgres_server):
    made = make_database(postgres_server.url)
    yield made
    made.dispose()


@pytest.fixture
def environment(database, relay):
    """What a worker needs to know, and nothing else."""
    return {
        "PATH": os.environ["PATH"],
        "MAILER_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "MAILER_SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
        "MAILER_SECRET_KEY": KEY.decode(),
    }


class Service:
    """A command that runs until it is told to stop; what it says is read as it comes."""

    def __init__(self, process):
        self.process, self.lines = process, []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def said(self, words):
        return sum(words in line for line in self.lines)

    def stop(self):
        """Its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self._reader.join(60)
        assert not self.said("Traceback"), self.lines
        return code


@pytest.fixture
def serve_until_stopped():
    running = []

    def start(process):
        service = Service(process)
        running.append(service)
        return service

    yield start
    for service in running:
        if service.process.poll() is None:
            service.process.kill()
            service.process.wait()
        service.process.stderr.close()
        service.process.stdout.close()


def test_a_worker_needs_no_project_only_database_relay_and_key(database, relay, environment, tmp_path):
    """Two machines: each with a home and a folder of its own, and nothing in them."""
    add_people(database, 400)
    letter = add_mailing(database, 400)
    processes = []
    for name in ("one", "two"):
        home = tmp_path / name
        home.mkdir()
        processes.append(warm.Process("worker", "--drain", cwd=home, env=environment | {"HOME": str(home)}))
    ended = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ended
    assert Counter(message.recipient for message in relay.accepted) == {email(one): 1 for one in range(1, 401)}
    assert states(database, letter) == {SENT: list(range(1, 401))}
    assert [list((tmp_path / name).iterdir()) for name in ("one", "two")] == [[], []], "nothing is left behind"


def test_a_worker_without_the_key_is_refused(environment, tmp_path):
    """Each machine would sign links with another one."""
    del environment["MAILER_SECRET_KEY"]
    process = warm.Process("worker", "--drain", cwd=tmp_path, env=environment | {"HOME": str(tmp_path)})
    _, said = process.communicate(timeout=60)
    assert process.returncode == 4
    assert "MAILER_SECRET_KEY_FILE" in said


def test_services_outlive_a_restart_of_the_server(
    database, postgres_server, relay, environment, project, serve_until_stopped
):
    mailer = Commands(project, **environment)
    services = {
        Role.WORKER: serve_until_stopped(mailer.start("worker")),
        Role.SCHEDULER: serve_until_stopped(mailer.start("scheduler")),
        Role.WEB: serve_until_stopped(mailer.start("serve", "--port", "0")),
    }

    def at_work():
        with database.reading() as connection:
            return set(connection.scalars(sa.select(worker.c.role))) == {str(role) for role in services}

    until(at_work)
    until(lambda: services[Role.WEB].said("Serving on "))
    address = next(line for line in services[Role.WEB].lines if "Serving on " in line).split()[2].rstrip(".")
    assert answer(f"{address}/readyz") == 200
    postgres_server.stop("fast")
    for role in (Role.WORKER, Role.SCHEDULER):
        until(lambda service=services[role]: service.said("The database does not answer: "))
    assert answer(f"{address}/readyz") == 503
    postgres_server.start()
    for role in (Role.WORKER, Role.SCHEDULER):
        until(lambda service=services[role]: service.said("The database answers again."))
    assert answer(f"{address}/readyz") == 200
    add_people(database, 30)
    letter = add_mailing(database, 30, state=MailingState.PAUSED)
    with database.writing() as connection:
        mailings.move(connection, letter, MailingState.SENDING, at=datetime.now(UTC))
    until(lambda: state_of(database, letter) is MailingState.FINISHED)
    assert states(database, letter) == {SENT: list(range(1, 31))}
    assert {role: service.stop() for role, service in services.items()} == dict.fromkeys(services, 0)
    assert services[Role.WORKER].said("The database does not answer: ") == 1, "told once"


def answer(address):
    try:
        with urlopen(address, timeout=30) as response:
            return response.status
    except HTTPError as error:
        with error:
            return error.code


def test_send_waits_for_a_server_that_is_restarted(database, postgres_server, relay, environment, project):
    """In the foreground, with nobody else to work the queue."""
    add_people(database, 600)
    relay.delay = 0.05  # the server is gone before all is sent
    mailer = Commands(project, **environment, MAILER_SENDING__UNDO_SECONDS="0")
    process = mailer.start("send", "letter", "--yes", "--expect", "600")
    until(lambda: len(relay.accepted) > 20 or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    postgres_server.stop("fast")
    postgres_server.start()
    relay.delay = 0.0
    run = mailer.finish(process)
    assert run.code == 0, run.err
    assert Counter(message.recipient for message in relay.accepted) == {email(one): 1 for one in range(1, 601)}


def test_what_a_url_of_a_server_that_is_not_there_says(environment, tmp_path):
    environment["MAILER_DATABASE_URL"] = f"postgresql+psycopg://postgres@/postgres?host={tmp_path}"
    process = warm.Process("worker", "--drain", cwd=tmp_path, env=environment | {"HOME": str(tmp_path)})
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "The database does not answer: " in said
    assert "Start it, or mend the way to it" in said
