"""
An SMTP server for tests: real sockets, loopback only, strict, and every misbehaviour has a name (`smtpd_faults`).

    with SmtpServer("drops-at-dot") as server:
        ...                       # talk to 127.0.0.1, server.port
    server.accepted               # what it took responsibility for, in order
    server.breaches               # where the client broke the protocol: empty, if all is well

    SmtpServer(rcpt={"nobody@example.org": "550 5.1.1 no such person"}, dot={"full@example.org": "452 4.2.2 full"})
    SmtpServer(security="starttls", users={"ana": "secret"})      # server.ca_file is what the client should trust
    SmtpServer("closes-at-mail", times=1)                         # only once, then it behaves

As a script it prints its port and serves until it is killed, or whoever started it is gone. --log gets a line
"recipient message-id" before each message is acknowledged, so the file is the truth about what was accepted, whoever
was killed:

    python tests/smtpd.py --port 0 --log accepted.txt [--delay MS] [--misbehaviour NAME]
"""
# ruff: noqa: A005 -- the standard library's module of this name is gone since Python 3.12

import argparse
import contextlib
import os
import re
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from smtpd_faults import MISBEHAVIOURS
from smtpd_link import Link

MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message that the server answered, or was about to answer, with 250. content is empty under keep_content=False."""

    sender: str
    recipient: str
    content: bytes


class SmtpServer:
    """Listens on an ephemeral port of 127.0.0.1 between enter and exit; one thread per connection."""

    host = "127.0.0.1"

    def __init__(
        self,
        misbehaviour: str = "",
        *,
        times: int | None = None,
        rcpt: Mapping[str, str] | None = None,
        dot: Mapping[str, str] | None = None,
        security: str = "none",
        users: Mapping[str, str] | None = None,
        mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN", "CRAM-MD5"),
        auth_in_clear: bool = False,
        size_limit: int = 10_000_000,
        delay: float = 0.0,
        log: Path | None = None,
        keep_content: bool = True,
        port: int = 0,
    ) -> None:
        """times: how often the fault strikes (None: always). delay: seconds before each group of answers."""
        if misbehaviour and misbehaviour not in MISBEHAVIOURS:
            raise ValueError(f"no misbehaviour is called {misbehaviour!r}")
        self.misbehaviour, self.times = misbehaviour, times
        self.rcpt, self.dot = dict(rcpt or {}), dict(dot or {})
        self.security, self.users, self.mechanisms = security, dict(users or {}), mechanisms
        self.auth_in_clear, self.size_limit, self.delay = auth_in_clear, size_limit, delay
        self.known: set[str] = set()  # recipients who are greylisted no more
        self.keep_content, self.port = keep_content, port
        self.accepted: list[Accepted] = []
        self.commands: list[str] = []
        self.breaches: list[str] = []
        self.connections = 0
        self.turns = 0  # groups of answers given: what a client waits for
        self.stopping = threading.Event()
        self._changed = threading.Condition()
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if log else None
        self._links: list[Link] = []

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="smtpd-")
        if self.security != "none":
            from smtpd_tls import server_context

            self.context, self.ca_file = server_context(Path(self._folder.name), self.misbehaviour)
        self._listener = socket.create_server((self.host, self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept_links, daemon=True)
        self._acceptor.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stopping.set()
        self._shut(self._listener)
        self._acceptor.join(5)
        for link in self._links:
            self._shut(link.sock)
        for link in self._links:
            link.thread.join(5)
        if self._log is not None:
            os.close(self._log)
        self._folder.cleanup()

    @staticmethod
    def _shut(sock: socket.socket) -> None:
        """Wake whoever waits on it."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _accept_links(self) -> None:
        with self._listener:
            while not self.stopping.is_set():
                try:
                    sock, _ = self._listener.accept()
                except OSError:
                    return
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                link = Link(self, sock)
                self._links.append(link)
                link.thread.start()

    # What the links ask

    def fault_at(self, stage: str) -> str:
        """The fault that strikes now, or ""; each call uses up one of `times`."""
        fault, _, where = self.misbehaviour.partition("-at-")
        if where != stage or self.times == 0:
            return ""
        if self.times is not None:
            self.times -= 1
        return fault

    def offers(self, extension: str) -> bool:
        if extension == "STARTTLS":
            return self.security == "starttls" and self.misbehaviour != "strips-starttls"
        return self.misbehaviour not in {f"no-{extension.lower()}", "no-ehlo"}

    def extensions(self, *, tls: bool) -> list[str]:
        """What EHLO announces, in or out of TLS."""
        offered = [name for name in ("PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES") if self.offers(name)]
        if self.offers("SIZE"):
            offered.append(f"SIZE {1000 if self.misbehaviour == 'small-size' else self.size_limit}")
        if not tls and self.offers("STARTTLS"):
            offered.append("STARTTLS")
        if self.users and self.offers("AUTH") and (tls or self.auth_in_clear):
            offered.append("AUTH " + " ".join(self.mechanisms))
        return offered

    def accept(self, sender: str, recipients: list[str], content: bytes) -> None:
        found = MESSAGE_ID.search(content)
        with self._changed:
            for recipient in recipients:
                kept = content if self.keep_content else b""
                self.accepted.append(Accepted(sender=sender, recipient=recipient, content=kept))
                if self._log is not None:
                    os.write(self._log, recipient.encode() + b" " + (found[1] if found else b"-") + b"\n")
            self._changed.notify_all()

    # What tests ask

    @property
    def recipients(self) -> list[str]:
        return [message.recipient for message in self.accepted]

    def wait_for(self, count: int, timeout: float = 60.0) -> bool:
        """Wait until `count` messages were accepted; False when `timeout` seconds passed first."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.accepted) >= count, timeout)


def main() -> None:
    parser = argparse.ArgumentParser(description="A scriptable SMTP server on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--delay", type=float, default=0.0, metavar="MS")
    parser.add_argument("--misbehaviour", default="", choices=sorted(MISBEHAVIOURS), metavar="NAME")
    options = parser.parse_args()
    server = SmtpServer(
        options.misbehaviour, port=options.port, log=options.log, delay=options.delay / 1000, keep_content=False
    )
    parent = os.getppid()
    with server:
        print(server.port, flush=True)
        while os.getppid() == parent:
            time.sleep(0.2)


if __name__ == "__main__":
    main()
