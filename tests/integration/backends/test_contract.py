"""Every backend that ships, and the example in the documentation, keeps the contract."""

import importlib.util
import json
import re
import socket
import stat
import sys
from pathlib import Path
from smtpd import SmtpServer

import pytest

from mailer.backend import Refused, Uncertain
from mailer.backends.failover import FailoverBackend
from mailer.backends.maildir import MaildirBackend
from mailer.backends.memory import MemoryBackend
from mailer.backends.redirect import RedirectBackend, redirected
from mailer.backends.smtp import SmtpBackend
from mailer.errors import BackendUnavailable
from mailer.testing import BackendContract

EXAMPLES = Path(__file__).parents[2] / "examples"


def _example(name):
    """A module of the guide for authors."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _number(content):
    return int(re.search(rb"Number (\d+)", content)[1])


class TestMemory(BackendContract):
    def make(self):
        self.made = MemoryBackend()
        return self.made

    def delivered(self):
        return [(message.recipient, message.content) for message in self.made.messages]

    def refusing(self):
        return MemoryBackend(receipts={"reader2@example.org": Refused(code=550)})

    def unreachable(self):
        return MemoryBackend(receipts={"reader1@example.org": BackendUnavailable()})

    def silent(self):
        self.made = MemoryBackend(receipts={"reader1@example.org": Uncertain()})
        return self.made


class TestMaildir(BackendContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path):
        self.path = tmp_path / "mail"

    def make(self):
        return MaildirBackend({"path": str(self.path)})

    def delivered(self):
        """Files have no order, so they are told apart by what they hold; their recipient stands in To."""
        contents = sorted((file.read_bytes() for file in self.path.glob("new/*")), key=_number)
        return [(re.search(rb"^To: (.*)\r$", content, re.MULTILINE)[1].decode(), content) for content in contents]

    def unreachable(self):
        self.path.write_text("A file where the folder should be.")
        return self.make()


class SmtpContract(BackendContract):
    misbehaviour = ""
    security = "none"

    @pytest.fixture(autouse=True)
    def server(self):
        with SmtpServer(self.misbehaviour, security=self.security) as self.relay:
            yield
        assert self.relay.breaches == []

    def make(self):
        ca_file = "" if self.security == "none" else str(self.relay.ca_file)
        return SmtpBackend(
            {"host": "localhost", "port": self.relay.port, "security": self.security, "ca_file": ca_file}
        )

    def delivered(self):
        return [(message.recipient, message.content) for message in self.relay.accepted]

    def refusing(self):
        self.relay.rcpt["reader2@example.org"] = "550 5.1.1 no such person"
        return self.make()

    def unreachable(self):
        return SmtpBackend({"host": "127.0.0.1", "port": self._closed_port(), "security": "none"})

    def _closed_port(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            return server.getsockname()[1]


class TestSmtp(SmtpContract):
    def silent(self):
        self.relay.misbehaviour, self.relay.times = "drops-at-dot", 1
        return self.make()


class TestSmtpWithoutPipelining(SmtpContract):
    misbehaviour = "no-pipelining"


class TestSmtpOfTheOldSchool(SmtpContract):
    misbehaviour = "no-ehlo"


class TestSmtpUnderTls(SmtpContract):
    security = "tls"


class TestSmtpWithStarttls(SmtpContract):
    security = "starttls"


class TestFailover(SmtpContract):
    """Two servers of one account, the first of which is down."""

    def make(self):
        return FailoverBackend([self.unreachable(), super().make()])

    def silent(self):
        self.relay.misbehaviour, self.relay.times = "drops-at-dot", 1
        return super().make()


class TestRedirect(SmtpContract):
    def make(self):
        return RedirectBackend(super().make(), "office@example.org")

    def arrives(self, message):
        return "office@example.org", redirected(message, "office@example.org").content

    def refusing(self):
        return None


class TestWrapperOfTheGuide(SmtpContract):
    def make(self):
        return _example("my_wrapper").TimedBackend(super().make())

    def silent(self):
        self.relay.misbehaviour, self.relay.times = "drops-at-dot", 1
        return self.make()


class TestExample(BackendContract):
    """The backend of docs/write-a-backend.md, with a program that writes down what it is given."""

    @pytest.fixture(autouse=True)
    def program(self, tmp_path):
        self.log = tmp_path / "log"
        self.path = tmp_path / "sendmail"
        self.path.write_text(
            f"#!{sys.executable}\nimport json, sys\n"
            f"record = json.dumps([sys.argv[-1], sys.stdin.buffer.read().decode()])\n"
            f"open({str(self.log)!r}, 'a').write(record + '\\n')\n"
        )
        self.path.chmod(stat.S_IRWXU)

    def make(self):
        return _example("my_backend").SendmailBackend({"path": str(self.path)})

    def delivered(self):
        records = (json.loads(line) for line in self.log.read_text().splitlines())
        return [(recipient, content.encode()) for recipient, content in records]
