"""From a host and a port to a `Session`: connect, greeting, EHLO, STARTTLS, login.

It fails as BackendUnavailable (try later) or BackendMisconfigured (a person must act). It never goes on in clear when
TLS was asked for, and never says a password outside TLS but to this machine.
"""

import re
import socket
import ssl

from mailer.backends.smtp_envelope import Capabilities
from mailer.backends.smtp_login import Login
from mailer.backends.smtp_options import SmtpOptions
from mailer.backends.smtp_replies import LinkLost, Reply
from mailer.backends.smtp_session import Session
from mailer.backends.smtp_token import TokenSource
from mailer.backends.smtp_trust import untrusted, usual_security
from mailer.backends.smtp_verdicts import about_us
from mailer.backends.smtp_wire import Wire
from mailer.errors import BackendMisconfigured, BackendUnavailable

#: A port that waits for TLS to begin, and a server that looks us up for long, are silent alike.
SILENT = 'If that port speaks TLS from the first byte, set security = "tls".'
FULL_NAME = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def open_session(
    wire: Wire, options: SmtpOptions, *, context: ssl.SSLContext | None, tokens: TokenSource | None
) -> Session:
    """Talk on `wire`, not yet connected, until messages may be sent. The caller closes `wire`.

    context: None in clear. tokens: None to log in by password, if at all.
    """
    opening = _Opening(wire, options, context, tokens)
    try:
        return opening.session()
    except LinkLost as lost:
        raise BackendUnavailable(str(lost), hint=usual_security(options) or opening.silence) from None
    except ssl.SSLError as error:
        raise untrusted(error, options) from None


class _Opening:
    def __init__(
        self, wire: Wire, options: SmtpOptions, context: ssl.SSLContext | None, tokens: TokenSource | None
    ) -> None:
        self.wire, self.options, self.context, self.tokens = wire, options, context, tokens
        #: What may be the matter if the relay says nothing from here on.
        self.silence = ""

    def session(self) -> Session:
        self.wire.connect(self.options.host, self.options.port, self.options.connect_timeout)
        if self.options.security == "tls":
            self.encrypt()
        else:
            self.silence = SILENT
        self.expect_positive(self.wire.reply(self.options.command_timeout), "our connection")
        self.silence = ""
        relay = self.hello()
        if self.options.security == "starttls":
            relay = self.start_tls(relay)
        if self.options.user:
            Login(self.command, self.options, self.tokens).run(relay.auth, encrypted=self.wire.encrypted)
        return Session(self.wire, self.options, relay)

    def command(self, line: str) -> Reply:
        self.wire.write(f"{line}\r\n".encode(), timeout=self.options.command_timeout)
        return self.wire.reply(self.options.command_timeout)

    def expect_positive(self, reply: Reply, what: str) -> None:
        if not reply.positive:
            raise about_us(reply, what)

    def hello(self) -> Capabilities:
        name = self.options.ehlo_name or _own_name() or self.wire.local_address
        reply = self.command(f"EHLO {name}")
        if reply.code in {500, 502, 504}:  # RFC 5321 §3.2: a server of the old school
            self.expect_positive(self.command(f"HELO {name}"), "HELO")
            return Capabilities()
        self.expect_positive(reply, "EHLO")
        return Capabilities.of(reply)

    def start_tls(self, relay: Capabilities) -> Capabilities:
        """RFC 3207; what was announced before TLS is forgotten (§4.2)."""
        if not relay.starttls:
            raise BackendMisconfigured(
                f"The relay {self.options.host} does not offer STARTTLS, so nothing was sent to it in clear.",
                hint='See which port and which security it wants: "tls" is usual on port 465.',
            )
        self.expect_positive(self.command("STARTTLS"), "STARTTLS")
        self.encrypt()
        return self.hello()

    def encrypt(self) -> None:
        assert self.context is not None
        self.wire.start_tls(self.context, self.options.host, self.options.command_timeout)


def _own_name() -> str:
    """This machine's name, if it is one that the world might know. Not `getfqdn`, which asks the network."""
    name = socket.gethostname()
    return name if FULL_NAME.fullmatch(name) else ""
