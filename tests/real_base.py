"""What the real mail servers of tests have in common: where they are unpacked, how one is run privately, what it delivered.

`tests/fetch_servers.sh` unpacks them. A server runs with configuration, queue and mail in a temporary folder of its own, on
a free port of 127.0.0.1, and is gone at the end with all that it started; nothing of the system's own is touched.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import trustme

from ports import free_port

UNPACKED = Path(
    os.environ.get("MAILER_TEST_SERVERS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mailer-tests" / "servers"
)
HOW = "(tests/fetch_servers.sh unpacks it)"
PATIENCE = 60.0
#: What a server writes above a message; the first field that is none of these is the message's own.
TRACE = re.compile(
    rb"(?:return-path|x-original-to|delivered-to|envelope-to|delivery-date|received):.*\n(?:[ \t].*\n)*", re.IGNORECASE
)
RECIPIENT = re.compile(rb"^(?:x-original-to|envelope-to): (.*)$", re.IGNORECASE | re.MULTILINE)
SENDER = re.compile(rb"^return-path: <(.*)>$", re.IGNORECASE | re.MULTILINE)


def library(name: str) -> Path | None:
    """A shared library that came with the servers."""
    return next(UNPACKED.glob(f"usr/lib/*/{name}"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A message as it came to rest. content: with CRLF again, the server's trace fields taken off and kept in `trace`."""

    sender: str
    recipient: str
    content: bytes
    trace: bytes


class RealServer:
    """One running server between enter and exit. It takes mail for example.org, and offers STARTTLS.

    A kind of server says how it is laid out (`lay_out`), started (`start`), and what hinders it (`missing`).
    """

    name: ClassVar[str]
    host = "localhost"
    security = "starttls"

    def __init__(self, **settings: str) -> None:
        """settings: of the server's own configuration, in place of ours."""
        self.settings = settings
        self._seen: dict[Path, Delivered] = {}

    @staticmethod
    def missing() -> str:
        """Why it cannot run here; empty if it can."""
        raise NotImplementedError

    def lay_out(self) -> None:
        """Write the configuration into `folder`."""
        raise NotImplementedError

    def start(self) -> subprocess.Popen[bytes]:
        """Start it in a session of its own."""
        raise NotImplementedError

    def logged(self) -> str:
        """Its log so far."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self.folder.chmod(0o711)  # its processes are several users
        self.inbox = self.folder / "mail" / "all" / "new"
        self._certify()
        for _ in range(3):  # somebody else may take the port that was free
            self.port = free_port()
            self.lay_out()
            self._process = self.start()
            if self._answers():
                return self
            self._stop()
        said = self.logged()
        shutil.rmtree(self.folder, ignore_errors=True)
        raise RuntimeError(f"{self.name} does not start: {said}")

    def __exit__(self, *exception: object) -> None:
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def delivered(self, count: int, *, to: str = "") -> list[Delivered]:
        """All that came to rest for recipients that begin with `to`, once there are `count`; fails when that takes too long."""
        deadline = time.monotonic() + PATIENCE
        while len(found := self._arrived(to)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} of {count} messages arrived:\n{self.logged()[-3000:]}")
            time.sleep(0.02)
        return found

    def _arrived(self, to: str) -> list[Delivered]:
        for path in self.inbox.glob("*"):
            if path not in self._seen:
                self._seen[path] = _read(path)
        return [message for message in self._seen.values() if message.recipient.startswith(to)]

    def _certify(self) -> None:
        authority = trustme.CA()
        self.ca_file = self.folder / "authority.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        self.certificate = self.folder / "server.pem"
        authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(self.certificate)
        self.certificate.chmod(0o644)  # a throw-away key: the server reads it under another user

    def _answers(self) -> bool:
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as link:
                if link.recv(3) == b"220":
                    return True
            time.sleep(0.02)
        return False

    def _stop(self) -> None:
        """It, and all that it started: they share its session's process group."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)


def _read(path: Path) -> Delivered:
    raw = path.read_bytes()
    rest = raw
    while field := TRACE.match(rest):
        rest = rest[field.end() :]
    trace = raw[: len(raw) - len(rest)]
    recipient, sender = RECIPIENT.search(trace), SENDER.search(trace)
    assert recipient
    assert sender
    return Delivered(
        sender=sender[1].decode(),
        recipient=recipient[1].decode(),
        content=rest.replace(b"\n", b"\r\n"),
        trace=trace,
    )
