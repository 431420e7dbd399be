"""Writes each message to a file of its own, to look at or for another program to carry on.

The folder is a Maildir: a message appears whole in `new/` or not at all, and is on the disk before it counts as sent.
Its file is named for its key, so the same message given twice (after a crash) is one file. Only the owner may read.
"""

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from mailer.backend import Backend, Receipt, Sent
from mailer.domain.message import OutgoingMessage
from mailer.errors import BackendMisconfigured, BackendUnavailable, SettingsError

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


class MaildirBackend(Backend):
    """Options: `path`, the folder; made if it is not there."""

    name: ClassVar[str] = "maildir"

    def __init__(self, options: Mapping[str, object] | None = None) -> None:
        super().__init__(options)
        path = self.options.get("path")
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path):
            raise SettingsError("The maildir relay has no folder.", hint='Set path = "…" in its [[relays]].')
        self.path = Path(path)

    def open(self) -> None:
        try:
            for folder in (self.path, *(self.path / part for part in ("tmp", "new", "cur"))):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _trouble(error, self.path) from None

    def send(self, message: OutgoingMessage) -> Receipt:
        name = f"{_stem(message.key)}.eml"
        draft = self.path / "tmp" / f"{name}.{os.getpid()}"
        try:
            try:
                self._write(draft, message.content)
            except FileNotFoundError:  # never opened, or somebody tidied up
                self.open()
                self._write(draft, message.content)
            draft.rename(self.path / "new" / name)
            _sync_folder(self.path / "new")
        except OSError as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise _trouble(error, self.path) from None
        return Sent(code=250, text=f"written to {name}")

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)


def _stem(key: str) -> str:
    """`key` if it can be a file's name, else its hash."""
    return key if SAFE_NAME.fullmatch(key) else hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _sync_folder(path: Path) -> None:
    """So that the new name, too, survives a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _trouble(error: OSError, path: Path) -> BackendUnavailable | BackendMisconfigured:
    if error.errno in NO_ROOM:
        return BackendUnavailable(
            f"There is no room left in {path}.", hint="Free some, then resume; what was written before is kept."
        )
    return BackendMisconfigured(f"Messages cannot be written to {path}: {error.strerror or error}.")
