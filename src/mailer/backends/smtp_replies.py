"""What a relay answers (RFC 5321 §4.2): `Reply`, and a parser that takes the bytes as they come.

The parser promises: the same replies however the bytes were cut; never more than a few kilobytes held; anything that is
no SMTP reply ends the conversation (`GarbledReply`) instead of being guessed at.
"""

import re
from typing import NamedTuple

# RFC 5321 §4.5.3.1.5 allows 512 octets a line; real relays put URLs in them. What is longer is cut: its code still counts.
# A line that never ends is no answer, and a reply of over 100 lines is nobody's EHLO.
MAX_LINE = 2048
LONGEST_LINE = 65536
MAX_LINES = 100
MAX_TEXT = 1000

LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
#: A reply of one line that is short and whole, as nearly all are.
SIMPLE = re.compile(rb"([2-5][0-9]{2}) ([^\r\n]{0,2000})\r\n")
ENHANCED = re.compile(rb"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s+|$)")
#: What stands behind the code of nearly every yes: a status code, and printable ASCII that needs no tidying.
PLAIN = re.compile(rb"(2\.[0-9]{1,3}\.[0-9]{1,3}) ([!-~](?:[ -~]{0,900}[!-~])?)")
#: The answers to a whole envelope: MAIL and RCPT are taken, and the content is awaited.
AGREED = re.compile(rb"(?:2[0-9]{2} [^\r\n]{0,2000}\r\n){2}354 [^\r\n]{0,2000}\r\n")


class LinkLost(Exception):
    """The conversation with the relay cannot go on. written: bytes of the last write that the system had taken over."""

    def __init__(self, reason: str, *, written: int = 0) -> None:
        super().__init__(reason)
        self.written = written


class GarbledReply(LinkLost):
    """What came is no SMTP reply."""


class Reply(NamedTuple):
    """code: 200 to 599. raw: what stood on each line after the code, as it came; most of it nobody ever reads."""

    code: int
    raw: tuple[bytes, ...]

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def lines(self) -> list[str]:
        return [printable(line) for line in self.raw]

    @property
    def enhanced(self) -> str:
        """The status code of RFC 3463, such as "5.1.1"; "" when there is none or it contradicts the code (RFC 2034 §4)."""
        match = ENHANCED.match(self.raw[0])
        return match[1].decode("ascii") if match and int(match[1][:1]) == self.code // 100 else ""

    @property
    def text(self) -> str:
        """All lines in one, the enhanced status code taken off each."""
        status = self.enhanced
        parts = (line.removeprefix(status).strip() for line in self.lines)
        return " ".join(part for part in parts if part)[:MAX_TEXT]

    @property
    def told(self) -> tuple[str, str]:
        """`enhanced` and `text`."""
        plain = PLAIN.fullmatch(self.raw[0]) if self.code < 300 and len(self.raw) == 1 else None
        return (plain[1].decode(), plain[2].decode()) if plain else (self.enhanced, self.text)

    def __str__(self) -> str:
        """How it stands in front of a person: "550 5.1.1 no such person"."""
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)


class ReplyParser:
    """`feed` it what came, then take replies with `next` until it has none."""

    def __init__(self) -> None:
        self._buffer = b""
        self._taken = 0  # so much of the buffer is read
        self._cut = 0  # octets of the line that is coming in that were not kept
        self._code = 0
        self._lines: list[bytes] = []

    @property
    def idle(self) -> bool:
        """Whether everything that came was part of a reply already taken."""
        return self._taken == len(self._buffer) and not self._lines

    def feed(self, data: bytes) -> None:
        self._buffer = self._buffer[self._taken :] + data
        self._taken = 0

    def next(self) -> Reply | None:
        """The next whole reply, None while it is not there yet. Raises GarbledReply."""
        if self._taken == len(self._buffer):
            return None
        simple = None if self._lines or self._cut else SIMPLE.match(self._buffer, self._taken)
        if simple:
            self._taken = simple.end()
            return Reply(int(simple[1]), (simple[2],))
        while True:
            start, end = self._taken, self._buffer.find(b"\n", self._taken)
            if end < 0:
                self._cut_short(start)
                return None
            self._taken, self._cut = end + 1, 0
            if self._take(self._buffer[start:end].removesuffix(b"\r")[:MAX_LINE]):
                lines, self._lines = tuple(self._lines), []
                return Reply(self._code, lines)

    def agreed(self) -> bool:
        """Whether a yes to a whole envelope lies here next; then it is taken."""
        found = None if self._lines or self._cut else AGREED.match(self._buffer, self._taken)
        if found is None:
            return False
        self._taken = found.end()
        return True

    def _cut_short(self, start: int) -> None:
        """Keep no more of the unfinished line that begins at `start` than anybody will look at."""
        too_much = len(self._buffer) - start - MAX_LINE
        if too_much > 0:
            self._buffer, self._taken = self._buffer[start : start + MAX_LINE], 0
            self._cut += too_much
        if self._cut > LONGEST_LINE:
            raise GarbledReply("The relay answered with a line that does not end.")

    def _take(self, line: bytes) -> bool:
        """Add one line; True when it is the last of its reply."""
        match = LINE.fullmatch(line)
        if match is None:
            raise GarbledReply(f'The relay answered "{printable(line)[:60]}", which is no SMTP reply.')
        code = int(match[1])
        if self._lines and code != self._code:  # RFC 5321 §4.2.1: the same code on every line
            raise GarbledReply(f"The relay answered {self._code} and {code} in one reply.")
        if len(self._lines) >= MAX_LINES:
            raise GarbledReply(f"The relay answered with more than {MAX_LINES} lines.")
        self._code = code
        self._lines.append(match[3] or b"")
        return match[2] != b"-"


def printable(raw: bytes) -> str:
    """As text that may stand on a terminal: RFC 6531 §3.7.4 allows UTF-8; control characters become question marks."""
    text = raw.decode("utf-8", "replace")
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)
