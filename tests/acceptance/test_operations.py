"""docs/operations.md, typed line by line: a backup, the day after, the backup back, everything paused, and on from there."""

import re
import shlex
import sqlite3
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from ledger_world import add_mailing, email, states
from mailer.domain.mailing import RowState

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def typed(heading):
    """The commands of the section's first block."""
    section = PAGE.partition(f"\n## {heading}\n")[2]
    block = re.search(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)[1]
    return [shlex.split(line)[1:] for line in block.splitlines()]


@pytest.fixture
def run(mailer, tmp_path):
    (tmp_path / "backups").mkdir()

    def run(heading):
        told = []
        for words in typed(heading):
            told.append(mailer(*[word.replace("/srv/mailer", str(tmp_path)) for word in words]))
            assert told[-1].code == 0, told[-1].err
        return told

    return run


def test_the_pages_commands_bring_a_backup_back_and_nobody_is_mailed_unasked(
    run, mailer, database, people, relay, tmp_path
):
    letter = add_mailing(database, people, number=7)
    database.dispose()
    run("Backups")
    named, timed = sorted((tmp_path / "backups").iterdir())
    assert named.name == "before-the-appeal.backup"
    assert re.fullmatch(r"mailer-\d{8}-\d{6}\.db", timed.name)
    assert {one.stat().st_mode & 0o777 for one in (named, timed)} == {0o600}
    assert sqlite3.connect(named).execute("SELECT count(*) FROM delivery").fetchone() == (people,)
    assert mailer("worker", "--drain").code == 0
    assert len(relay.accepted) == people
    restored, status = run("A backup comes back")
    assert "what was sent since is unknown" in restored.out
    assert "paused" in status.out
    drained = mailer("worker", "--drain")
    assert f"letter ({letter}) is paused with {people} not sent: restored from a backup of" in drained.err
    assert len(relay.accepted) == people, "nobody is mailed unasked"
    assert mailer("resume", letter, "--as-approved").code == 0
    assert len(relay.accepted) == 2 * people, "a person said so"
    assert states(database, letter) == {RowState.SENT: list(range(1, people + 1))}


def test_a_database_that_was_copied_back_by_hand_is_noticed_by_whatever_sends(mailer, database, people, relay, project):
    letter = add_mailing(database, people, number=7)
    assert mailer("pause", letter).code == 0
    assert mailer("worker", "--drain").code == 0, "it has worked here"
    assert mailer("resume", letter, "--queue-only", "--as-approved").code == 0
    database.dispose()
    with sqlite3.connect(project / "mailer.db") as original, sqlite3.connect(project / "copy") as copy:
        original.backup(copy)
    original.close()
    copy.close()
    assert mailer("worker", "--drain").code == 0
    assert len(relay.accepted) == people
    (project / "copy").replace(project / "mailer.db")
    ended = mailer("worker", "--drain")
    assert "The database was restored from a backup of" in ended.err
    assert "All that could send is paused" in ended.err
    assert len(relay.accepted) == people
    assert mailer("status", letter, "--json").json["state"] == "paused"


def test_a_backup_says_what_else_must_be_kept_and_never_overwrites(mailer, people, project, tmp_path):
    mailer.environment.pop("MAILER_SECRET_KEY")
    assert mailer("send", "letter", "--dry-run", "--json").code == 0
    made = mailer("db", "backup", tmp_path / "a.backup", "--json")
    assert (made.code, made.json["people"], made.json["verified"]) == (0, people, True)
    assert ".mailer/secret.key" in made.json["keep"]
    before = (tmp_path / "a.backup").read_bytes()
    again = mailer("db", "backup", tmp_path / "a.backup", "--json")
    assert (again.code, again.error["code"]) == (4, "refused")
    assert (tmp_path / "a.backup").read_bytes() == before


def test_without_a_database_there_is_nothing_to_back_up(mailer, project, tmp_path):
    (project / "mailer.db").unlink(missing_ok=True)
    done = mailer("db", "backup", tmp_path / "a.backup")
    assert done.code == 1
    assert "There is no database yet." in done.err
    assert not (tmp_path / "a.backup").exists()
    assert not (project / "mailer.db").exists()


def test_who_is_named_is_told_that_a_mailing_paused_itself(mailer, database, people, relay):
    letter = add_mailing(database, people, number=7)
    relay.rcpt |= {email(one): f"550 5.7.1 <{email(one)}> is not wanted" for one in range(1, people + 1)}
    mailer.environment |= {"MAILER_ALERTS__TO": "office@example.net", "MAILER_SENDING__CONNECTIONS": "1"}
    ended = mailer("worker", "--drain")
    assert ended.code == 5, ended.err
    [told] = relay.accepted
    assert told.recipient == "office@example.net"
    message = message_from_bytes(told.content, policy=policy.default)
    assert message["Subject"] == f"Solidarity Network: letter ({letter}) has paused itself"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "***@example.org> is not wanted" in message.get_content()
    assert mailer("worker", "--drain").code == 0
    assert len(relay.accepted) == 1, "once"
