"""Writes a new project, whole or not at all, private and over nothing that was there.

The answers stand in mailer.toml alone; the letter takes them from there, so that a change there reaches it too.
"""

import errno
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from mailer.cli.schemas import FOLDER as SCHEMAS
from mailer.cli.schemas import as_json, file_name, schemas
from mailer.errors import DiskFull, MailerError, Refused

_SCAFFOLD = Path(__file__).parent / "scaffold"
#: What is written -> what it is made from. The folders are part of the project even when they are empty.
ALWAYS = {"mailer.toml": "mailer.toml", ".gitignore": "gitignore"}
EXAMPLES = {
    "campaigns/welcome.md": "welcome.md",
    "subscribers/example.csv": "example.csv",
    "subscribers/segments.yaml": "segments.yaml",
    "templates/README.md": "templates.md",
}
_FOLDERS = ("campaigns", "subscribers", "templates")
#: Names that segments of the example have, or that are built in: lists and segments share one namespace.
_TAKEN = frozenset({"everyone", "london", "donors", "newcomers"})


def refuse_to_overwrite(folder: Path, targets: Iterable[str]) -> None:
    """Raises Refused when one of `targets` is there, and MailerError when nothing can be made in `folder`."""
    there = [target for target in targets if os.path.lexists(folder / target)]
    if there:
        what = "a project" if "mailer.toml" in there else " and ".join(there)
        raise Refused(
            f"There is {what} in {folder.resolve()} already. Nothing was changed.",
            hint="Name another folder: `mailer init our-group`.",
        )
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(place))
    if not nearest.is_dir():
        raise _cannot(folder, f"{os.strerror(errno.ENOTDIR)}: {nearest}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise _cannot(folder, os.strerror(errno.EACCES))


def write_project(folder: Path, files: Mapping[str, str], answers: Mapping[str, str]) -> None:
    """Makes `files` and the folders in `folder`. If that fails or is interrupted, what was made is taken away again."""
    made = _Made()
    try:
        for part in ("", *_FOLDERS):
            made.folder(folder / part)
        for target, source in files.items():
            text = (_SCAFFOLD / source).read_text(encoding="utf-8")
            made.file(folder / target, settings_text(text, answers) if target == "mailer.toml" else text)
        made.folder(folder / SCHEMAS)
        for name, schema in schemas().items():
            made.derived(folder / SCHEMAS / file_name(name), as_json(schema))
    except OSError as error:
        made.undo()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                "The disk is full: the project was not made.", hint="Free some room, then run this again."
            ) from error
        raise _cannot(folder, error.strerror or str(error)) from error
    except BaseException:
        made.undo()
        raise


def settings_text(text: str, answers: Mapping[str, str]) -> str:
    """The template of mailer.toml with `answers` in it. Each is one line of printable characters."""
    url = answers["public_url"]
    values = {name: _toml(answer) for name, answer in answers.items()}
    values["list_name"] = list_name(answers["list"])
    values["public_url_line"] = f"public_url = {_toml(url)}" if url else '# public_url = "https://mail.example.org"'
    return Template(text).substitute(values)


def list_name(title: str) -> str:
    """The name of a list in files and commands, from what people call it."""
    from mailer.domain.naming import slug_of

    name = slug_of(title) or "news"
    return f"{name}-list" if name in _TAKEN else name


def _toml(text: str) -> str:
    # A JSON string of printable characters is a TOML basic string (TOML 1.0, "String").
    assert text.isprintable()
    return json.dumps(text, ensure_ascii=False)


def _cannot(folder: Path, why: str) -> MailerError:
    return MailerError(f"The project cannot be made in {folder}: {why}.", hint="Choose a folder that you may write to.")


@dataclass
class _Made:
    """What this run has made, the newest last."""

    paths: list[Path] = field(default_factory=list)

    def folder(self, path: Path) -> None:
        """Makes it, and those above it as they are needed: `parents=True` would make them with an open mode."""
        missing = [place for place in (path, *path.parents) if not place.exists()]
        for place in reversed(missing):
            place.mkdir(mode=0o700)
            self.paths.append(place)

    def file(self, path: Path, text: str) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.paths.append(path)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as opened:
            opened.write(text)

    def derived(self, path: Path, text: str) -> None:
        """What can be made again at any time: one that is there is replaced, and left if all else is taken away."""
        if path.exists():
            path.write_text(text, encoding="utf-8")
        else:
            self.file(path, text)

    def undo(self) -> None:
        for path in reversed(self.paths):
            with suppress(OSError):  # somebody else put something into it: that stays
                path.rmdir() if path.is_dir() else path.unlink()
