"""Adding a relay: lines are put into mailer.toml, all that somebody wrote there stays, and the password lies elsewhere."""

import json
import os
import secrets
import stat
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mailer.errors import SettingsError
from mailer.settings.positions import Positions
from mailer.settings.table import FILE_NAME

Value = str | int | float
#: Where the password of a relay is kept, seen from the project: for nobody else to read, and outside of git.
KEPT_IN = ".mailer/relays/{name}.password"


def store_relay(root: Path, values: Mapping[str, Value], *, password: str = "") -> None:
    """Add a relay to mailer.toml, and its password to its private file; both, or neither. Raises SettingsError."""
    path = (root / FILE_NAME).resolve()
    secret = root / KEPT_IN.format(name=values["name"])
    drafts: list[_Draft] = []
    try:
        text = with_relay(path.read_bytes().decode("utf-8"), values)
        if password:
            for folder in (secret.parent.parent, secret.parent):  # `parents=True` would make them with an open mode
                folder.mkdir(mode=0o700, exist_ok=True)
            drafts.append(_Draft(secret, f"{password}\n", 0o600))
        drafts.append(_Draft(path, text, stat.S_IMODE(path.stat().st_mode)))
        for draft in drafts:  # mailer.toml last: a password that no relay names does no harm
            draft.publish()
    except OSError as error:
        for draft in drafts:
            draft.undo()
        why, where = error.strerror or error, error.filename2 or error.filename or root
        raise SettingsError(f"The relay cannot be added: {where}: {why}.", hint="Nothing was changed.") from None


def with_relay(text: str, values: Mapping[str, Value]) -> str:
    """`text` of a mailer.toml with one more relay, after those that are there, else at its end.

    Raises SettingsError when that cannot be done by adding lines.
    """
    lines = text.splitlines(keepends=True)
    after = Positions(text).end_of("relays") or len(lines)
    before = "".join(lines[:after])
    ending = "\r\n" if "\r\n" in text else "\n"
    gap = "" if not before else ending if before.endswith("\n") else ending * 2
    new = before + gap + table_of(values).replace("\n", ending) + "".join(lines[after:])
    expected = tomllib.loads(text)
    try:
        expected.setdefault("relays", []).append(dict(values))
        sound = tomllib.loads(new) == expected
    except (tomllib.TOMLDecodeError, AttributeError):
        sound = False
    if not sound:
        raise SettingsError(
            f"A relay cannot be added to {FILE_NAME} as it is written.",
            hint=f"Add it yourself:\n\n{table_of(values)}",
        )
    return new


def table_of(values: Mapping[str, Value]) -> str:
    """A [[relays]] table with these values, in this order."""
    return "".join(["[[relays]]\n", *(f"{key} = {_toml(value)}\n" for key, value in values.items())])


def _toml(value: Value) -> str:
    # A JSON string of printable characters is a TOML basic string (TOML 1.0, "String").
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


@dataclass
class _Draft:
    """A file that takes its place in one step, or never was."""

    path: Path
    text: str
    mode: int
    draft: Path = field(init=False)
    published: bool = False

    def __post_init__(self) -> None:
        self.draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(self.draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, self.mode)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, self.mode)
                file.write(self.text.encode())
                file.flush()
                os.fsync(descriptor)
        except OSError:
            self.undo()
            raise

    def publish(self) -> None:
        self.draft.replace(self.path)
        self.published = True

    def undo(self) -> None:
        with suppress(OSError):
            (self.path if self.published else self.draft).unlink(missing_ok=True)
