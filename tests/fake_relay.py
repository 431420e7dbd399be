"""A relay without a network, one per connection: a test says how it takes each thing, and what it heard is the truth.

It stands where the socket of `smtp_wire.Wire` is, so all of the client is real but the system's own sockets.
"""

import re
import time
from collections.abc import Callable
from enum import StrEnum
from typing import ClassVar

from mailer.backends.smtp_wire import Wire

KEY = re.compile(rb"^Message-ID: <(\S+)@", re.MULTILINE)
VERBS = ("EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT")


class Mood(StrEnum):
    """How the relay takes the next thing it hears."""

    RIGHT = "answers rightly"
    LATER = "4yz"
    NEVER = "5yz"
    CLOSING = "421, and closes"
    SILENT = "says nothing, now and ever after"
    GONE = "closes the link"
    BROKEN = "breaks the link off"
    GARBLED = "says what is no reply"
    ODD = "a code that means nothing there"
    TWICE = "answers rightly, twice"


class Fate(StrEnum):
    """What the relay knows of a message whose final dot it has heard."""

    TAKEN = "answered with 2yz"
    DECLINED = "answered with 4yz or 5yz"
    UNANSWERED = "no answer that means anything"


class FakeRelay:
    """mood: asked for each command (by its verb), for "CONNECT", for each "CONTENT" that comes in, and for the "DOT".

    chunk: how many of so many octets the client gets to read, or to write, at once.
    """

    def __init__(
        self, mood: Callable[[str], Mood], chunk: Callable[[int], int], *, pipelining: bool, lenient: bool = False
    ) -> None:
        """lenient: takes DATA though every recipient was refused (RFC 2920 §3.1)."""
        self.mood, self.chunk, self.pipelining, self.lenient = mood, chunk, pipelining, lenient
        self.incoming, self.outgoing = b"", b""
        self.closed = self.broken = self.silent = self.in_content = False
        self.kept = False  # RSET was refused
        self.sender = self.recipient = ""
        self.fates: list[tuple[str, str, Fate]] = []  # (key, recipient, fate)
        self.breaches: list[str] = []

    # What `Wire` asks of a socket

    def settimeout(self, seconds: float | None) -> None:
        pass

    def setsockopt(self, *option: object) -> None:
        pass

    def connect(self, address: object) -> None:
        self.answer("CONNECT", "220 relay")

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self.closed = True

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 1)

    def sendmsg(self, parts: tuple[bytes, ...]) -> int:
        return self.send(b"".join(parts))

    def send(self, data: bytes) -> int:
        if self.closed or self.broken:
            raise BrokenPipeError(32, "Broken pipe")
        mood = self.mood("CONTENT") if self.in_content else Mood.RIGHT
        if mood is Mood.BROKEN:
            self.broken = True
            raise ConnectionResetError(104, "Connection reset by peer")
        taken = self.chunk(len(data))
        if mood is Mood.GONE:  # the system took it over, and it was lost on the way
            self.closed = True
            return taken
        self.incoming += bytes(data[:taken])
        self.hear()
        return taken

    def recv(self, most: int) -> bytes:
        if self.outgoing:
            size = self.chunk(min(most, len(self.outgoing)))
            data, self.outgoing = self.outgoing[:size], self.outgoing[size:]
            return data
        if self.broken:
            raise ConnectionResetError(104, "Connection reset by peer")
        if self.closed:
            return b""
        raise TimeoutError("timed out")

    # What it does with what it hears

    def hear(self) -> None:
        while not (self.closed or self.broken or self.silent) and self.heard_one():
            pass

    def heard_one(self) -> bool:
        """Take in one command, or one message; False while none is whole."""
        if self.in_content and self.incoming.startswith(b".\r\n"):
            content, self.incoming = b"", self.incoming[3:]
        elif self.in_content and b"\r\n.\r\n" in self.incoming:
            content, _, self.incoming = self.incoming.partition(b"\r\n.\r\n")
        elif not self.in_content and b"\r\n" in self.incoming:
            line, _, self.incoming = self.incoming.partition(b"\r\n")
            self.obey(line.decode())
            return True
        else:
            return False
        self.in_content = False
        self.judge(content)
        return True

    def obey(self, line: str) -> None:
        verb = line.partition(" ")[0]
        yes = self.answer(verb, self.usual(verb))
        if verb == "RSET":
            self.kept = not yes
        if verb == "RSET" and yes:
            self.sender = self.recipient = ""
        elif verb == "MAIL" and yes:
            self.sender = line
        elif verb == "RCPT" and yes:
            self.recipient = line.removeprefix("RCPT TO:<").removesuffix(">")
        elif verb == "DATA":
            self.in_content = yes

    def usual(self, verb: str) -> str:
        """The right answer."""
        if verb not in VERBS:
            self.breaches.append(f"unknown command: {verb[:40]}")
        if (verb == "MAIL" and self.sender) or (verb == "RCPT" and not self.sender):
            if verb == "MAIL" and not self.kept:
                self.breaches.append("MAIL within a transaction")
            return "503 5.5.1 bad sequence of commands"
        if verb == "DATA":
            return "354 go on" if self.recipient or self.lenient else "503 5.5.1 no valid recipients"
        if verb == "EHLO":
            return "250-relay\r\n250-PIPELINING\r\n250 8BITMIME" if self.pipelining else "250-relay\r\n250 8BITMIME"
        return "250 2.0.0 ok"

    def answer(self, verb: str, good: str) -> bool:
        """Say `good`, or what the mood of the moment wants; True when it was said and is a yes."""
        mood = self.mood(verb)
        right = mood in (Mood.RIGHT, Mood.TWICE) and good[0] in "23"
        said = {
            Mood.RIGHT: good,
            Mood.TWICE: f"{good}\r\n{good}",
            Mood.LATER: "451 4.3.0 not now",
            Mood.NEVER: "554 5.7.1 never",
            Mood.CLOSING: "421 4.3.2 closing",
            Mood.GARBLED: "what?",
            Mood.ODD: "399 odd" if good[0] != "3" else "250 odd",
        }.get(mood)
        if said is not None:
            self.outgoing += said.encode() + b"\r\n"
        self.closed |= mood in (Mood.CLOSING, Mood.GONE)
        self.broken |= mood is Mood.BROKEN
        self.silent |= mood is Mood.SILENT
        return right

    def judge(self, content: bytes) -> None:
        """The final dot was heard."""
        if bool(content) != bool(self.recipient):
            self.breaches.append("content for nobody" if content else "no content for somebody")
        before = len(self.outgoing)
        taken = self.answer("DOT", "250 2.0.0 ok" if content else "554 5.5.1 no valid recipients")
        declined = self.outgoing[before : before + 1] in (b"4", b"5")
        fate = Fate.TAKEN if taken else Fate.DECLINED if declined else Fate.UNANSWERED
        if found := KEY.search(content):
            self.fates.append((found[1].decode(), self.recipient, fate))
        self.sender = self.recipient = ""


class FakeWire(Wire):
    """A wire to a fake relay. relays: gives the one for a new connection."""

    relays: ClassVar[Callable[[], FakeRelay]]

    def connect(self, host: str, port: int, timeout: float) -> None:
        self._dial(self.relays(), (host, port), time.monotonic() + timeout)
