"""A project is written whole or not at all."""

import errno
import os
import resource
from contextlib import contextmanager

import pytest

from mailer.cli import new_project
from mailer.cli.new_project import ALWAYS, EXAMPLES, write_project
from mailer.errors import DiskFull, MailerError

ANSWERS = {
    "name": "Solidarity Network",
    "from": "news@example.org",
    "address": "1 Example Street",
    "list": "News",
    "zone": "Europe/London",
    "colour": "#b3261e",
    "public_url": "",
}
FILES = ALWAYS | EXAMPLES


def left(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_all_of_it_is_there(tmp_path):
    write_project(tmp_path / "a" / "group", FILES, ANSWERS)
    assert set(FILES) <= set(left(tmp_path / "a" / "group"))


def test_what_was_made_goes_when_the_rest_cannot_be(tmp_path):
    # A file may not grow beyond this: the scaffold's larger ones fail in the middle of being written.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, before[1]))
    try:
        with pytest.raises(MailerError, match="cannot be made"):
            write_project(tmp_path / "a" / "group", FILES, ANSWERS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert left(tmp_path) == []


def test_a_full_disk_is_called_that(tmp_path, monkeypatch):
    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(new_project, "settings_text", full)
    with pytest.raises(DiskFull):
        write_project(tmp_path / "group", FILES, ANSWERS)
    assert left(tmp_path) == []


@contextmanager
def without_rights(folder):
    """As somebody who may not write into `folder`; to root everything is open, so root becomes nobody."""
    if os.geteuid():
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_one_may_not_write_to_says_so(tmp_path):
    write_project(tmp_path / "first", FILES, ANSWERS)  # all that it imports is there now
    with (
        without_rights(tmp_path),
        pytest.raises(MailerError, match=r"cannot be made in .*: Permission denied") as caught,
    ):
        write_project(tmp_path / "second", FILES, ANSWERS)
    assert "may write to" in caught.value.hint
    assert not (tmp_path / "second").exists()


def test_what_was_there_before_stays(tmp_path):
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(MailerError):
        write_project(tmp_path, FILES | {"x": "there is no such file"}, ANSWERS)
    assert left(tmp_path) == ["campaigns", "notes.txt"]


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(new_project, "settings_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_project(tmp_path / "group", FILES, ANSWERS)
    assert left(tmp_path) == []
