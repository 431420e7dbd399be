"""The contract of a sending backend: all that the author of one needs to read.

A backend carries finished messages. One message has one recipient, so one message has one fate, and that fate is a
value: `Sent`, `Deferred`, `Refused` or `Uncertain`. Only when the *connection* is at fault does a backend raise:
`BackendUnavailable` (try again later) or `BackendMisconfigured` (a person must act: wrong password, sender refused).

Register a class under the entry point group `mailer.backends`; check it with `mailer.testing.BackendContract`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from mailer.domain.message import OutgoingMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one attempt. code: the three-digit SMTP reply, 0 if none; enhanced: RFC 3463 status such as "5.1.1"."""

    code: int = 0
    enhanced: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent(Receipt):
    """The relay took responsibility for the message (RFC 5321 §6.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred(Receipt):
    """Not now: a temporary refusal, or nothing was put on the wire. retry_after: seconds, None to let the worker choose."""

    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Receipt):
    """Never: a permanent refusal. bad_address: the reply says that the address itself does not exist."""

    bad_address: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain(Receipt):
    """The link was lost after the final dot and before the reply: it may have arrived. Never sent again unasked."""


class Backend:
    """Carries finished messages. The constructor takes the relay's settings: a mapping of names to plain values.

    One instance is used by one thread. After a crash the same message may come again, with the same Message-ID
    (`message.key`), which lets a backend that can tell drop it.
    """

    name: ClassVar[str]
    #: Whether its waits let other connections of the same thread go on (`mailer.turns`). Without, each has a thread of its own.
    takes_turns: ClassVar[bool] = False

    def __init__(self, options: Mapping[str, object] | None = None) -> None:
        self.options = dict(options or {})

    def open(self) -> None:
        """Get ready; raise BackendUnavailable or BackendMisconfigured. Called before the first message, and after a failure."""

    def send(self, message: OutgoingMessage) -> Receipt:
        """Carry one message and say what became of it."""
        raise NotImplementedError

    def send_many(self, messages: Iterator[OutgoingMessage]) -> Iterator[Receipt]:
        """Carry several and yield one receipt each, in order. Take the next message only when it can go out at once.

        At most one message is taken beyond that whose receipt comes next. When this raises, or is closed early, no
        message without a receipt has left: it may be tried again.
        """
        for message in messages:
            yield self.send(message)

    def close(self) -> None:
        """Let go of connections; may be called twice."""

    def abort(self) -> None:
        """Make a running call return at once: called by another thread, when stopping must not wait for a slow relay.

        What waited for its reply is `Uncertain`; then that call raises BackendUnavailable. Only `close` may follow.
        """
