"""What docs/first-server.md and docs/operations.md tell people to type and to install is what the program takes."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mailer.cli.main import root

ROOT = Path(__file__).parents[3]
PAGES = ("docs/first-server.md", "docs/operations.md")
UNITS = sorted((ROOT / "deploy").glob("*.service"))
PROGRAM = "/opt/mailer/bin/mailer"


def shell_lines(page):
    """The lines of its sh blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line and not line.startswith("#")]


def command_lines():
    """(page, arguments) of every call of mailer in the pages."""
    found = []
    for page in PAGES:
        for line in shell_lines(page):
            words = shlex.split(line)
            for program in ("mailer", PROGRAM):
                if program in words and "useradd" not in words and not line.startswith(("alias", "sudo apt")):
                    where = words.index(program) if words[0] == "mailer" or program == PROGRAM else None
                    if where is not None:
                        found.append((page, words[where + 1 :]))
    return found


def exec_lines(unit):
    return re.findall(r"^Exec\w+=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def understood(arguments):
    """Raises a ClickException for what is no command line of ours."""
    context = root.make_context("mailer", list(arguments))
    while isinstance(context.command, click.Group):
        _, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(command.name, rest, parent=context)


@pytest.mark.parametrize(
    ("page", "arguments"), command_lines(), ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_every_command_in_the_pages_is_one_of_ours(page, arguments, monkeypatch):
    monkeypatch.setattr(
        click.Path, "convert", lambda _self, value, *_: Path(value)
    )  # the files are on the reader's machine
    understood(arguments)


def test_there_are_commands_to_look_at():
    assert len(command_lines()) > 15


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_service_runs_a_command_of_ours_as_nobody_in_particular(unit, monkeypatch):
    monkeypatch.setattr(click.Path, "convert", lambda _self, value, *_: Path(value))
    first, *_ = exec_lines(unit)
    program, *arguments = shlex.split(first)
    assert program == PROGRAM
    understood(arguments)
    text = unit.read_text(encoding="utf-8")
    assert "User=mailer\n" in text
    for needed in ("ProtectSystem=strict", "NoNewPrivileges=yes", "ProtectHome=yes", "UMask=0077"):
        assert f"{needed}\n" in text


@pytest.fixture
def installed(tmp_path):
    """The units, as if the program were installed: systemd looks whether it is there."""
    program = tmp_path / "mailer"
    program.write_text(f"#!{sys.executable}\n")
    program.chmod(0o755)
    for file in (ROOT / "deploy").glob("mailer*"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8").replace(PROGRAM, str(program)))
    return tmp_path


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", ["mailer.service", "mailer-worker.service", "mailer-backup.timer"])
def test_systemd_understands_every_unit(installed, name):
    command = ["systemd-analyze", "verify", "--man=no", f"./{name}"]
    done = subprocess.run(command, cwd=installed, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "mailer" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_every_service_well_shut_in(installed, unit):
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", f"./{unit.name}"]
    done = subprocess.run(command, cwd=installed, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:]


def test_every_file_that_the_pages_name_is_there():
    for page in PAGES:
        for named in re.findall(r"deploy/[\w.-]+\w", (ROOT / page).read_text(encoding="utf-8")):
            assert (ROOT / named).is_file(), named


def test_the_proxies_lead_to_where_the_pages_listen_and_write_no_access_log():
    from mailer.settings import WebSettings

    here = f"{WebSettings().host}:{WebSettings().port}"
    for name in ("Caddyfile", "nginx.conf"):
        text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
        assert here in text
        assert "log off" in text or "\n\tlog" not in text


def test_every_figure_is_in_the_table_and_the_other_way_round():
    source = (ROOT / "src/mailer/web/metrics.py").read_text(encoding="utf-8")
    told = set(re.findall(r'"((?:mailer|process)_[a-z_]+)"', source))
    rows = re.findall(
        r"^\| (`(?:mailer|process)_.*?) \|", (ROOT / "docs/operations.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert told == {name for row in rows for name in re.findall(r"`(\w+)", row)}


def test_every_kind_of_alert_is_in_the_table():
    from mailer.alerts.wording import _HAPPENED, _NEXT, _WHAT_TO_DO
    from mailer.storage.alerts import Kind

    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    for kind in Kind:
        assert f"\n| `{kind}` |" in text
        assert kind in _HAPPENED
        assert kind in _NEXT
        assert kind in _WHAT_TO_DO
