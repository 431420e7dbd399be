"""A backup is one private file, made while others write, and read again; it comes back whole, and paused."""

import os
import shutil
import sqlite3
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, add_people, make_database
from mailer.domain.mailing import MailingState, RowState
from mailer.errors import Refused, StorageError
from mailer.storage import backup, instance, mailings, postgres_tools
from mailer.storage.backup import back_up
from mailer.storage.database import Database
from mailer.storage.heartbeats import Role, beating
from mailer.storage.restore import bring_back
from mailer.storage.stock import Stock, take_stock
from mailer.storage.tables import subscriber
from postgres import binaries

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
WHY = "restored from a backup of 22 November 2026 09:30 UTC; what was sent since is unknown"
PEOPLE = Stock(people=5, mailings=1, rows={RowState.QUEUED: 4})


@pytest.fixture
def dumped_url(postgres_url, monkeypatch):
    """A PostgreSQL, and on the path the programs that came with it."""
    if found := binaries():
        monkeypatch.setenv("PATH", f"{found}{os.pathsep}{os.environ['PATH']}")
    if shutil.which("pg_dump") is None:
        assert not os.environ.get("CI"), "pg_dump is not installed"
        pytest.skip("NOT TESTED ON POSTGRESQL: pg_dump is not installed")
    return postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'mailer.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("dumped_url")
    made = make_database(url)
    add_people(made, 5)
    add_mailing(made, 4)
    instance.settle(made, now=NOW - timedelta(hours=1))
    yield made
    made.dispose()


def stock(database):
    with database.reading() as connection:
        return take_stock(connection)


def lose_somebody(database):
    with database.writing() as connection:
        connection.execute(sa.delete(subscriber).where(subscriber.c.id == 5))


def test_it_holds_what_the_database_held_and_is_private(database, tmp_path):
    made = back_up(database, tmp_path / "a.backup", now=NOW)
    assert (made.stock, made.restored) == (PEOPLE, True)
    assert made.file.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("*.partial*"))
    with database.reading() as connection:
        assert connection.scalar(sa.text("SELECT backed_up_at FROM instance")) is not None


def test_it_comes_back_whole_and_paused_and_what_was_there_is_kept(database, tmp_path):
    made = back_up(database, tmp_path / "a.backup", now=NOW)
    lose_somebody(database)
    with pytest.raises(Refused, match="holds 4 people, 1 mailing, 4 messages"):
        bring_back(database, made.file, force=False, now=LATER)
    assert stock(database).people == 4
    done = bring_back(database, made.file, force=True, now=LATER)
    assert (done.stock, done.reason) == (PEOPLE, WHY)
    assert stock(database) == PEOPLE
    with database.reading() as connection:
        [one] = mailings.everything(connection)
    assert (one.state, one.state_reason) == (MailingState.PAUSED, WHY)
    assert instance.settle(database, now=LATER) == "", "it has gone on from there"
    assert done.kept.exists()
    bring_back(database, done.kept, force=True, now=LATER + timedelta(hours=1))
    assert stock(database).people == 4


def test_nobody_else_is_made_to_wait_and_the_copy_is_of_one_moment(database, tmp_path, monkeypatch):
    def meanwhile(*arguments, original):
        writer = threading.Thread(target=lose_somebody, args=(database,))
        writer.start()
        writer.join(60)
        assert not writer.is_alive(), "a backup must not stop a worker"
        return original(*arguments)

    where, name = (backup, "take_stock") if database.is_sqlite else (postgres_tools, "_run")
    original = getattr(where, name)
    calls = []

    def once(*arguments):
        result = original(*arguments) if database.is_sqlite else None
        if not calls:
            calls.append(1)
            meanwhile(original=lambda: None)
        return result if database.is_sqlite else original(*arguments)

    monkeypatch.setattr(where, name, once)
    assert back_up(database, tmp_path / "a.backup", now=NOW).stock == PEOPLE
    assert stock(database).people == 4


def test_no_file_is_ever_overwritten(database, tmp_path):
    (tmp_path / "a.backup").write_text("something dear")
    with pytest.raises(Refused, match="never overwritten"):
        back_up(database, tmp_path / "a.backup", now=NOW)
    assert (tmp_path / "a.backup").read_text() == "something dear"


def test_nothing_is_left_of_one_that_fails(database, tmp_path, monkeypatch):
    where = backup if database.is_sqlite else postgres_tools
    found = iter([PEOPLE, Stock(people=4, mailings=1, rows={})])
    monkeypatch.setattr(where, "take_stock", lambda _connection: next(found))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StorageError, match="thrown away"):
        back_up(database, tmp_path / "a.backup", now=NOW)
    assert sorted(tmp_path.iterdir()) == before
    with database.reading() as connection:
        assert connection.scalar(sa.text("SELECT backed_up_at FROM instance")) is None


def test_where_it_cannot_be_written_it_says_so(database, tmp_path):
    with pytest.raises(StorageError, match="cannot be written: No such file"):
        back_up(database, tmp_path / "nowhere" / "a.backup", now=NOW)


def test_nothing_comes_back_under_a_process_that_works(database, tmp_path):
    made = back_up(database, tmp_path / "a.backup", now=NOW)
    with beating(database, lambda: LATER, Role.WORKER), pytest.raises(Refused, match="A worker is at work"):
        bring_back(database, made.file, force=True, now=LATER)
    assert stock(database) == PEOPLE


def test_what_is_no_backup_of_this_kind_of_database_is_refused(database, tmp_path):
    other = b"PGDMP" if database.is_sqlite else b"SQLite format 3\0"
    for content in (b"", b"email,name\n", other + b"rest"):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(StorageError, match="is no backup of"):
            bring_back(database, tmp_path / "file", force=True, now=NOW)
    assert stock(database) == PEOPLE


def test_a_damaged_backup_changes_nothing(database, tmp_path):
    made = back_up(database, tmp_path / "a.backup", now=NOW)
    whole = made.file.read_bytes()
    made.file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageError):
        bring_back(database, made.file, force=True, now=LATER)
    assert stock(database) == PEOPLE
    with database.reading() as connection:
        assert [one.state for one in mailings.everything(connection)] == [MailingState.SENDING]


def test_an_empty_place_takes_it_without_being_forced(tmp_path):
    database = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    add_people(database, 5)
    add_mailing(database, 4)
    made = back_up(database, tmp_path / "a.backup", now=NOW)
    database.dispose()
    (tmp_path / "new").mkdir()
    new = Database(f"sqlite:///{tmp_path}/new/mailer.db")
    assert bring_back(new, made.file, force=False, now=LATER).kept is None
    assert stock(new) == PEOPLE
    assert (tmp_path / "new" / "mailer.db").stat().st_mode & 0o777 == 0o600
    new.dispose()


def test_a_login_that_may_make_no_database_gets_a_dump_that_was_read_through(dumped_url, tmp_path):
    owner = make_database(dumped_url)
    add_people(owner, 5)
    add_mailing(owner, 4)
    with owner.writing() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS plain")
        connection.exec_driver_sql("CREATE ROLE plain LOGIN PASSWORD 'open sesame'")
        connection.exec_driver_sql("GRANT USAGE ON SCHEMA public TO plain")
        connection.exec_driver_sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO plain")
        connection.exec_driver_sql("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO plain")
        connection.exec_driver_sql("GRANT SELECT ON alembic_version TO plain")
    url = owner.url.set(username="plain", password="open sesame").render_as_string(hide_password=False)
    plain = Database(url)
    try:
        assert instance.settle(plain, now=NOW) == ""
        assert instance.settle(plain, now=NOW) == "", "an ordinary login can see where its database lives"
        made = back_up(plain, tmp_path / "a.dump", now=NOW)
        assert (made.stock, made.restored) == (PEOPLE, False)
    finally:
        plain.dispose()
        with owner.writing() as connection:
            connection.exec_driver_sql("DROP OWNED BY plain")
            connection.exec_driver_sql("DROP ROLE plain")
        owner.dispose()


def test_a_dump_that_was_restored_by_hand_comes_up_paused(dumped_url, tmp_path):
    database = make_database(dumped_url)
    add_people(database, 5)
    add_mailing(database, 4)
    instance.settle(database, now=NOW)
    made = back_up(database, tmp_path / "a.dump", now=NOW)
    database.dispose()
    postgres_tools.restore(database, made.file)  # as `pg_restore --clean` does it
    assert instance.settle(database, now=LATER) == WHY
    assert instance.settle(database, now=LATER) == ""
    database.dispose()


def test_without_the_clients_programs_it_says_what_to_install(postgres_url, tmp_path, monkeypatch):
    database = make_database(postgres_url)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StorageError, match="pg_dump is not installed") as caught:
        back_up(database, tmp_path / "a.dump", now=NOW)
    assert "postgresql-client" in caught.value.hint
    database.dispose()


def test_a_backup_that_is_opened_as_it_is_comes_up_paused(tmp_path):
    database = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    add_people(database, 5)
    add_mailing(database, 4)
    made = back_up(database, tmp_path / "copy.db", now=NOW)
    assert sqlite3.connect(made.file).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copy = Database(f"sqlite:///{made.file}")
    assert instance.settle(copy, now=LATER) == WHY
    copy.dispose()
    database.dispose()
    assert (tmp_path / "copy.db-instance").exists()


def test_housekeeping_and_a_restart_of_postgresql_are_no_reason_to_pause(postgres_server):
    database = make_database(postgres_server.url)
    add_people(database, 5)
    add_mailing(database, 4)
    assert instance.settle(database, now=NOW) == ""
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("VACUUM FULL instance")
        connection.exec_driver_sql("ANALYZE")
        connection.exec_driver_sql("REINDEX TABLE instance")
    database.dispose()
    postgres_server.stop("fast")
    postgres_server.start()
    assert instance.settle(database, now=LATER) == ""
    database.dispose()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_backup_that_root_brings_back_belongs_to_whom_the_database_belonged(tmp_path):
    database = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    add_people(database, 5)
    made = back_up(database, tmp_path / "a.backup", now=NOW)
    os.chown(database.file, 10001, 10001)
    bring_back(database, made.file, force=True, now=LATER)
    for file in (database.file, tmp_path / "mailer.db-instance"):
        assert (file.stat().st_uid, file.stat().st_gid) == (10001, 10001)
    database.dispose()
