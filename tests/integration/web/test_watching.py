"""A preview notices every change of a file that may shape a mail, and nothing else."""

import os
import shutil

import pytest

from mailer.web.preview import watching
from mailer.web.preview.watching import stamp


@pytest.fixture
def project(tmp_path):
    for name in (
        "mailer.toml",
        "campaigns/one.md",
        "campaigns/images/hall.jpg",
        "templates/parts/footer.mjml",
        "gifts.csv",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def write_anew(path):
    """The same bytes at another time: what an editor does that saves without a change."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


CHANGES = {
    "a campaign": lambda root: write_anew(root / "campaigns/one.md"),
    "settings": lambda root: write_anew(root / "mailer.toml"),
    "a picture": lambda root: write_anew(root / "campaigns/images/hall.jpg"),
    "a template": lambda root: write_anew(root / "templates/parts/footer.mjml"),
    "a ledger of gifts": lambda root: write_anew(root / "gifts.csv"),
    "more bytes at the same time": lambda root: grow(root / "gifts.csv"),
    "a new template over a packaged one": lambda root: (root / "templates/base.mjml").write_text(""),
    "a new folder with a picture": lambda root: ((root / "pictures").mkdir(), (root / "pictures/a.png").write_text("")),
    "a name": lambda root: (root / "campaigns/one.md").rename(root / "campaigns/two.md"),
    "a file that goes": lambda root: (root / "gifts.csv").unlink(),
    "a folder that goes": lambda root: shutil.rmtree(root / "templates"),
}


def grow(path):
    status = path.stat()
    path.write_text("more")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_notices(project, change):
    before = stamp(project)
    assert stamp(project) == before
    change(project)
    assert stamp(project) != before


@pytest.mark.parametrize(
    "name",
    ["mailer.db", "mailer.db-wal", ".mailer/secret.key", ".git/index", "campaigns/.one.md.swp", "node_modules/a.js"],
)
def test_it_does_not_mind(project, name):
    before = stamp(project)
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("x")
    assert stamp(project) == before


def test_links_to_folders_are_not_followed_so_no_circle_has_no_end(project):
    (project / "campaigns" / "up").symlink_to(project)
    assert stamp(project)


def test_of_very_many_files_the_nearest_are_watched(project, monkeypatch):
    monkeypatch.setattr(watching, "MOST_FILES", 10)
    for number in range(20):
        (project / "campaigns/images" / f"{number}.jpg").write_text("")
    before = stamp(project)
    write_anew(project / "campaigns/one.md")
    assert stamp(project) != before
