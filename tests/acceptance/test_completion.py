"""`mailer completion`: the script, and what TAB offers, on both engines; nothing is made, and no error is said."""

import shlex
import subprocess
import sys

import pytest

from ledger_world import make_database
from mailer.domain.campaign_kinds import KINDS
from sending_world import Commands, write_letter


@pytest.fixture
def database(database_url):
    made = make_database(database_url)
    yield made
    made.dispose()


def offered(folder, *words, **environment):
    """What TAB offers after these words, the last of which has begun: name -> what is said beside it."""
    asked = {
        "_MAILER_COMPLETE": "zsh_complete",
        "COMP_WORDS": shlex.join(map(str, ("mailer", *words))),
        "COMP_CWORD": len(words),
    }
    run = Commands(folder, **{name: str(value) for name, value in (asked | environment).items()})()
    assert (run.code, run.err) == (0, "")
    lines = run.out.splitlines()
    return dict(zip(lines[1::3], lines[2::3], strict=True))


def test_commands_and_options_with_what_they_do(project):
    assert offered(project, "che") == {"check": "Lint campaigns: what is wrong, where, and what to do."}
    assert {"test-send", "completion", "relay"} <= offered(project, "").keys()
    assert "--queue-only" in offered(project, "send", "--")
    assert "--project" in offered(project, "--pro")
    assert set(offered(project, "schedule", "re")) == {"remove", "resume"}
    assert set(offered(project, "completion", "")) == {"bash", "zsh", "fish"}


def test_names_of_the_project_without_a_database(project):
    write_letter(project, slug="fund")
    both = {"letter", "fund"}
    for words in (("send", ""), ("test-send", ""), ("check", ""), ("preview", ""), ("schedule", "add", "")):
        assert offered(project, *words).keys() == both, words
    assert offered(project, "send", "le").keys() == {"letter"}
    assert offered(project, "check", "letter", "").keys() == {"fund"}
    assert offered(project, "test-send", "letter", "--to", "").keys() == set()
    assert offered(project, "send", "letter", "--list", "") == {"news": "News", "events": "Events"}
    names = {"everyone", "news", "events", "donors"}
    assert offered(project, "send", "letter", "--segment", "").keys() == names
    assert offered(project, "segment", "count", "").keys() == names
    assert offered(project, "new", "").keys() == KINDS.keys()
    assert offered(project, "new", "letter", "").keys() == set()
    assert offered(project, "relay", "test", "", MAILER_SMTP_URL="smtp://127.0.0.1:1").keys() == {"relay"}
    for words in (("status", ""), ("resume", ""), ("schedule", "next", "")):
        assert offered(project, *words) == {}
    assert not (project / "mailer.db").exists()
    assert not (project / ".mailer").exists()


def test_of_another_project(project, tmp_path):
    assert offered(tmp_path, "--project", project, "send", "").keys() == {"letter"}
    assert offered(tmp_path, "send", "--project", project, "").keys() == {"letter"}
    assert offered(tmp_path, "send", "") == {}


def test_names_of_mailings_and_schedules(project, relay, people, database, database_url):
    url = {"MAILER_DATABASE_URL": database_url}
    mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", **url)
    assert mailer("send", "letter", "--yes", "--expect", people).code == 0
    write_letter(project, slug="fund")
    every = ("schedule", "add", "fund", "--every", "fri 09:00", "--yes", "--expect", people)
    assert mailer(*every).code == 0
    assert offered(project, "status", "", **url) == {"letter": "1, finished", "1": "letter, finished"}
    assert offered(project, "retry", "1", **url).keys() == {"1"}
    assert offered(project, "why", "ana@example.org", "", **url).keys() == {"letter", "fund", "1"}
    assert offered(project, "schedule", "next", "", **url) == {"fund": "armed"}
    assert mailer("schedule", "pause", "fund").code == 0
    assert offered(project, "schedule", "resume", "", **url) == {"fund": "paused"}
    assert mailer("schedule", "remove", "fund").code == 0
    assert offered(project, "schedule", "next", "", **url) == {}


@pytest.mark.parametrize(
    ("file", "content"),
    [("mailer.toml", "[[[\n"), ("subscribers/segments.yaml", "donors: [\n"), ("mailer.db", "this is no database\n")],
)
def test_what_is_broken_offers_nothing_and_says_nothing(project, file, content):
    (project / file).write_text(content)
    offered(project, "segment", "count", "")
    offered(project, "status", "")
    offered(project, "send", "")
    assert offered(project, "stat").keys() == {"status"}


def test_a_database_that_is_away_is_not_waited_for(project):
    away = {"MAILER_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none"}
    assert offered(project, "status", "", **away) == {}
    assert offered(project, "send", "", **away).keys() == {"letter"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_asks_this_program(project, shell):
    script = Commands(project)("completion", shell)
    assert script.code == 0
    assert "_MAILER_COMPLETE" in script.out
    assert f"{shell}_complete" in script.out
    assert script.err == ""
    assert Commands(project)("completion", shell, "--json").json == {"shell": shell, "script": script.out}
    assert Commands(project)("completion", "tcsh").code == 2


def test_a_real_bash_completes(project, tmp_path):
    program = tmp_path / "bin" / "mailer"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mailer "$@"\n')
    program.chmod(0o755)
    script = Commands(project)("completion", "bash").out
    typed = 'COMP_WORDS=(mailer send le); COMP_CWORD=2; _mailer_completion mailer; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\n{typed}"],
        cwd=project,
        env={"PATH": f"{program.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert (done.stdout.strip(), done.stderr) == ("letter", "")
