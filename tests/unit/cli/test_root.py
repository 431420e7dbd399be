import json
import subprocess
import sys

from mailer.cli.main import COMMANDS, root


def run(*arguments, **environment):
    import os

    return subprocess.run(
        [sys.executable, "-m", "mailer", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], **environment},
        cwd="/",
    )


def test_a_bare_call_prints_help_and_succeeds():
    done = run()
    assert done.returncode == 0
    assert "Usage: mailer" in done.stdout


def test_an_unknown_command_is_a_usage_error():
    done = run("sned")
    assert done.returncode == 2
    assert "No such command 'sned'" in done.stderr
    assert "Traceback" not in done.stderr


def test_hints_are_printed_in_the_form_the_person_started_with():
    assert "Usage: python3 run.py" in run(MAILER_STARTED_AS="python3 run.py").stdout


def test_every_listed_command_can_be_imported_and_has_help():
    for entry in COMMANDS:
        command = root.get_command(None, entry.name)
        assert command.help or command.short_help, entry.name
        assert entry.help


def test_global_options_work_before_and_after_the_subcommand():
    for arguments in (("--json", "config", "get", "nothing.here"), ("config", "get", "nothing.here", "--json")):
        done = run(*arguments)
        assert done.returncode == 1
        assert set(json.loads(done.stderr)["error"]) == {"code", "message", "hint"}
