"""The secret key, which signs the links in mail: made once, private, and never one that could be guessed."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from mailer.errors import SettingsError

#: Characters of the shortest key that is taken; ours have 64. Whoever guesses it can take anybody off a list.
SHORTEST_KEY = 16


def long_enough(key: str, where: str) -> bytes:
    """The key, for signing. Raises SettingsError for one that could be guessed, or is none."""
    if len(key) < SHORTEST_KEY:
        raise SettingsError(
            f"The secret key in {where} has {len(key)} characters, and {SHORTEST_KEY} are the least.",
            hint="Restore the one that signed the mail you have sent; if none was, delete it, and a new one is made.",
        )
    return key.encode()


def read_or_make_key(path: Path) -> bytes:
    """The key in `path`; a new random one is written first when there is none. Two programs that start at once agree.

    Raises SettingsError.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make_key(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(f"The secret key {path} cannot be read or made: {what}.") from None
    return long_enough(key, str(path))


def _make_key(path: Path) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(draft, path)  # atomic, and fails if somebody was first
    finally:
        draft.unlink(missing_ok=True)
