"""One login on one connection: which mechanism, the exchange, and a fresh token when the one in hand is refused."""

import base64
import binascii
import json
from collections.abc import Callable, Collection

from mailer.backends import smtp_auth
from mailer.backends.smtp_envelope import LONGEST_COMMAND
from mailer.backends.smtp_options import SmtpOptions
from mailer.backends.smtp_replies import Reply, printable
from mailer.backends.smtp_token import TokenSource
from mailer.backends.smtp_verdicts import about_us
from mailer.errors import BackendMisconfigured


class Login:
    """command: says one line, without its end, to the relay and gives the answer. tokens: None to log in by password."""

    def __init__(self, command: Callable[[str], Reply], options: SmtpOptions, tokens: TokenSource | None) -> None:
        self._command, self._options, self._tokens = command, options, tokens
        self._hint = ""  # what is known of why it failed, beside the last answer

    def run(self, offered: frozenset[str], *, encrypted: bool) -> None:
        """Log in. offered: the mechanisms that the relay named. Raises BackendMisconfigured or BackendUnavailable.

        Only "unknown mechanism" (RFC 4954 §4: 504) leads on to the next of those that both sides know.
        """
        token, last = self._tokens is not None, None
        for name in smtp_auth.choose(offered, encrypted=encrypted, token=token):
            reply = self._tokened(name) if token else self._exchange(name, self._options.password)
            if reply.positive:
                return
            if reply.code != 504:
                error = about_us(reply, f"our login as {self._options.user}")
                error.hint = self._hint
                raise error
            last = reply
        raise self._no_way_in(offered, smtp_auth.WITH_TOKEN if token else smtp_auth.WITH_PASSWORD, last)

    def _no_way_in(self, offered: frozenset[str], known: Collection[str], last: Reply | None) -> BackendMisconfigured:
        """last: the answer to the last of those that were tried, None if none could be."""
        if last is not None:
            return BackendMisconfigured(
                f"The relay {self._options.host} offers {', '.join(sorted(offered & set(known)))}"
                f" to log in, and then takes none: {last}.",
                hint="Logins of that kind may be switched off for this account: ask whoever runs the relay.",
            )
        others = offered & (set(smtp_auth.MECHANISMS) - set(known))
        if others:
            wanted = "token: set token_command" if others & set(smtp_auth.WITH_TOKEN) else "password: set password_file"
            hint = f"This one wants a {wanted}."
        else:
            hint = f"Known are {', '.join(known)}; a relay that wants no login needs no user."
        return BackendMisconfigured(
            f"The relay {self._options.host} offers no way to log in that is known here"
            f" (it offers: {', '.join(sorted(offered)) or 'none'}).",
            hint=hint,
        )

    def _tokened(self, name: str) -> Reply:
        """With the token in hand; if that is refused, once more with another."""
        assert self._tokens
        token = self._tokens.current()
        reply = self._exchange(name, token)
        if reply.code == 535 and (fresh := self._tokens.instead_of(token)):
            reply = self._exchange(name, fresh)
        return reply

    def _exchange(self, name: str, secret: str) -> Reply:
        options = self._options
        who = smtp_auth.Identity(user=options.user, secret=secret, host=options.host, port=options.port)
        steps = smtp_auth.MECHANISMS[name](who)
        answer = next(steps)
        command = f"AUTH {name}" + ("" if answer is None else f" {_base64(answer)}")
        early = len(command) + len("\r\n") <= LONGEST_COMMAND
        # RFC 4954 §4: what makes the command too long waits for an empty challenge; challenges may be longer.
        reply = self._command(command if early else f"AUTH {name}")
        if not early and reply.code == 334:
            reply = self._command(_base64(answer or b""))
        while reply.code == 334:
            try:
                challenge = base64.b64decode(reply.raw[0].strip(), validate=True)
                answer = steps.send(challenge)
            except (StopIteration, binascii.Error):
                self._hint = f'It asked "{printable(reply.raw[0])[:60]}", to which {name} has no answer.'
                return self._command("*")  # §4: give up this exchange
            status = _status(challenge) if name in smtp_auth.WITH_TOKEN else ""
            self._hint = status and f"It says of the token: {status}."
            reply = self._command(_base64(answer or b""))
        return reply


def _status(challenge: bytes) -> str:
    """Why a token is refused (RFC 7628 §3.2.2), such as "invalid_token"."""
    try:
        found = json.loads(challenge)
    except ValueError:
        return ""
    return printable(str(found.get("status", "")).encode())[:60] if isinstance(found, dict) else ""


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
