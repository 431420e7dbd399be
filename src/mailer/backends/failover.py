"""Several backends in a row, as one: what the first cannot carry goes to the next.

| what the one in use says                        | then                                                             |
| ----------------------------------------------- | ---------------------------------------------------------------- |
| `BackendUnavailable`, `BackendMisconfigured`    | the next takes over, with what was taken and has no receipt      |
| `Deferred`                                      | that message is offered to each other one; the rest stay         |
| `Sent`, `Refused`, `Uncertain`                  | that is the message's fate, and nobody else is asked             |

The one that took over stays in use until it fails in its turn, or until `close`. An error is raised when all have failed
and no message got a receipt in between: `BackendMisconfigured` if each says that it is us, else `BackendUnavailable`.
"""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from typing import ClassVar

from mailer.backend import Backend, Deferred, Receipt
from mailer.domain.message import OutgoingMessage
from mailer.errors import BackendError, BackendMisconfigured, BackendUnavailable, SettingsError


class FailoverBackend(Backend):
    """Made by code, not by settings: a relay with several hosts is one of these over one backend for each."""

    name: ClassVar[str] = "failover"

    def __init__(self, backends: Sequence[Backend]) -> None:
        super().__init__()
        if not backends:
            raise SettingsError("There is no backend to fail over to.")
        self._backends = deque(backends)  # the one in use first
        self._in_order = tuple(backends)
        self._aborted = False

    def open(self) -> None:
        failures: list[BackendError] = []
        while True:
            try:
                self._backends[0].open()
            except BackendError as error:
                self._move_on(error, failures)
            else:
                return

    def send(self, message: OutgoingMessage) -> Receipt:
        (receipt,) = self.send_many(iter((message,)))
        return receipt

    def send_many(self, messages: Iterator[OutgoingMessage]) -> Iterator[Receipt]:
        """Lazily, as the contract says: a message is taken from `messages` only when the backend in use takes one."""
        supply = _Supply(messages)
        failures: list[BackendError] = []
        while True:
            try:
                if failures:
                    self._backends[0].open()
                for message, receipt in supply.through(self._backends[0]):
                    failures.clear()
                    yield self._asked_elsewhere(message, receipt)
            except BackendError as error:
                if supply.broken:
                    raise
                self._move_on(error, failures)
            else:
                return

    def close(self) -> None:
        """Close them all; the first is preferred again."""
        for backend in self._in_order:
            backend.close()
        self._backends = deque(self._in_order)

    def abort(self) -> None:
        self._aborted = True  # before the others hear of it: what they raise must not lead on to the next
        for backend in self._in_order:
            backend.abort()

    def _move_on(self, error: BackendError, failures: list[BackendError]) -> None:
        """Let the next one take over; raises when there is none left that has not just failed."""
        failures.append(error)
        self._backends[0].close()
        self._backends.rotate(-1)
        if self._aborted:
            raise error
        if len(failures) >= len(self._backends):
            raise _together(failures)

    def _asked_elsewhere(self, message: OutgoingMessage, receipt: Receipt) -> Receipt:
        """What the others make of a message that was put off; the first answer if they all put it off."""
        others = list(self._backends)[1:] if isinstance(receipt, Deferred) else []
        for backend in others:
            if self._aborted:
                break
            try:
                answer = backend.send(message)
            except BackendError:
                backend.close()
                continue
            if not isinstance(answer, Deferred):
                return answer
        return receipt


class _Supply:
    """Hands out messages, and knows which of them have no receipt yet: they go first to whoever is next."""

    def __init__(self, messages: Iterator[OutgoingMessage]) -> None:
        #: The messages themselves raised: that is nothing to fail over from.
        self.broken = False
        self._messages = messages
        self._again: deque[OutgoingMessage] = deque()
        self._out: deque[OutgoingMessage] = deque()

    def through(self, backend: Backend) -> Generator[tuple[OutgoingMessage, Receipt], None, None]:
        """Each message with its receipt from `backend`."""
        self._again.extendleft(reversed(self._out))
        self._out.clear()
        receipts = backend.send_many(self._rest())
        try:
            for receipt in receipts:
                yield self._out.popleft(), receipt
        finally:
            if isinstance(receipts, Generator):
                receipts.close()

    def _rest(self) -> Iterator[OutgoingMessage]:
        while (message := self._next()) is not None:
            self._out.append(message)
            yield message

    def _next(self) -> OutgoingMessage | None:
        if self._again:
            return self._again.popleft()
        try:
            return next(self._messages, None)
        except BaseException:
            self.broken = True
            raise


def _together(failures: Sequence[BackendError]) -> BackendError:
    ours = all(isinstance(error, BackendMisconfigured) for error in failures)
    kind = BackendMisconfigured if ours else BackendUnavailable
    said = " ".join(dict.fromkeys(error.message for error in failures))
    return kind(said, hint=next((error.hint for error in failures if error.hint), ""))
