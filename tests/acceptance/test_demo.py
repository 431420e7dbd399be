"""The demo as its users run it: from anywhere, whatever their environment says, and never further than this machine."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from waiting import until

EXAMPLES = [path.stem for path in (Path(__file__).parents[2] / "campaigns").glob("*.md")]
HOSTILE = {
    "MAILER_SMTP_URL": "smtp://relay.example:25",
    "MAILER_DATABASE_URL": "sqlite:////nowhere/at/all.db",
    "MAILER_PUBLIC_URL": "https://elsewhere.example",
    "MAILER_SECRET_KEY": "not the demo's",
    "MAILER_PROJECT": "/nowhere",
    "MAILER_SENDING__UNDO_SECONDS": "3600",
    "MAILER_NO_SUCH_SETTING": "1",
    "http_proxy": "http://proxy.example:3128",
    "HTTP_PROXY": "http://proxy.example:3128",
    "all_proxy": "socks5://proxy.example:1080",
}
#: Loaded by Python before anything of ours: writes down every address that the process asks for or connects to.
WITNESS = """
import os, sys
def witness(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto"):
        where = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        where = arguments
    else:
        return
    with open(os.environ["WITNESSED"], "a") as file:
        file.write(f"{event} {where[0] if isinstance(where, tuple) else where!r}\\n")
sys.addaudithook(witness)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a broken project in it, a witness, and a temporary folder that can be looked at."""
    (tmp_path / "cwd").mkdir()
    (tmp_path / "cwd" / "mailer.toml").write_text("this is [ no TOML")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WITNESS)
    (tmp_path / "tmp").mkdir()
    return tmp_path


def command(place, *arguments):
    environment = (
        os.environ
        | HOSTILE
        | {
            "PYTHONPATH": str(place / "site"),
            "WITNESSED": str(place / "witnessed"),
            "TMPDIR": str(place / "tmp"),
        }
    )
    environment.pop("DISPLAY", None)
    return {"args": [sys.executable, "-m", "mailer", "demo", *arguments], "cwd": place / "cwd", "env": environment}


def run(place, *arguments):
    return subprocess.run(**command(place, *arguments), capture_output=True, text=True, check=False, timeout=120)


@contextmanager
def running(place, *arguments):
    process = subprocess.Popen(**command(place, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process, words):
    said = ""
    while words not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


def temporary(place):
    return list((place / "tmp").iterdir())


@pytest.mark.slow
def test_once_sends_every_campaign_and_the_one_who_left_gets_no_more(place):
    done = run(place, "--once", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    *others, appeal, digest = document["mailings"]
    assert {one["campaign"] for one in others} == set(EXAMPLES) - {"fighting-fund", "weekly-digest"}
    assert [appeal["campaign"], digest["campaign"]] == ["fighting-fund", "weekly-digest"]
    assert {one["state"] for one in document["mailings"]} == {"finished"}
    assert sum(one["unsubscribed"] for one in document["mailings"]) == 1
    assert document["sent"] == document["inbox"] == sum(one["total"] for one in document["mailings"]) > 300
    assert digest["sent"] == max(one["sent"] for one in others) - 1, "everybody but the one who left"
    held = re.search(r"collected (\d+) of these campaigns.*; (\d+) of them see what they chose", done.stderr)
    assert int(held[1]) >= 4
    assert 0 < int(held[2]) < digest["sent"]
    assert document["failed"] == 0
    (scheduled,) = re.findall(r"is scheduled for [0-9:]+ and (\d+) people", done.stderr)
    assert appeal["sent"] == int(scheduled) - 1
    assert document["seconds"] > 0
    # … and nothing was left behind, and nothing reached beyond this machine.
    assert temporary(place) == []
    assert [path.name for path in (place / "cwd").iterdir()] == ["mailer.toml"]
    asked_for = dict.fromkeys(line.partition(" ")[2] for line in (place / "witnessed").read_text().splitlines())
    assert "'127.0.0.1'" in asked_for
    assert set(asked_for) <= {"'127.0.0.1'", "'::1'", "'localhost'"}


@pytest.mark.slow
def test_a_busy_port_is_no_reason_to_fail_and_keep_keeps(place):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        done = run(place, "--once", "--keep", "--port", str(busy.getsockname()[1]))
    assert done.returncode == 0, done.stderr
    (folder,) = temporary(place)
    assert str(folder) in done.stderr
    assert oct(folder.stat().st_mode)[-3:] == "700"
    assert len(list((folder / "inbox").glob("*.eml"))) > 300
    assert (folder / "project" / "mailer.db").is_file()
    status = subprocess.run(
        [sys.executable, "-m", "mailer", "status", "--json", "--project", folder / "project"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(json.loads(status.stdout)["mailings"]) == len(EXAMPLES)


@pytest.mark.slow
def test_it_shows_the_inbox_until_ctrl_c_and_then_clears_everything_away(place):
    with running(place) as process:
        page = re.search(r"http://127\.0\.0\.1:\d+/inbox/", read_until(process, "/inbox/"))[0]
        assert "What is happening" in fetch(page)  # before anything has been sent
        read_until(process, "Stop with Ctrl-C")
        assert fetch(page).count('class="done"') == 7
        assert "Fighting fund" in fetch(page)
        public = fetch(re.sub("/inbox/.*", "/c/fighting-fund", page))
        assert "Dear friend," in public
        assert "/u/" not in public
        digest = fetch(re.sub("/inbox/.*", "/c/weekly-digest", page))
        for item in ("fighting-fund", "labour-and-latin-america", "latin-america-2024", "peru-statement"):
            assert f"/c/{item}" in digest
            assert "Dear friend," in fetch(re.sub("/inbox/.*", f"/c/{item}", page)) or item != "fighting-fund"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in said
    assert temporary(place) == []


def fetch(address):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address, timeout=60) as answer:
        return answer.read().decode()


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle_it_says_so_and_clears_everything_away(place, by):
    with running(place, "--once") as process:
        read_until(process, "Checked")
        until(lambda: list(place.glob("tmp/*/inbox/*.eml")))
        process.send_signal(by)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted" in said
    assert "Traceback" not in said
    assert temporary(place) == []
