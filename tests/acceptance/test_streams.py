"""A stream that is closed or full ends no command in a traceback, and costs nobody anything."""

import shlex
import subprocess
import sys

import pytest

PROGRAM = shlex.join([sys.executable, "-m", "mailer"])


def shell(mailer, command):
    """Runs what stands behind `mailer` in a shell, redirections and all."""
    ran = subprocess.run(
        ["bash", "-c", f"{PROGRAM} {command}"],
        cwd=mailer.folder, env=mailer.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr, ran.stderr
    assert "Exception" not in ran.stderr, ran.stderr
    return ran


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("send letter <&-", 4, "nobody to confirm it"),
        ("import - <&-", 3, "the file is empty"),
        ("status >&-", 0, "Nothing was sent yet"),
        ("status 2>&-", 0, ""),
        ("send letter <&- 2>&-", 4, ""),
        ("subscribers list <&- >&- 2>&-", 0, ""),
    ],
)
@pytest.mark.usefixtures("people")
def test_a_closed_stream(mailer, command, code, says):
    ran = shell(mailer, command)
    assert ran.returncode == code
    assert says in ran.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full stands for a full disk")
@pytest.mark.parametrize("command", ["export", "check --json", "status --help", "config show --json", "render letter"])
@pytest.mark.usefixtures("people")
def test_a_full_disk_behind_stdout(mailer, command):
    ran = shell(mailer, f"{command} > /dev/full")
    assert ran.returncode == 1
    assert "The disk is full" in ran.stderr


@pytest.mark.usefixtures("people")
def test_a_reader_that_has_seen_enough(mailer):
    ran = shell(mailer, "subscribers list | head -1")
    assert ran.returncode == 0
    assert len(ran.stdout.splitlines()) == 1
    assert ran.stderr == ""
