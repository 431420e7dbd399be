"""Every backend that ships, and the example in the documentation, keeps the contract."""

import importlib.util
import json
import stat
import sys
from pathlib import Path
from smtpd import SmtpServer

import pytest

from mailer.backends.maildir import MaildirBackend
from mailer.backends.memory import MemoryBackend
from mailer.backends.smtp import SmtpBackend
from mailer.testing import BackendContract

EXAMPLE = Path(__file__).parents[2] / "examples" / "my_backend.py"


class TestMemory(BackendContract):
    def make(self):
        self.made = MemoryBackend()
        return self.made

    def delivered(self):
        return [(message.recipient, message.content) for message in self.made.messages]


class TestMaildir(BackendContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path):
        self.path = tmp_path / "mail"

    def make(self):
        return MaildirBackend({"path": str(self.path)})


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


class TestSmtp(SmtpContract):
    pass


class TestSmtpWithoutPipelining(SmtpContract):
    misbehaviour = "no-pipelining"


class TestSmtpOfTheOldSchool(SmtpContract):
    misbehaviour = "no-ehlo"


class TestSmtpUnderTls(SmtpContract):
    security = "tls"


class TestSmtpWithStarttls(SmtpContract):
    security = "starttls"


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
        spec = importlib.util.spec_from_file_location("my_backend", EXAMPLE)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.SendmailBackend({"path": str(self.path)})

    def delivered(self):
        records = (json.loads(line) for line in self.log.read_text().splitlines())
        return [(recipient, content.encode()) for recipient, content in records]
