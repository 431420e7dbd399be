"""`serve` and `inbox` as their users run them: started, used over the wire, stopped by a signal."""

import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

SETTINGS = '[organisation]\nname = "Our Group"\nfrom_address = "news@example.org"\n'


@contextmanager
def running(folder, *arguments):
    """A started command; what it said so far is in `.said`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}
    command = [sys.executable, "-m", "mailer", *arguments]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        process.said = ""
        while "Ctrl-C" not in process.said:
            line = process.stderr.readline()
            assert line, f"ended with {process.wait()}: {process.said}"
            process.said += line
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def mailer(folder, *arguments):
    command = [sys.executable, "-m", "mailer", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def stop(process, by=signal.SIGINT):
    process.send_signal(by)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return process.returncode, out


def get(address):
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def project(tmp_path):
    (tmp_path / "mailer.toml").write_text(SETTINGS)
    return tmp_path


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_serve_answers_and_ends_cleanly(project, by):
    with running(project, "serve", "--port", "0") as process:
        address = re.search(r"http://127\.0\.0\.1:\d+", process.said)[0]
        assert get(f"{address}/healthz")[0] == 200
        assert "Our Group" in get(address)[1]
        assert get(f"{address}/u/nothing")[0] == 404
        assert "web.public_url is not set" in process.said
        assert stop(process, by)[0] == 0
    assert oct((project / "mailer.db").stat().st_mode)[-3:] == "600"


def test_visitors_who_go_away_before_the_answer_end_nothing(project):
    with running(project, "serve", "--port", "0") as process:
        address = re.search(r"http://127\.0\.0\.1:(\d+)", process.said)
        for _ in range(300):
            with socket.create_connection(("127.0.0.1", int(address[1]))) as visitor:
                visitor.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 8)
        assert get(f"{address[0]}/healthz")[0] == 200
        assert stop(process)[0] == 0


def test_serve_names_a_taken_port(project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = mailer(project, "serve", "--port", port)
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_without_a_project_says_what_to_do(tmp_path):
    done = mailer(tmp_path, "serve")
    assert done.returncode == 1
    assert "mailer init" in done.stderr
    assert "Traceback" not in done.stderr


def test_inbox_takes_mail_shows_it_and_leaves_nothing_behind(tmp_path):
    with running(tmp_path, "inbox", "--port", "0", "--smtp-port", "0", "--json") as process:
        page = re.search(r"http://127\.0\.0\.1:\d+/inbox/", process.said)[0]
        port = int(re.search(r"smtp://127\.0\.0\.1:(\d+)", process.said)[1])
        with smtplib.SMTP("127.0.0.1", port) as smtp:
            smtp.sendmail("news@example.org", "ana@example.net", b"Subject: Hello Ana\r\n\r\nHello\r\n")
        assert "Hello Ana" in get(page)[1]
        code, out = stop(process)
    assert code == 0
    assert json.loads(out)["messages"] == 1
    assert list(tmp_path.iterdir()) == []


def test_inbox_has_no_option_to_listen_elsewhere(tmp_path):
    for option in ("--host", "--address", "--relay"):
        done = mailer(tmp_path, "inbox", option, "0.0.0.0")
        assert done.returncode == 2
