"""One connection that the relay has greeted, and the transactions on it.

A transaction is `offer` (MAIL, RCPT, DATA), then `deliver` (the content and the final dot). Where the relay offers
PIPELINING (RFC 2920), `offer` is one write, and `deliver` takes the next message's envelope along, so that a message
costs one write and one read. Every reply is checked either way.
"""

import contextlib

from mailer.backend import Receipt, Refused, Uncertain
from mailer.backends import smtp_verdicts as verdicts
from mailer.backends.smtp_envelope import Capabilities, envelope
from mailer.backends.smtp_options import SmtpOptions
from mailer.backends.smtp_replies import LinkLost, Reply
from mailer.backends.smtp_wire import Wire
from mailer.domain.message import OutgoingMessage

#: Seconds for an answer that lies here already, if there is one: nothing more can come over a broken link.
LAST_WORDS = 0.2

JUDGES = (verdicts.of_sender, verdicts.of_recipient, verdicts.of_data)


class Session:
    """Transactions on `wire`. After any exception, or once `over`, it is of no use but to be closed."""

    def __init__(self, wire: Wire, options: SmtpOptions, relay: Capabilities) -> None:
        self.wire, self.options, self.relay = wire, options, relay
        self.pipelining = relay.pipelining and options.pipelining == "on"
        #: How many messages were offered on this connection.
        self.used = 0
        #: The relay said that it closes the connection (421), or no longer makes sense.
        self.over = False
        #: The relay answered MAIL for the message on offer: what happens now may be about that message.
        self.answered = False
        #: Every answer was read and no transaction is open. Else nothing but `offer` or `deliver`, in turn, makes sense.
        self.idle = True
        self._ahead = b""  # the envelope that travelled with the content before
        self._reset_due = False

    def offer(self, message: OutgoingMessage) -> Receipt | None:
        """Go through the envelope. None: the relay waits for the content; else what became of the message."""
        commands = self._ahead or envelope(message, self.relay)
        if isinstance(commands, Refused):
            return commands
        self.used += 1
        self.idle = self.answered = False
        if not self._ahead:
            self._begin(commands)
        self._ahead = b""
        if self.pipelining and self.wire.agreed():
            self.answered = True
            return None
        verdict, content_awaited = self._judge(commands)
        if verdict and not self.over:
            self._clear_up(content_awaited=content_awaited)
        return verdict

    def deliver(self, message: OutgoingMessage, following: OutgoingMessage | None = None) -> Receipt:
        """Send the content. Raises LinkLost only when the final dot has not left, so that nothing was delivered.

        following: what `offer` gets next; its envelope goes along where the relay allows it.
        """
        ahead = envelope(following, self.relay) if following and self.pipelining else None
        self._ahead = ahead if isinstance(ahead, bytes) else b""
        content = message.content
        # Content ends in CRLF; should a plugin's not, the relay would never see the dot.
        dot = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            self.wire.write(content, dot + self._ahead, timeout=self.options.command_timeout)
        except LinkLost as lost:
            self.over = True
            if lost.written < len(content) + len(dot):
                return self._last_words(lost)
            # It broke behind the dot, in the envelope that travels along: the answer to the dot may have come before.
        try:
            receipt = verdicts.of_content(self._reply(self.options.final_timeout))
        except LinkLost as lost:
            return self._uncertain(lost)
        self.idle = not (self.over or self._ahead)
        return receipt

    def _last_words(self, lost: LinkLost) -> Receipt:
        """Why the relay broke the link off before the dot, if it said so: some refuse too big a message that way."""
        with contextlib.suppress(LinkLost):
            reply = self._reply(LAST_WORDS)
            if reply.code >= 400:
                return verdicts.of_content(reply)
        raise lost

    def quit(self) -> None:
        """Take leave (RFC 5321 §4.1.1.10), if the relay is still there to hear it."""
        self._write(b"QUIT\r\n")
        self.wire.reply(self.options.quit_timeout)

    def _begin(self, commands: bytes) -> None:
        reset = b"RSET\r\n" if self._reset_due else b""
        if self.pipelining:
            self._write(reset + commands)
        elif reset:
            self._write(reset)
        if reset and not self._reply().positive:
            raise LinkLost("The relay does not forget the message before (RSET).")
        self._reset_due = False

    def _judge(self, commands: bytes) -> tuple[Receipt | None, bool]:
        """(verdict, whether the relay waits for content): the first refusal, which ends the questions without PIPELINING."""
        verdict: Receipt | None = None
        content_awaited = False
        for command, judge in zip(commands.splitlines(keepends=True), JUDGES, strict=True):
            if not self.pipelining:
                self._write(command)
            reply = self._reply()
            verdict = verdict or judge(reply)
            self.answered = True
            content_awaited = reply.code == 354
            if self.over or (verdict and not self.pipelining):
                break
        return verdict, content_awaited

    def _clear_up(self, *, content_awaited: bool) -> None:
        if content_awaited:  # RFC 2920 §3.1: DATA may be taken though the recipient was not; a lone dot ends it
            self._write(b".\r\n")
            self._reply()
        self._reset_due = True
        self.idle = not self.over

    def _uncertain(self, lost: LinkLost) -> Uncertain:
        self.over = True
        return Uncertain(text=f"{lost} The message had left, and no answer came: it may have arrived.")

    def _write(self, commands: bytes) -> None:
        self.wire.write(commands, timeout=self.options.command_timeout)

    def _reply(self, timeout: float = 0.0) -> Reply:
        reply = self.wire.reply(timeout or self.options.command_timeout)
        self.over |= reply.code == 421  # RFC 5321 §3.8: the relay closes the connection now
        return reply
