"""A backend around a backend: notes how long each answer took. Copy it and make it yours."""

import time
from collections.abc import Generator, Iterator
from typing import ClassVar

from mailer.backend import Backend, Receipt
from mailer.domain.message import OutgoingMessage


class TimedBackend(Backend):
    """Wraps any other; `seconds`: what each receipt took, in order."""

    name: ClassVar[str] = "timed"

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend = backend
        self.seconds: list[float] = []

    def open(self) -> None:
        self._backend.open()

    def send(self, message: OutgoingMessage) -> Receipt:
        (receipt,) = self.send_many(iter((message,)))
        return receipt

    def send_many(self, messages: Iterator[OutgoingMessage]) -> Iterator[Receipt]:
        receipts, begun = self._backend.send_many(messages), time.monotonic()
        try:
            for receipt in receipts:
                self.seconds.append(time.monotonic() - begun)
                yield receipt
                begun = time.monotonic()
        finally:
            if isinstance(receipts, Generator):
                receipts.close()  # closed early ourselves: the one inside must hear of it

    def close(self) -> None:
        self._backend.close()

    def abort(self) -> None:
        self._backend.abort()
