"""Keeps messages instead of sending them: for tests and dry runs. It keeps the whole contract, with scripted receipts."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from mailer.backend import Backend, Receipt, Sent
from mailer.domain.message import OutgoingMessage

#: What becomes of a recipient's messages: always the same, or one after the other, the last again and again.
Script = Receipt | BaseException | Sequence[Receipt | BaseException]


class MemoryBackend(Backend):
    """`messages`: those that it accepted, in order. `attempts`: all that it was given.

    receipts: by recipient, what to answer instead of `Sent`; an exception is raised. In settings there is none.
    """

    name: ClassVar[str] = "memory"

    def __init__(
        self, options: Mapping[str, object] | None = None, *, receipts: Mapping[str, Script] | None = None
    ) -> None:
        super().__init__(options)
        self.messages: list[OutgoingMessage] = []
        self.attempts: list[OutgoingMessage] = []
        self._scripts = {
            recipient: list(script) if isinstance(script, Sequence) else [script]
            for recipient, script in (receipts or {}).items()
        }

    def send(self, message: OutgoingMessage) -> Receipt:
        self.attempts.append(message)
        receipt = self._next(message.recipient)
        if isinstance(receipt, BaseException):
            raise receipt
        if isinstance(receipt, Sent):
            self.messages.append(message)
        return receipt

    def _next(self, recipient: str) -> Receipt | BaseException:
        script = self._scripts.get(recipient)
        if not script:
            return Sent(code=250, enhanced="2.0.0", text="kept in memory")
        return script.pop(0) if len(script) > 1 else script[0]
