"""Every press of TAB runs the program: start-up imports nothing heavy."""

import json
import subprocess
import sys

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


def imported_by(*arguments):
    code = (
        "import sys, json\n"
        f"sys.argv = ['mailer', *{list(arguments)!r}]\n"
        "from mailer.cli.main import main\n"
        "try:\n    main()\n"
        "except SystemExit: pass\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout, set(json.loads(done.stderr.splitlines()[-1]))


def test_help_imports_nothing_heavy():
    shown, modules = imported_by("--help")
    assert "Usage: mailer" in shown
    assert not modules & HEAVY


def test_version_imports_nothing_heavy():
    shown, modules = imported_by("--version")
    assert shown.startswith("mailer ")
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
