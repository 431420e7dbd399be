"""Notices that files changed, by looking at their dates and sizes: nothing to install, and it works on every disk."""

import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

#: A project has some hundred files. In a folder that holds far more, those nearest to its mailer.toml are looked at.
MOST_FILES = 10_000
#: What other programs fill, and what this one writes beside a project's files.
_OTHERS = frozenset({"node_modules", "__pycache__", "venv"})
_DATABASE = (".db", ".db-wal", ".db-shm", ".db-journal")


def stamp(root: Path) -> str:
    """A word for how all files below `root` stand; another one when a file was changed, added, renamed or taken away."""
    digest = blake2b(digest_size=12)
    for entry in sorted(_files(root), key=lambda entry: entry.path):
        try:
            status = entry.stat()
        except OSError:
            continue  # gone since it was listed
        digest.update(f"{entry.path}\0{status.st_mtime_ns}\0{status.st_size}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _files(root: Path) -> Iterator[os.DirEntry[str]]:
    """Files that may shape a mail, folder by folder, the nearest first; hidden ones, databases and links to folders left out."""
    folders, seen = [str(root)], 0
    for folder in folders:  # grows while it is read
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _OTHERS:
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif not entry.name.endswith(_DATABASE):
                seen += 1
                if seen > MOST_FILES:
                    return
                yield entry
