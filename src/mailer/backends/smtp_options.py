"""The settings of one SMTP relay, checked before anything is sent."""

import re
import shlex
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Self

from mailer.errors import SettingsError
from mailer.settings import is_loopback

SECURITIES = ("starttls", "tls", "none")
SWITCH = ("on", "off")
WORDS: dict[type, str] = {str: "text in quotes", int: "a whole number", float: "a number"}
#: What may stand after EHLO and end it in no other way than at the line's end.
ONE_WORD = re.compile(r"[!-~]{0,255}")
#: An access token (RFC 6750 §2.1).
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """Times are seconds. security: starttls, tls (from the first byte, RFC 8314) or none, which only loopback may use."""

    host: str = ""
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    #: An OAuth 2.0 access token instead of a password, or the file or the command that gives the one of the moment.
    token: str = field(default="", repr=False)
    token_file: str = ""
    token_command: str = ""
    ca_file: str = ""
    messages_per_connection: int = 1000
    #: How we greet the relay; default: this machine's name if it has a full one, else its address (RFC 5321 §4.1.4).
    ehlo_name: str = ""
    #: "off" for a relay that offers PIPELINING and does it badly.
    pipelining: str = "on"
    connect_timeout: float = 30.0
    command_timeout: float = 60.0
    #: After the final dot a relay may think for long; giving up early makes duplicates (RFC 5321 §4.5.3.2.6: 10 minutes).
    final_timeout: float = 300.0
    quit_timeout: float = 2.0

    @classmethod
    def read(cls, options: Mapping[str, object]) -> Self:
        """Those of `options` that we know; others belong to the worker. Raises SettingsError."""
        known: dict[str, object] = {}
        for setting in fields(cls):
            value = options.get(setting.name, setting.default)
            if isinstance(setting.default, float) and type(value) is int:
                value = float(value)
            if type(value) is not type(setting.default):
                # The value stays unsaid: it may be a password.
                raise SettingsError(f"The relay's {setting.name} is not {WORDS[type(setting.default)]}.")
            known[setting.name] = value
        found = cls(**known)  # type: ignore[arg-type] # each was compared with its default above
        found._check()
        return found

    def _check(self) -> None:
        if not self.host:
            raise SettingsError("The relay has no host.", hint='Set host = "…" in its [[relays]], or MAILER_SMTP_URL.')
        if not 0 < self.port < 65536:
            raise SettingsError(f"The relay's port is {self.port}.", hint="Usual are 587 (starttls) and 465 (tls).")
        if self.security not in SECURITIES:
            raise SettingsError(
                f'The relay\'s security is "{self.security}".', hint=f"It takes {', '.join(SECURITIES)}."
            )
        if self.pipelining not in SWITCH:
            raise SettingsError(f'The relay\'s pipelining is "{self.pipelining}".', hint="It is on or off.")
        if self.security == "none" and not is_loopback(self.host):
            raise SettingsError(
                f"The relay {self.host} is not this machine, so mail and passwords may not go there in clear.",
                hint='Set security = "starttls" (port 587) or "tls" (port 465).',
            )
        if self.messages_per_connection < 1:
            raise SettingsError("The relay's messages_per_connection is below 1.")
        if not ONE_WORD.fullmatch(self.ehlo_name):
            raise SettingsError("The relay's ehlo_name is no name.", hint='It is a full one: "mail.example.org".')
        self._check_login()

    @property
    def by_token(self) -> bool:
        return bool(self.token or self.token_file or self.token_command)

    def _check_login(self) -> None:
        secrets = ("password", "token", "token_file", "token_command")
        given = [name for name in secrets if getattr(self, name)]
        if len(given) > 1:
            raise SettingsError(f"The relay has {' and '.join(given)}.", hint="Take all but one out.")
        if self.by_token and not self.user:
            raise SettingsError("The relay has a token and no user.", hint="The user is the mailbox that it is for.")
        if "\0" in self.user + self.password or "\1" in self.user:  # ^A ends a field of XOAUTH2
            raise SettingsError("The relay's user or password holds NUL or ^A, which no login can carry.")
        try:
            shlex.split(self.token_command)
        except ValueError as error:
            raise SettingsError(f"The relay's token_command cannot be read: {error}.") from None
        if self.token and not TOKEN.fullmatch(self.token):
            raise SettingsError("The relay's token is none.", hint="It holds letters, digits and -._~+/ only.")

    def tls_context(self) -> ssl.SSLContext:
        """Verifies the certificate and its name; trusts `ca_file` alone when it is set, else the system. Raises SettingsError."""
        try:
            return ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:  # ssl.SSLError is one: a file that holds no certificate
            raise SettingsError(
                f"The relay's ca_file {self.ca_file} cannot be used: {error.strerror or error}.",
                hint="It is a file of certificates in PEM form.",
            ) from None
