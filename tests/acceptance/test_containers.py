"""What docker-compose.yml starts, started here: the same command lines and variables, each in a folder with no more than it mounts.

PostgreSQL is real, the relay is real; only the walls between the containers are missing.
"""

import email.policy
import re
import shutil
import signal
import urllib.request
from smtpd import SmtpServer

import pytest

from composition import ROOT, command_lines, services
from mailer.storage.database import Database
from ports import free_port
from sending_world import Commands
from waiting import until

PEOPLE = 200
LONG_RUNNING = ("web", "worker", "scheduler")


@pytest.fixture
def empty_database(postgres_url):
    database = Database(postgres_url)
    with database.writing() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    database.dispose()
    return postgres_url


@pytest.fixture
def relay():
    with SmtpServer() as server:
        yield server


@pytest.fixture
def composition(tmp_path, empty_database, relay):
    """Service by service what its ENTRYPOINT is called with (run, check) and the `Commands` that call it."""
    port = free_port()
    variables = {
        "POSTGRES_PASSWORD": "none",
        "MAILER_SECRET_KEY": "a key of this installation, 0123",
        "MAILER_SMTP_URL": f"smtp://127.0.0.1:{relay.port}",
        "MAILER_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    return {
        name: Container(tmp_path / name, name, service, url=empty_database, port=port)
        for name, service in services(**variables).items()
        if service["image"] == "mailer:local"
    }


class Container:
    def __init__(self, folder, name, service, *, url, port):
        folder.mkdir()
        for volume in service.get("volumes", []):
            source, target = ROOT / volume["source"], folder / volume["target"].removeprefix("/project/")
            shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        lines = [[str(port) if word == "8000" else word for word in line] for line in command_lines(name, service)]
        self.command, self.check = lines[0] if lines else [], lines[1] if len(lines) > 1 else []
        told = {variable: value or "" for variable, value in service["environment"].items()}
        self.mailer = Commands(folder, **{"MAILER_SECRET_KEY": ""} | told | {"MAILER_DATABASE_URL": url})
        self.process = None

    def start(self):
        self.process = self.mailer.start(*self.command)

    @property
    def well(self):
        assert self.process.poll() is None, self.process.communicate()[1]
        return self.mailer(*self.check).code == 0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.mailer.finish(self.process)


def state(mailer, slug):
    return mailer("status", slug, "--json").json["state"]


@pytest.mark.slow
def test_the_services_send_the_example_project(composition, relay):
    migrate, command = composition["migrate"].mailer, composition["mailer"].mailer
    for _ in range(2):
        assert migrate(*composition["migrate"].command).code == 0, "the second time there is nothing to do"
    running = [composition[name] for name in LONG_RUNNING]
    assert [one.mailer(*one.check).code for one in running] == [1, 1, 1], "nothing runs yet"
    imported = command("import", "subscribers/people.csv", "--json")
    assert (imported.code, imported.json["new"]) == (0, PEOPLE), imported.err
    try:
        for one in running:
            one.start()
        for one in running:
            until(lambda one=one: one.well)
        send_one_now_and_arm_another(command, relay)
        leave(relay.accepted[0], composition["web"].mailer)
        ended = [one.stop() for one in running]
    finally:
        for one in running:
            if one.process and one.process.poll() is None:
                one.process.kill()
                one.process.communicate()
    assert [one.code for one in ended] == [0, 0, 0], [one.err for one in ended]
    assert [one.mailer(*one.check).code for one in running] == [1, 1, 1], "all have ended"
    assert relay.breaches == []


def send_one_now_and_arm_another(command, relay):
    sent = command("send", "labour-and-latin-america", "--yes", "--expect", PEOPLE)
    assert sent.code == 0, sent.err
    until(lambda: state(command, "labour-and-latin-america") == "finished")
    assert len({one.recipient for one in relay.accepted}) == len(relay.accepted) == PEOPLE
    appeal = command("send", "fighting-fund", "--dry-run", "--json").json["recipients"]
    armed = command("schedule", "add", "fighting-fund", "--at", "in 1s", "--yes", "--expect", appeal)
    assert armed.code == 0, armed.err
    until(lambda: state(command, "fighting-fund") == "finished")
    assert len(relay.accepted) == PEOPLE + appeal


def leave(message, mailer):
    """As a mailbox provider does it (RFC 8058): the worker signed the link, the pages must know the key."""
    header = email.message_from_bytes(message.content, policy=email.policy.default)["List-Unsubscribe"]
    [link] = re.findall(r"<(http\S+)>", header)
    with urllib.request.urlopen(link, data=b"List-Unsubscribe=One-Click", timeout=60) as answer:
        assert answer.status == 200
    assert (
        mailer("subscribers", "show", message.recipient, "--json").json["subscriptions"][0]["status"] == "unsubscribed"
    )
