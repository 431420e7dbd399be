"""Writes a preview to a folder: a page that opens from the disk, the mail in every view, and the message itself.

The promise: everything is private to its owner, and no file is overwritten but those that an earlier preview wrote there,
which it listed in `preview.json`.
"""

import errno
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from mailer.errors import DiskFull, MailerError, Refused
from mailer.rendering.pages import Pages
from mailer.web.frames import in_frame
from mailer.web.preview.addresses import OnDisk
from mailer.web.preview.bench import Good
from mailer.web.preview.mail import Mail
from mailer.web.preview.page import Sight, campaign_values
from mailer.web.preview.views import VIEWS, View, at_home

#: Lists the files of a preview, so that the next one may replace them.
LIST = "preview.json"
_NAMED = 5


def files_of(root: Path, sight: Sight, good: Good, mail: Mail, pages: Pages) -> Mapping[str, bytes]:
    """Every file of the preview, by its name below the folder. root: of the project."""
    return dict(_files(root, sight, good, mail, pages))


def _files(root: Path, sight: Sight, good: Good, mail: Mail, pages: Pages) -> Iterator[tuple[str, bytes]]:
    address = OnDisk()
    for view in VIEWS:
        values = campaign_values(root, sight, view, address)
        yield address.view(view), pages.render("preview.html", live=False, specimen="", **values).encode()
        if view.framed:
            yield address.frame(view), _frame(good, mail, view).encode()
    yield address.file("html"), mail.html.encode("utf-8", "replace")
    yield address.file("txt"), mail.text.encode("utf-8", "replace")
    if mail.content:
        yield address.file("eml"), mail.content
    for file in good.compiled.media:
        yield f"media/{file.name}", file.content


def _frame(good: Good, mail: Mail, view: View) -> str:
    """The mail as a file of its own: its pictures come from beside it, or not at all."""
    html = at_home(mail.html, good.compiled.edition.meta.public_url, media="../media/", links=None)
    pictures = "'self' file: data:" if view.images else "'none'"
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src {pictures}; form-action 'none'"
    head, base, rest = in_frame(html, view.scheme).partition('<base target="_blank">')
    return f'{head}<meta http-equiv="Content-Security-Policy" content="{policy}">{base}{rest}'


def write(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write `files` below `folder`, making it; the paths. Raises Refused, before anything is written, if one is in the way.

    Raises MailerError when the folder cannot be written to.
    """
    listed = _listed(folder)
    in_the_way = sorted(name for name in {*files, LIST} - listed if os.path.lexists(folder / name))
    if in_the_way:
        named = ", ".join(in_the_way[:_NAMED]) + (" and others" if len(in_the_way) > _NAMED else "")
        raise Refused(
            f"{folder} holds files that no preview wrote: {named}. Nothing was written.", hint="Name another folder."
        )
    names = sorted({*listed, *files, LIST})
    try:
        for part in sorted({Path(), *(Path(name).parent for name in files)}):
            (folder / part).mkdir(mode=0o700, parents=not part.name, exist_ok=True)
        _put(folder / LIST, json.dumps({"files": names}, indent=2).encode())
        for name, content in files.items():
            _put(folder / name, content)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull from error
        raise MailerError(
            f"The preview cannot be written to {folder}: {error.strerror}.",
            hint="Name a folder that you may write to.",
        ) from error
    return [folder / name for name in files]


def _listed(folder: Path) -> frozenset[str]:
    """What an earlier preview wrote there, its list among it."""
    try:
        names = json.loads((folder / LIST).read_text(encoding="utf-8"))["files"]
        return frozenset(name for name in names if isinstance(name, str))
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def _put(path: Path, content: bytes) -> None:
    """A private file, whole or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
