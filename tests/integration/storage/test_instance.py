"""A database that was set back to an older state of itself comes up paused; one that was merely stopped does not."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, add_people, make_database
from mailer.domain.audience import Audience
from mailer.domain.mailing import MailingState
from mailer.domain.schedule import When
from mailer.errors import StorageError
from mailer.storage import alerts, instance, mailings, schedules
from mailer.storage.alerts import Channel, Kind
from mailer.storage.backup import back_up
from mailer.storage.database import Database
from mailer.storage.heartbeats import Role, beating
from mailer.storage.tables import mailing

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
WHY = "restored from a backup of 22 November 2026 09:30 UTC; what was sent since is unknown"


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'mailer.db'}"


@pytest.fixture
def file(tmp_path, url):
    """A database that has worked, closed; a mailing of it is sending."""
    database = make_database(url)
    add_people(database, 3)
    add_mailing(database, 3)
    work(database)
    database.dispose()
    return tmp_path / "mailer.db"


def work(database, at=NOW):
    """What any process that sends does: look, then give signs of life."""
    assert instance.settle(database, now=at) == ""
    with beating(database, lambda: at, Role.WORKER):
        pass


def come_up(url, at=NOW + timedelta(hours=1)):
    """What the next process finds: why everything is paused, and the states of all mailings."""
    database = Database(url)
    try:
        reason = instance.settle(database, now=at)
        with database.reading() as connection:
            return reason, [one.state for one in mailings.everything(connection)]
    finally:
        database.dispose()


def test_a_database_that_was_stopped_goes_on(file, url):
    for _ in range(3):
        assert come_up(url) == ("", [MailingState.SENDING])


def test_a_snapshot_in_its_place_comes_up_paused_once(file, url, tmp_path):
    shutil.copy(file, tmp_path / "snapshot")
    database = Database(url)
    work(database)
    database.dispose()
    shutil.copy(tmp_path / "snapshot", file)
    assert come_up(url) == (WHY, [MailingState.PAUSED])
    assert come_up(url) == ("", [MailingState.PAUSED]), "a person decides, and is asked once"


def test_a_site_that_is_up_before_whoever_sends_hides_no_snapshot(file, url, tmp_path):
    shutil.copy(file, tmp_path / "snapshot")
    database = Database(url)
    work(database)
    database.dispose()
    shutil.copy(tmp_path / "snapshot", file)
    for _ in range(5):
        with beating(Database(url), lambda: NOW, Role.WEB):
            pass
    assert come_up(url) == (WHY, [MailingState.PAUSED])


def test_a_backup_that_comes_back_at_once_is_an_older_state(file, url, tmp_path):
    database = Database(url)
    back_up(database, tmp_path / "backup.db", now=NOW)
    database.dispose()  # and something was sent, by a process that was killed before its next sign of life
    shutil.copy(tmp_path / "backup.db", file)
    assert come_up(url) == (WHY, [MailingState.PAUSED])


def test_a_copy_since_which_nothing_has_worked_is_no_older_state(file, url, tmp_path):
    shutil.copy(file, tmp_path / "snapshot")
    shutil.copy(tmp_path / "snapshot", file)
    assert come_up(url) == ("", [MailingState.SENDING])


def test_a_copy_elsewhere_comes_up_paused_and_the_original_goes_on(file, url, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(file, tmp_path / "elsewhere")
    assert come_up(f"sqlite:///{tmp_path}/elsewhere/mailer.db") == (WHY, [MailingState.PAUSED])
    assert come_up(url) == ("", [MailingState.SENDING])


def test_a_folder_that_moves_and_a_link_to_it_are_still_the_same_database(file, tmp_path):
    (tmp_path / "moved").mkdir()
    for part in tmp_path.glob("mailer.db*"):
        part.rename(tmp_path / "moved" / part.name)
    (tmp_path / "link").symlink_to(tmp_path / "moved" / "mailer.db")
    assert come_up(f"sqlite:///{tmp_path}/moved/mailer.db") == ("", [MailingState.SENDING])
    assert come_up(f"sqlite:///{tmp_path}/link") == ("", [MailingState.SENDING])


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"identity": "x", "beats": 1}', "\x00\xff"])
def test_a_file_beside_it_that_says_nothing_is_as_good_as_none(file, url, tmp_path, content):
    (tmp_path / "mailer.db-instance").write_text(content)
    assert come_up(url) == (WHY, [MailingState.PAUSED])


def test_the_file_beside_it_is_private_and_written_whole(file, tmp_path):
    beside = tmp_path / "mailer.db-instance"
    assert beside.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mailer.db", "mailer.db-instance"]


def test_nothing_that_was_armed_fires_and_what_was_half_written_can_be_resumed(file, url):
    database = Database(url)
    scheduled = add_mailing(database, 0, state=MailingState.SCHEDULED, number=2)
    with database.writing() as connection:
        when = When(at=NOW, local=NOW.replace(tzinfo=None), zone="UTC")
        audience = Audience(list_name="news")
        schedules.arm_once(
            connection,
            slug="letter",
            when=when,
            audience=audience,
            people=3,
            sources="00",
            mailing_id=scheduled,
            at=NOW,
        )
        half = {"state": MailingState.MATERIALISING, "audience": {"list": "news"}}
        connection.execute(sa.update(mailing).where(mailing.c.id == 1).values(half))
        connection.exec_driver_sql("DELETE FROM delivery WHERE subscriber_id > 1")
    assert instance.come_up_paused(database, now=NOW, surely=True) == WHY
    with database.reading() as connection:
        written, armed = mailings.everything(connection)
        assert schedules.armed(connection) == []
        rows = mailings.counts(connection, 1)
    database.dispose()
    assert (written.state, armed.state) == (MailingState.PAUSED, MailingState.HELD)
    assert written.state_reason == armed.state_reason == WHY
    assert rows.total == 3, "all rows are there, so `resume` loses nobody"


def test_a_person_is_told_once_and_not_of_what_the_snapshot_had_to_tell(file, url):
    database = Database(url)
    with database.writing() as connection:
        alerts.add(connection, Kind.HELD, key="old", detail="of yesterday", at=NOW)
    instance.come_up_paused(database, now=NOW, surely=True)
    with database.writing() as connection:
        told = alerts.take(connection, frozenset({Channel.MAIL}), now=NOW)
        assert (told.kind, told.detail) == (Kind.RESTORED, WHY)
        assert alerts.take(connection, frozenset({Channel.MAIL}), now=NOW) is None
    database.dispose()


def test_rows_taken_back_from_lost_workers_are_counted(file, url):
    database = Database(url)
    with database.writing() as connection:
        instance.count_reaped(connection, 3)
        instance.count_reaped(connection, 4)
        assert connection.exec_driver_sql("SELECT reaped FROM instance").scalar() == 7
    database.dispose()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_did_once_keeps_nobody_else_from_going_on(file, url, tmp_path):
    os.chown(file, 10001, 10001)
    assert come_up(url) == ("", [MailingState.SENDING])
    database = Database(url)
    work(database)
    database.dispose()
    beside = (tmp_path / "mailer.db-instance").stat()
    assert (beside.st_uid, beside.st_gid, beside.st_mode & 0o777) == (10001, 10001, 0o600)


def test_a_file_beside_it_that_may_not_be_read_is_said_and_nothing_is_paused(file, url, monkeypatch):
    def refused(*_, **__):
        raise PermissionError

    database = Database(url)
    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(StorageError, match="-instance cannot be read by this user"):
        instance.settle(database, now=NOW)
    monkeypatch.undo()
    database.dispose()
    assert come_up(url) == ("", [MailingState.SENDING])
