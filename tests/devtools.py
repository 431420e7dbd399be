"""A headless Chromium and the DevTools protocol: JSON documents, each ended by a NUL, over a pair of pipes.

Chromium reads commands from its file descriptor 3 and answers on 4 (`--remote-debugging-pipe`). So there is no port, and
no process stays behind: Chromium ends when its pipe does, however the test process came to its end.
The protocol: https://chromedevtools.github.io/devtools-protocol/
"""

import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

PROGRAM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
_PROFILE = "mailer-chromium-"
#: Seconds that one command may take on a busy machine.
PATIENCE = 60.0
FLAGS = (
    "--headless",
    "--no-sandbox",  # root, as in containers, cannot have one
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--allow-file-access-from-files",
    "--remote-debugging-pipe",
)


class ChromiumFailed(Exception):
    """Chromium died, did not answer in time, or refused a command."""


class Chromium:
    """One process (the leader of its group). Commands are sent one after another and each is answered before the next."""

    def __init__(self, *flags: str) -> None:
        assert PROGRAM, "apt install chromium"
        self.profile = _new_profile()
        self._log = self.profile / "stderr"
        self._number = 0
        self._unread = b""
        self._events: deque[dict[str, Any]] = deque(maxlen=1000)
        commands, self._write = _pipe()
        self._read, answers = _pipe()
        self.pid = os.posix_spawn(
            PROGRAM,
            [PROGRAM, *FLAGS, *flags, f"--user-data-dir={self.profile}", "about:blank"],
            # Whatever the user's XDG folders hold: a profile of its own leaves nothing behind.
            os.environ | {"XDG_CONFIG_HOME": str(self.profile), "XDG_CACHE_HOME": str(self.profile)},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, commands, 3),
                (os.POSIX_SPAWN_DUP2, answers, 4),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, str(self._log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            ],
            setpgroup=0,
        )
        os.close(commands)
        os.close(answers)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """The answer to one command."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        try:
            _write_all(self._write, json.dumps(command).encode() + b"\0")
        except OSError as error:
            raise ChromiumFailed(f"{method}: {self._obituary()}") from error
        until = time.monotonic() + PATIENCE
        while True:
            answer = self._next(until, method)
            if answer.get("id") == self._number:
                break
            self._events.append(answer)
        if "error" in answer:
            raise ChromiumFailed(f"{method}: {answer['error'].get('message')} {answer['error'].get('data', '')}")
        result: dict[str, Any] = answer["result"]
        return result

    def forget(self, session: str) -> None:
        """Drop the events of `session` that nobody waited for."""
        self._events = deque((one for one in self._events if one.get("sessionId") != session), maxlen=1000)

    def wait_for(self, event: str, session: str) -> dict[str, Any]:
        """The first event of that name that has happened in `session` since `forget`, or happens."""
        until = time.monotonic() + PATIENCE
        while True:
            found = self._events.popleft() if self._events else self._next(until, event)
            if found.get("sessionId") != session:
                continue
            if found.get("method") == "Inspector.targetCrashed":
                raise ChromiumFailed(f"the page crashed while {event} was awaited")
            if found.get("method") == event:
                parameters: dict[str, Any] = found["params"]
                return parameters

    def close(self) -> None:
        """Ends the process, with force if need be, and takes its profile away."""
        with suppress(OSError):
            os.close(self._write)  # the end of the pipe is Chromium's sign to go
        until = time.monotonic() + 5
        while not self._gone() and time.monotonic() < until:
            time.sleep(0.01)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self.pid and not self._gone():
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
        with suppress(OSError):
            os.close(self._read)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _gone(self) -> bool:
        with suppress(ChildProcessError):
            return os.waitpid(self.pid, os.WNOHANG)[0] != 0
        return True

    def _next(self, until: float, what: str) -> dict[str, Any]:
        while b"\0" not in self._unread:
            left = until - time.monotonic()
            ready, _, _ = select.select([self._read], [], [], max(left, 0))
            if not ready:
                raise ChromiumFailed(f"{what}: no answer within {PATIENCE:.0f} seconds. {self._last_words()}")
            if not (read := os.read(self._read, 1 << 20)):
                raise ChromiumFailed(f"{what}: {self._obituary()}")
            self._unread += read
        document, _, self._unread = self._unread.partition(b"\0")
        answer: dict[str, Any] = json.loads(document)
        return answer

    def _obituary(self) -> str:
        return f"Chromium has ended. {self._last_words()}"

    def _last_words(self) -> str:
        with suppress(OSError):
            return "Its last words:\n" + self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
        return ""


def _new_profile() -> Path:
    """An empty folder; those of test processes that were killed are taken away."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PROFILE}*"):
        owner = left.name.removeprefix(_PROFILE).partition("-")[0]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except (ValueError, PermissionError):
            continue
    return Path(tempfile.mkdtemp(prefix=f"{_PROFILE}{os.getpid()}-"))


def _pipe() -> tuple[int, int]:
    """(read, write), both far from the numbers 3 and 4 that they become in the child."""
    near = os.pipe()
    far = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in near)
    for end in near:
        os.close(end)
    return far[0], far[1]


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
