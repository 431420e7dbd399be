"""Answers that say more about us, our mail or the relay than about the people: a mailing pauses, a connection rests."""

import threading
from collections import deque

from mailer.backend import Deferred, Receipt, Refused, Sent, Uncertain
from mailer.domain.address import with_masked_addresses

IN_A_ROW = 10
#: 25 of 500 is 5 %.
WINDOW, LIMIT = 500, 25
#: (code, enhanced status) of `Uncertain`.
NO_ANSWER = (0, "")


class Breaker:
    """Trips at ten equal refusals in a row, or when 5 % of the last 500 answers are refusals. Threads may share it.

    A message that left and got no answer counts as one, for a relay that breaks off each time leaves everybody in doubt.
    An address that does not exist says nothing about us and is not counted, nor is a message that was only put off:
    neither is an answer to what we ask here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._last: deque[bool] = deque(maxlen=WINDOW)
        self._row: tuple[int, str] | None = None
        self._length = 0

    def record(self, receipt: Receipt) -> str:
        """Take note of one answer. The reason to pause, with the reply quoted, or "" to go on; a reason starts anew."""
        if isinstance(receipt, Sent):
            with self._lock:
                self._row, self._length = None, 0
                self._last.append(False)
            return ""
        if isinstance(receipt, Deferred) or (isinstance(receipt, Refused) and receipt.bad_address):
            return ""
        with self._lock:
            kind = NO_ANSWER if isinstance(receipt, Uncertain) else (receipt.code, receipt.enhanced)
            self._length = self._length + 1 if kind == self._row else 1
            self._row = kind
            self._last.append(True)
            reason = self._reason()
            if reason:
                self._reset()
        return f'{reason}: "{quoted(receipt)}"' if reason else ""

    def _reason(self) -> str:
        if self._length >= IN_A_ROW:
            what = "left and got no answer" if self._row == NO_ANSWER else "were refused alike"
            return f"{IN_A_ROW} messages in a row {what}"
        if sum(self._last) >= LIMIT:
            what = "refused or left without an answer"
            return f"{LIMIT} of the last {len(self._last)} messages were {what}, the last of them"
        return ""


class Stall:
    """Tells when one connection's messages are put off one after another, alike. One thread uses it.

    Going on at full speed would use up everybody's attempts. After a rest one message is tried; any other answer ends it.

    A relay that takes what it had put off greylists (RFC 6647): what it puts off when it sees it first says nothing more,
    until it puts off again what was tried before.
    """

    def __init__(self) -> None:
        self._row: tuple[int, str] | None = None
        self._length = 0
        self._greylists = False

    def record(self, receipt: Receipt, *, again: bool) -> str:
        """Take note of one answer; again: to a message that was put off before. The reason to rest, or "" to go on."""
        if again and isinstance(receipt, Sent | Deferred):
            self._greylists = isinstance(receipt, Sent)
        elif self._greylists and isinstance(receipt, Deferred):
            return ""
        kind = (receipt.code, receipt.enhanced) if isinstance(receipt, Deferred) and receipt.code else None
        self._length = self._length + 1 if kind and kind == self._row else int(kind is not None)
        self._row = kind
        if self._length < IN_A_ROW:
            return ""
        return f'The relay puts off one message after another: "{quoted(receipt)}"'


def quoted(receipt: Receipt) -> str:
    """A reply as people know it: code, status, text. It becomes the mailing's, so the one person's address is masked."""
    parts = (str(receipt.code or ""), receipt.enhanced, with_masked_addresses(receipt.text))
    return " ".join(part for part in parts if part)
