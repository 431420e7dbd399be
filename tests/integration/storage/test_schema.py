import re
import sqlite3
import stat
import subprocess
import sys

import pytest
import sqlalchemy as sa

from mailer.errors import DatabaseBusy, SchemaTooNew, StorageError
from mailer.storage import schema, tables
from mailer.storage.database import Database


@pytest.fixture
def database(tmp_path):
    made = Database(f"sqlite:///{tmp_path / 'mailer.db'}")
    yield made
    made.dispose()


def statements(path):
    """Every table and index of the file, as SQL, without the order in which constraints stand."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    ours = {name: " ".join(sql.split()) for name, sql in rows if name not in ("alembic_version", "sqlite_sequence")}
    return {name: sorted(re.split(r", (?=CONSTRAINT)|(?= \) )", sql)) for name, sql in ours.items()}


def test_an_error_that_nobody_foresaw_does_not_print_people(database):
    schema.upgrade(database)
    twice = tables.mailing_list.insert().values([{"name": "ana@example.org"}, {"name": "ana@example.org"}])
    with pytest.raises(sa.exc.SQLAlchemyError) as caught, database.writing() as connection:
        connection.execute(twice)
    assert "ana@example.org" not in str(caught.value)


def test_the_migrations_make_exactly_the_tables(tmp_path, database):
    schema.upgrade(database)
    plain = Database(f"sqlite:///{tmp_path / 'plain.db'}")
    with plain.writing() as connection:
        tables.metadata.create_all(connection)
    plain.dispose()
    assert statements(tmp_path / "mailer.db") == statements(tmp_path / "plain.db"), (
        "storage/tables and storage/migrations say different things: bring the change into the migration too"
    )


def test_the_newest_revision_is_the_one_that_is_asked_for(database):
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


def test_every_table_is_strict(database):
    schema.upgrade(database)
    with database.reading() as connection, pytest.raises(sa.exc.IntegrityError):
        connection.execute(sa.text("INSERT INTO list (id, name) VALUES ('one', 'news')"))
    with database.reading() as connection:
        rows = connection.execute(sa.text("SELECT name, strict FROM pragma_table_list WHERE type = 'table'")).all()
    assert {name for name, strict in rows if not strict} <= {
        "sqlite_schema",
        "sqlite_temp_schema",
        "sqlite_sequence",
        "alembic_version",
    }


def test_a_current_database_is_left_alone_and_costs_no_alembic(tmp_path):
    code = (
        "import sys; from mailer.storage.database import Database; from mailer.storage.schema import upgrade;"
        f"done = upgrade(Database('sqlite:///{tmp_path / 'mailer.db'}')); print(done, 'alembic' in sys.modules)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in "12"
    ]
    assert runs == ["True True\n", "False False\n"]


def test_a_newer_database_is_refused_and_kept(database):
    schema.upgrade(database)
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match="newer version"):
        schema.upgrade(database)
    with database.reading() as connection:
        assert schema.current_revision(connection) == "9999"


def test_a_failing_step_leaves_nothing_behind(database, monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr("alembic.ddl.impl.DefaultImpl.create_index", fail)
    with pytest.raises(RuntimeError):
        schema.upgrade(database)
    with database.reading() as connection:
        assert sa.inspect(connection).get_table_names() == []


def test_a_step_that_leaves_rows_pointing_at_nothing_is_rolled_back(database, monkeypatch):
    schema.upgrade(database)
    monkeypatch.setattr(schema, "HEAD", "next")

    def orphan(connection, _found):
        connection.execute(sa.text("INSERT INTO tag_change (import_id, subscriber_id, added) VALUES (1, 1, '[]')"))

    monkeypatch.setattr(schema, "_run", orphan)
    with pytest.raises(StorageError, match="point at nothing"):
        schema.upgrade(database)
    with database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.tag_change)).scalar() == 0
        assert connection.execute(sa.text("PRAGMA foreign_keys")).scalar() == 1


def empty(url):
    """A database as it is before the first program comes."""
    database = Database(url)
    if not database.is_sqlite:
        with database.writing() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    return database


STARTED = """
import sys
from mailer.storage.database import Database
from mailer.storage.schema import upgrade
database = Database(sys.argv[1])
sys.stdin.readline()
print(upgrade(database))
database.dispose()
"""


def test_programs_that_start_together_agree(database_url):
    """Eight at once on an empty database: one makes the schema, the others wait for it and find it."""
    empty(database_url).dispose()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", STARTED, database_url]
    processes = [subprocess.Popen(command, **pipes) for _ in range(8)]
    for process in processes:
        process.stdin.write("now\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60) for process in processes]
    assert [error for _, error in said] == [""] * 8
    assert sorted(out for out, _ in said) == ["False\n"] * 7 + ["True\n"]


def test_a_newer_database_is_refused_on_postgresql_too(postgres_url):
    database = empty(postgres_url)
    schema.upgrade(database)
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew, match="newer version"):
        schema.upgrade(database)
    with database.writing() as connection:
        assert schema.current_revision(connection) == "9999"
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    database.dispose()


def test_the_ledger_is_cleaned_early_on_postgresql(postgres_url):
    """Else a million finished rows leave three million dead ones before the server's own rule sees to them."""
    database = empty(postgres_url)
    schema.upgrade(database)
    with database.reading() as connection:
        options = connection.exec_driver_sql("SELECT reloptions FROM pg_class WHERE relname = 'delivery'").scalar()
    database.dispose()
    said = tables.delivery.dialect_options["postgresql"]["with"]
    assert set(options) == {f"{name}={value}" for name, value in said.items()}


def test_addresses_are_in_no_languages_order_on_postgresql(postgres_url):
    """Else an upgrade of the system's libraries leaves an index in which an address is not found, and comes in twice."""
    database = empty(postgres_url)
    schema.upgrade(database)
    asked = sa.text(
        "SELECT table_name FROM information_schema.columns WHERE column_name = 'email_key' AND collation_name = 'C'"
    )
    with database.reading() as connection:
        found = set(connection.scalars(asked))
    database.dispose()
    assert found == {"subscriber", "suppression"}


def test_who_has_to_wait_too_long_for_somebody_elses_migration_is_told(postgres_url, monkeypatch):
    database, other = empty(postgres_url), Database(postgres_url)
    monkeypatch.setattr(schema, "LONGEST_MIGRATION", "200ms")
    with schema._migrating(other), pytest.raises(DatabaseBusy):
        schema.upgrade(database)
    assert schema.upgrade(database)
    for one in (database, other):
        one.dispose()


def test_the_files_are_private(tmp_path, database):
    schema.upgrade(database)
    with database.writing() as connection:
        connection.execute(sa.text("INSERT INTO list (name) VALUES ('news')"))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"mailer.db": 0o600, "mailer.db-wal": 0o600, "mailer.db-shm": 0o600}
