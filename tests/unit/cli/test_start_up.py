"""Every press of TAB runs the program: start-up imports nothing heavy."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

HEAVY = {
    "sqlalchemy",
    "premailer",
    "pydantic",
    "rich",
    "lxml",
    "jinja2",
    "starlette",
    "mjml",
    "alembic",
    "apscheduler",
    "yaml",
}


def imported_by(*arguments, **environment):
    code = (
        "import sys, json\n"
        f"sys.argv = ['mailer', *{list(arguments)!r}]\n"
        "from mailer.cli.main import main\n"
        "try:\n    main()\n"
        "except SystemExit: pass\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout, set(json.loads(done.stderr.splitlines()[-1]))


def test_help_imports_nothing_heavy():
    shown, modules = imported_by("--help")
    assert "Usage: mailer" in shown
    assert not modules & HEAVY


def test_version_imports_nothing_heavy():
    shown, modules = imported_by("--version")
    assert shown.startswith("mailer ")
    assert not modules & HEAVY


def test_a_press_of_tab_imports_nothing_heavy(tmp_path):
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "letter.md").touch()
    (tmp_path / "mailer.toml").touch()
    with closing(sqlite3.connect(tmp_path / "mailer.db")) as database:
        database.execute("CREATE TABLE mailing (id, slug, state)")
        database.execute("INSERT INTO mailing VALUES (1, 'letter', 'finished')")
        database.commit()
    for words, count, offered in (("mailer se", 1, "send"), ("mailer send ", 2, "letter"), ("mailer status ", 2, "1")):
        asked = {"_MAILER_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(count)}
        shown, modules = imported_by(MAILER_PROJECT=str(tmp_path), **asked)
        assert f"plain,{offered}" in shown.splitlines()
        assert not modules & HEAVY


def test_a_relay_that_hangs_up_cannot_end_the_program():
    """The signal of a broken pipe stays ignored, as Python has it: writing to a closed socket is an error of that socket."""
    code = """
import signal, sys
from mailer.cli.main import main
sys.argv = ["mailer", "--version"]
try:
    main()
except SystemExit:
    print(signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "True"
