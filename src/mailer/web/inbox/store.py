"""Messages that the inbox took, one private file each; what the list of them shows stays in memory.

Sending 100,000 messages to the inbox fills a disk a little and memory hardly at all.
"""

import email.parser
import email.policy
import os
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from mailer.errors import DiskFull

_POLICY = email.policy.default
_PARSER = email.parser.BytesHeaderParser(policy=_POLICY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message as the list shows it. number: counts from 1 in order of arrival; size: bytes."""

    number: int
    sender: str
    recipient: str
    subject: str
    received_at: datetime
    size: int

    def matches(self, words: list[str]) -> bool:
        """Whether every one of `words` (lower case) stands in the recipient, the sender or the subject."""
        text = f"{self.recipient}\n{self.sender}\n{self.subject}".casefold()
        return all(word in text for word in words)


class Store:
    """Threads may share it: the SMTP side adds, the pages read."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made, readable by its owner alone."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, content: bytes, recipient: str) -> Entry:
        """Keep one message. Raises DiskFull, and then it is not kept."""
        sender, subject = _envelope(content)
        with self._lock:
            number = len(self._entries) + 1
            try:
                # O_TRUNC: one that did not fit on the disk may have left its beginning under this number.
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                with os.fdopen(os.open(self._file(number), flags, 0o600), "wb") as file:
                    file.write(content)
            except OSError as error:
                raise DiskFull from error
            entry = Entry(
                number=number,
                sender=sender,
                recipient=recipient,
                subject=subject,
                received_at=datetime.now(UTC),
                size=len(content),
            )
            self._entries.append(entry)
        return entry

    def content(self, number: int) -> bytes | None:
        """The whole message as it came, or None."""
        return self._file(number).read_bytes() if 0 < number <= len(self) else None

    def entry(self, number: int) -> Entry | None:
        return self._entries[number - 1] if 0 < number <= len(self) else None

    def find(self, query: str, *, limit: int) -> tuple[list[Entry], int]:
        """The newest `limit` entries that match every word of `query`, newest first, and how many match in all."""
        words = query.casefold().split()
        found = [entry for entry in reversed(self._entries[:]) if entry.matches(words)]
        return found[:limit], len(found)

    def subjects(self, most: int) -> list[tuple[str, int]]:
        """The commonest subjects that came more than once, and how often."""
        counted = Counter(entry.subject for entry in self._entries[:])
        return [(subject, number) for subject, number in counted.most_common(most) if number > 1 and subject]

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:06}.eml"


def _envelope(content: bytes) -> tuple[str, str]:
    """From and Subject, decoded. Whatever the message is, it is kept and shown."""
    end = content.find(b"\r\n\r\n")
    headers = _PARSER.parsebytes(content[: end + 4] if end >= 0 else content[:65_536])
    fields = {name.lower(): value for name, value in reversed(list(headers.raw_items()))}  # the first of each counts
    try:
        return _decoded("From", fields.get("from", "")), _decoded("Subject", fields.get("subject", ""))
    except Exception:  # noqa: BLE001  (the library's header parser raises half a dozen kinds on broken fields)
        return "", ""


@lru_cache(maxsize=256)
def _decoded(name: str, value: str) -> str:
    """Kept, because the messages of a mailing share them, and the library takes as long for one as sending a message does."""
    return str(_POLICY.header_fetch_parse(name, value))
