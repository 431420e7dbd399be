"""Runs a command on a terminal of its own and types into it."""

import os
import pty
import select
import subprocess
import time
from contextlib import suppress

import warm

SECONDS = 60


class Terminal:
    """`with Terminal(mailer, "send", "letter") as terminal: terminal.answer("Type y", "y")`."""

    def __init__(self, commands, *arguments):
        self._arguments = arguments
        self._commands = commands
        self.seen = ""

    def __enter__(self):
        self._master, slave = pty.openpty()
        self._process = warm.Process(
            *self._arguments,
            cwd=self._commands.folder,
            env=self._commands.environment | {"TERM": "xterm", "COLUMNS": "120"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        return self

    def __exit__(self, *exception):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._master)

    def answer(self, question, text):
        """Wait until `question` is shown, then type `text` and Enter."""
        self._wait_for(question)
        os.write(self._master, f"{text}\r".encode())

    def interrupt(self, question):
        """Wait until `question` is shown, then press Ctrl-C, as people do: again, if nothing happens.

        (Python overlooks a signal that arrives in the moment before it begins to wait for a line.)
        """
        self._wait_for(question)
        for _ in range(10):
            os.write(self._master, b"\x03")
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
                return
        raise AssertionError(f"it does not stop: {self.seen}")

    def _wait_for(self, question):
        until = time.monotonic() + SECONDS
        while question not in self.seen:
            assert time.monotonic() < until, self.seen
            assert self._read(), f"it ended without asking {question!r}: {self.seen}"

    @property
    def code(self):
        """The exit code, once it has ended."""
        until = time.monotonic() + SECONDS
        while self._read():
            assert time.monotonic() < until, self.seen
        assert "Traceback" not in self.seen, self.seen
        return self._process.wait(SECONDS)

    def _read(self):
        """Read what is shown; False at the end."""
        ready, _, _ = select.select([self._master], [], [], 1)
        if not ready:
            return True
        try:
            shown = os.read(self._master, 65536)
        except OSError:  # Linux's way to say that nobody holds the other side any more
            return False
        self.seen += shown.decode("utf-8", "replace")
        return bool(shown)
