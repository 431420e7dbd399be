"""What a database file lies on, read as Linux tells it."""

from pathlib import Path

import pytest

from mailer.storage.mounts import file_system, network_file_system

TABLE = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
40 22 0:40 / /srv/mail rw,relatime shared:9 master:2 - nfs4 files.example.org:/mail rw,vers=4.2
41 40 0:41 / /srv/mail/local rw - xfs /dev/vdb rw
42 22 0:42 / /srv/our\040files rw - cifs //files.example.org/our\040files rw
43 22 0:43 / /home/ana/remote rw - fuse.sshfs ana@files.example.org: rw
44 22 0:44 / /data rw - tmpfs tmpfs rw
45 44 0:45 / /data rw - ext4 /dev/vdc rw
46 22 0:46 / /mnt/dash - - nfs a - b rw
not a line of it
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/ana/mailer.db", "ext4"),
        ("/srv/mail/mailer.db", "nfs4"),
        ("/srv/mail/local/mailer.db", "xfs"),
        ("/srv/mailbox/mailer.db", "ext4"),
        ("/srv/our files/mailer.db", "cifs"),
        ("/home/ana/remote/news/mailer.db", "fuse.sshfs"),
        ("/data/mailer.db", "ext4"),
        ("/mnt/dash/mailer.db", "nfs"),
    ],
)
def test_the_deepest_mount_counts(path, kind):
    assert file_system(TABLE, Path(path)) == kind


@pytest.mark.parametrize("table", ["", "\n\n", "1 2 3", "1 2 3 4 / rw - ", "- - - - - - - -"])
def test_a_table_that_says_nothing_is_no_reason_to_refuse(table):
    assert file_system(table, Path("/mailer.db")) in (None, "", "-")


def test_only_what_other_machines_may_have_too_is_refused(tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(TABLE)
    assert network_file_system(Path("/srv/mail/mailer.db"), mounts) == "nfs4"
    assert network_file_system(Path("/data/mailer.db"), mounts) is None


def test_a_link_is_followed(tmp_path):
    mounts, link = tmp_path / "mountinfo", tmp_path / "here"
    mounts.write_text(TABLE)
    link.symlink_to("/srv/mail")
    assert network_file_system(link / "mailer.db", mounts) == "nfs4"


def test_where_there_is_no_such_table_nothing_is_refused(tmp_path):
    assert network_file_system(Path("/srv/mail/mailer.db"), tmp_path / "none") is None
    assert network_file_system(tmp_path / "mailer.db") is None
