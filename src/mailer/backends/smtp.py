"""Sends through an SMTP relay. The backend's part: connections come and go, messages and receipts keep their order.

| file               | its one concept                                                        |
| ------------------ | ---------------------------------------------------------------------- |
| smtp_options.py    | the relay's settings, checked                                          |
| smtp_opening.py    | connect, greeting, EHLO, STARTTLS, login                               |
| smtp_trust.py      | why its TLS is not good enough, and what to do about it                |
| smtp_session.py    | transactions on one connection, pipelined where the relay allows it    |
| smtp_envelope.py   | MAIL, RCPT, DATA for one message; what the relay announced             |
| smtp_verdicts.py   | what a reply means for the message, or for us                          |
| smtp_wire.py       | bytes out, replies in, deadlines                                       |
| smtp_patience.py   | how long a call on a link may wait                                     |
| smtp_replies.py    | the reply and its parser                                               |
| smtp_login.py      | one login: which mechanism, the exchange, a fresh token                |
| smtp_auth.py       | PLAIN, LOGIN, CRAM-MD5, XOAUTH2, OAUTHBEARER                            |
| smtp_token.py      | where an access token comes from                                       |

A lost connection: before MAIL is answered it is nobody's attempt (`BackendUnavailable`); before the final dot the message
is `Deferred`; after it, without an answer, `Uncertain`. A connection that had carried messages before and fails at the
envelope was merely old: the message goes over a fresh one.
"""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from typing import ClassVar

from mailer.backend import Backend, Deferred, Receipt
from mailer.backends.smtp_opening import open_session
from mailer.backends.smtp_options import SmtpOptions
from mailer.backends.smtp_replies import LinkLost
from mailer.backends.smtp_session import Session
from mailer.backends.smtp_token import TokenSource
from mailer.backends.smtp_wire import Wire
from mailer.domain.message import OutgoingMessage
from mailer.errors import BackendUnavailable
from mailer.turns import apart

logger = logging.getLogger(__name__)
BROKEN_OFF = "Sending was broken off."
#: Some relays, and firewalls before them, offer PIPELINING and cannot do it.
BADLY_PIPELINED = 'If this goes on, set pipelining = "off" for this relay.'


class SmtpBackend(Backend):
    """One connection at a time, opened when needed, renewed after `messages_per_connection`. Options: `SmtpOptions`."""

    name: ClassVar[str] = "smtp"
    takes_turns: ClassVar[bool] = True

    def __init__(self, options: Mapping[str, object] | None = None) -> None:
        super().__init__(options)
        self._settings = SmtpOptions.read(self.options)
        self._context = None if self._settings.security == "none" else self._settings.tls_context()
        self._tokens = TokenSource(self._settings) if self._settings.by_token else None
        self._wire = Wire()
        self._session: Session | None = None
        self._aborted = False

    def open(self) -> None:
        self._ready()

    def send(self, message: OutgoingMessage) -> Receipt:
        (receipt,) = self.send_many(iter((message,)))
        return receipt

    def send_many(self, messages: Iterator[OutgoingMessage]) -> Iterator[Receipt]:
        """As the contract says; the envelope of the next message may travel with the content of the one before."""
        message = next(messages, None)
        try:
            while message is not None:
                receipt = self._offer(message)
                following = None
                if receipt is None:
                    following = next(messages, None)
                    receipt = self._deliver(message, following)
                yield receipt
                message = following or next(messages, None)
        finally:
            if self._session and not self._session.idle:
                self._drop()

    def close(self) -> None:
        session = self._session
        if session and session.idle and not self._aborted:
            with contextlib.suppress(LinkLost):
                session.quit()
        self._drop()

    def abort(self) -> None:
        self._aborted = True
        self._wire.abort()
        if self._tokens:
            self._tokens.abort()

    def _ready(self) -> Session:
        """The session to use next: the one there is, unless it has served its time."""
        if self._session and (self._session.over or self._session.used >= self._settings.messages_per_connection):
            self.close()
        if self._session is None:
            self._wire = wire = Wire()
            if self._aborted:  # looked at after the wire is in its place: `abort` sets and looks in the other order
                raise BackendUnavailable(BROKEN_OFF)
            try:
                # Names are looked up, tokens fetched: other connections of our thread need not wait for that.
                self._session = apart(
                    lambda: open_session(wire, self._settings, context=self._context, tokens=self._tokens)
                )
            except BaseException:
                wire.close()
                raise
            logger.info("relay connected: host=%s port=%d", self._settings.host, self._settings.port)
        return self._session

    def _offer(self, message: OutgoingMessage) -> Receipt | None:
        while True:
            session = self._ready()
            fresh = not session.used
            try:
                verdict = session.offer(message)
            except LinkLost as lost:
                hint = BADLY_PIPELINED if session.pipelining else ""
                if fresh and session.answered:
                    return self._deferred(lost, hint=hint)
                self._drop()
                if fresh:
                    raise BackendUnavailable(BROKEN_OFF if self._aborted else str(lost), hint=hint) from None
                continue
            if session.over and not fresh and verdict and verdict.code == 421:
                continue  # it was about to close this connection anyway
            return verdict

    def _deliver(self, message: OutgoingMessage, following: OutgoingMessage | None) -> Receipt:
        session = self._session
        assert session is not None
        last_of_connection = session.used >= self._settings.messages_per_connection
        try:
            return session.deliver(message, None if last_of_connection else following)
        except LinkLost as lost:
            return self._deferred(lost)

    def _deferred(self, lost: LinkLost, *, hint: str = "") -> Deferred:
        """Nothing of the message was delivered; when we broke off ourselves that is nobody's attempt."""
        self._drop()
        if self._aborted:
            raise BackendUnavailable(BROKEN_OFF) from None
        return Deferred(text=f"{lost} Nothing was delivered. {hint}".rstrip())

    def _drop(self) -> None:
        self._session = None
        self._wire.close()
