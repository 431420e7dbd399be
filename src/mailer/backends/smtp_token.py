"""Where the access token of a relay with OAuth 2.0 comes from: the settings, a file, or a command that prints it.

Tokens live for an hour or so, so the one in hand is renewed before it ends, and when the relay refuses it.
"""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from mailer.backends.smtp_options import TOKEN, SmtpOptions
from mailer.errors import BackendMisconfigured, BackendUnavailable

#: Seconds: how long a command may take, how long its token is good if it does not say, how early a new one is asked for.
COMMAND_TIMEOUT, UNKNOWN_LIFE, MARGIN = 30.0, 300.0, 60.0


class TokenSource:
    """Gives a token for each login. One thread uses it; only `abort` may come from another."""

    def __init__(self, options: SmtpOptions, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._options, self._clock = options, clock
        self._token, self._good_until = "", 0.0
        self._running: subprocess.Popen[bytes] | None = None
        self._aborted = False

    def current(self) -> str:
        """The token to log in with now. Raises BackendMisconfigured, or BackendUnavailable when trying again may help."""
        if self._options.token:
            return self._options.token
        if self._options.token_file:
            return _checked(self._file(), "token_file")
        if not self._token or self._clock() >= self._good_until:
            asked = self._clock()
            self._token, life = _read(self._command())
            self._good_until = asked + life
        return self._token

    def instead_of(self, refused: str) -> str | None:
        """Another token than the one that the relay has refused, None if there is none. Raises as `current` does."""
        self._token = ""
        fresh = self.current()
        return fresh if fresh != refused else None

    def abort(self) -> None:
        """Let a command that runs end at once. Safe from another thread."""
        self._aborted = True
        if running := self._running:
            _kill(running)

    def _file(self) -> str:
        try:
            return Path(self._options.token_file).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            what = getattr(error, "strerror", None) or "it is no token"
            raise BackendMisconfigured(f"The token_file {self._options.token_file} cannot be read: {what}.") from None

    def _command(self) -> str:
        """What the command prints."""
        process = self._running = _start(self._options.token_command)
        try:
            if self._aborted:  # looked at after the process is in its place: `abort` sets and looks in the other order
                _kill(process)
            out, err = process.communicate(timeout=COMMAND_TIMEOUT)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.communicate()
            raise BackendUnavailable(f"The token_command did not end within {COMMAND_TIMEOUT:g} seconds.") from None
        finally:
            self._running = None
        if process.returncode:
            raise BackendUnavailable(
                f"The token_command failed with exit code {process.returncode}.", hint=_last_line(err)
            )
        return out.decode("utf-8", "replace").strip()


def _start(command: str) -> subprocess.Popen[bytes]:
    """In a session of its own, so that all that it starts can be ended with it."""
    try:
        return subprocess.Popen(  # noqa: S603 -- the operator's own settings name it, and no shell reads it
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise BackendMisconfigured(f"The token_command cannot be run: {error.strerror}.") from None


def _read(printed: str) -> tuple[str, float]:
    """(token, seconds for which it is good) of what a command printed: the token alone, or JSON as in RFC 6749 §5.1."""
    try:
        document = json.loads(printed)
    except ValueError:
        return _checked(printed, "token_command"), UNKNOWN_LIFE
    found = document if isinstance(document, dict) else {}
    life = found.get("expires_in")
    token = _checked(str(found.get("access_token", "")), "token_command")
    return token, life - MARGIN if type(life) is int else UNKNOWN_LIFE


def _checked(token: str, where: str) -> str:
    if not TOKEN.fullmatch(token):  # what it is stays unsaid: it may be most of one
        raise BackendMisconfigured(
            f"The {where} gives no access token.",
            hint="It is the token alone, or JSON with access_token and expires_in.",
        )
    return token


def _last_line(said: bytes) -> str:
    lines = said.decode("utf-8", "replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return "".join(char if char.isprintable() else "?" for char in last)[:200]


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
