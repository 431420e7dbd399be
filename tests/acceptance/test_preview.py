"""`preview` as a campaigner runs it: a page that follows what is written, a text, a folder; and every way it can go wrong."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

import warm
from ledger_world import make_database
from sending_world import make_project, populate, write_letter

BROKEN = "---\nkind: article\nhedline: x\n---\nx\n"


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "project")


def environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}


def preview(folder, *arguments):
    ran = warm.run("preview", *arguments, cwd=folder, env=environment())
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran


@contextmanager
def running(folder, *arguments):
    """A started preview; `.address` is what it said."""
    process = warm.Process("preview", "--no-browser", *arguments, cwd=folder, env=environment())
    try:
        said = ""
        while "Ctrl-C" not in said:
            line = process.stderr.readline()
            assert line, f"ended with {process.wait()}: {said}"
            said += line
        process.address = re.search(r"http://127\.0\.0\.1:\d+\S*", said)[0]
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def stop(process, by=signal.SIGINT):
    process.send_signal(by)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    return process.returncode, out


def get(address, **headers):
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_it_follows_what_is_written_breaks_and_mends(project):
    with running(project, "letter", "--json") as process:
        assert process.address.endswith("/campaigns/letter/")
        assert "We meet on Friday" in get(process.address)[1]
        frame = f"{process.address}frame"
        assert "Bring a friend" in get(frame)[1]
        write_letter(project, body="Bring two friends, and a cake.")
        assert "a cake" in get(frame)[1]
        (project / "campaigns/letter.md").write_text(BROKEN)
        shown = get(process.address)[1]
        assert "campaigns/letter.md:3" in shown
        assert "This is the mail as it was at" in shown
        assert "a cake" in get(frame)[1]
        write_letter(project, body="Bring everybody.")
        assert "as it was at" not in get(process.address)[1]
        assert "Bring everybody" in get(frame)[1]
        code, out = stop(process)
    assert code == 0
    assert json.loads(out) == {"url": process.address, "campaign": "letter"}
    assert not (project / "mailer.db").exists()
    assert not (project / ".mailer").exists()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_begins_with_a_broken_campaign_and_ends_when_it_is_told_to(project, by):
    (project / "campaigns/letter.md").write_text(BROKEN)
    with running(project, "letter") as process:
        assert "There is no mail to show yet" in get(process.address)[1]
        assert get(process.address, Host="evil.example")[0] == 400
        assert stop(process, by)[0] == 0


def test_without_a_slug_it_is_the_specimen_sheet(project):
    with running(project) as process:
        assert process.address.endswith("/")
        status, sheet = get(process.address)
        assert (status, "Specimen sheet" in sheet) == (200, True)


def test_a_busy_port_matters_only_when_it_was_asked_for(project):
    with running(project, "letter") as first, running(project, "letter") as second:
        assert first.address != second.address
        assert get(second.address)[0] == 200
        port = re.search(r":(\d+)/", first.address)[1]
        done = preview(project, "letter", "--no-browser", "--port", port)
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr


def test_visitors_who_go_away_end_nothing(project):
    with running(project, "letter") as process:
        port = int(re.search(r":(\d+)/", process.address)[1])
        for _ in range(200):
            with socket.create_connection(("127.0.0.1", port)) as visitor:
                visitor.sendall(b"GET /stamp HTTP/1.1\r\nHost: localhost\r\n\r\n" * 8)
        assert get(process.address)[0] == 200


def test_the_text_goes_to_stdout_and_the_talk_elsewhere(project):
    done = preview(project, "letter", "--text")
    assert done.returncode == 0
    assert done.stdout.startswith(
        "Subject: We meet on Friday\nPreheader: At six in the old printworks, with soup, songs and a plan\n\n"
    )
    assert "Dear Sam," in done.stdout
    assert "campaigns/letter.md: nothing to mend." in done.stderr
    document = json.loads(preview(project, "letter", "--text", "--json").stdout)
    assert document["subject"] == "We meet on Friday"
    assert document["as"] == "sample@example.org"
    assert "Dear Sam," in document["text"]


def test_the_text_of_anybody(project):
    database = make_database(f"sqlite:///{project / 'mailer.db'}")
    populate(database, 3)
    database.dispose()
    write_letter(project, extra="audience: donors\n")
    done = preview(project, "letter", "--text", "--as", "person2@example.org")
    assert "Dear Ana 2," in done.stdout
    assert "They would not be mailed. What does not hold for them: tag:donor." in done.stderr
    write_letter(project)
    assert "Their message is the longest" in preview(project, "letter", "--text", "--as", "worst-case").stderr
    assert "Dear Ana" in preview(project, "letter", "--text", "--as", "random").stdout
    for arguments in (("--text",), ("--no-browser",), ("--out", "proofs")):
        done = preview(project, "letter", "--as", "nobody@example.org", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert "Nobody here has the address nobody@example.org." in done.stderr
    assert not (project / "proofs").exists()


def test_a_reader_that_has_seen_enough(project):
    command = f"{sys.executable} -m mailer preview letter --text | head -1"
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "Subject: We meet on Friday\n"
    assert "Traceback" not in ran.stderr
    assert "Error" not in ran.stderr


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_holds_all_of_it_privately_and_is_written_again(project):
    out = project / "proofs"
    done = preview(project, "letter", "--out", "proofs")
    assert done.returncode == 0, done.stderr
    assert "Open proofs/index.html" in done.stderr
    index = (out / "index.html").read_text()
    assert "We meet on Friday" in index
    for name in ("frames/light.html", "dark.html", "text.html", "headers.html", "source.html"):
        assert (out / name).is_file()
    for reference in re.findall(r'(?:src|href)="([a-z][\w./-]*)"', index):
        assert (out / reference).is_file(), reference
    assert (out / "mail.eml").read_bytes().startswith(b"From: ")
    assert "Dear Sam," in (out / "mail.txt").read_text()
    assert {mode(path) for path in out.rglob("*") if path.is_file()} == {0o600}
    assert {mode(path) for path in (out, out / "frames")} == {0o700}
    write_letter(project, body="Bring a cake.")
    assert preview(project, "letter", "--out", "proofs").returncode == 0
    assert "a cake" in (out / "mail.txt").read_text()


@pytest.mark.parametrize("name", ["index.html", "mail.eml", "preview.json"])
def test_it_overwrites_no_file_of_anybody_else(project, name):
    out = project / "proofs"
    out.mkdir()
    (out / name).write_text("mine")
    done = preview(project, "letter", "--out", "proofs")
    assert done.returncode == 4
    assert f"proofs holds files that no preview wrote: {name}. Nothing was written." in done.stderr
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [(name, "mine")]
    (out / name).unlink()
    (out / "notes.txt").write_text("mine")
    assert preview(project, "letter", "--out", "proofs").returncode == 0
    assert (out / "notes.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_written_to(project):
    (project / "file").write_text("")
    done = preview(project, "letter", "--out", "file/below")
    assert done.returncode == 1
    assert "The preview cannot be written to file/below" in done.stderr


@pytest.mark.parametrize("how", [("--text",), ("--out", "proofs"), ("--text", "--json")])
def test_what_cannot_be_compiled_is_said_with_its_line(project, how):
    (project / "campaigns/letter.md").write_text(BROKEN)
    done = preview(project, "letter", *how)
    assert (done.returncode, done.stdout) == (3, "")
    assert "campaigns/letter.md:3" in done.stderr
    assert not (project / "proofs").exists()


@pytest.mark.parametrize("how", [("--text",), ("--out", "proofs"), ("--no-browser",)])
def test_an_unknown_slug(project, how):
    done = preview(project, "lettr", *how)
    assert (done.returncode, done.stdout) == (1, "")
    assert 'There is no campaign "lettr".\nDid you mean "letter"?' in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--text",),
        ("--out", "proofs"),
        ("--as", "random"),
        ("letter", "--text", "--out", "proofs"),
        ("letter", "--port", "70000"),
        ("letter", "--host", "0.0.0.0"),
    ],
)
def test_what_cannot_be_meant(project, arguments):
    done = preview(project, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert list(project.glob("proofs")) == []


@pytest.mark.parametrize("arguments", [(), ("letter",), ("letter", "--text")])
def test_outside_a_project_it_says_what_to_do(tmp_path, arguments):
    done = preview(tmp_path, *arguments)
    assert done.returncode == 1
    assert "mailer init" in done.stderr
    assert list(tmp_path.iterdir()) == []


DIGEST = """---
kind: digest
subject: "News: {{ items[0].headline }}"
preheader: What was written and asked since you last heard from us
headline: The week
schedule: {every: "fri 09:00"}
collect: {first_run: everything}
---
This is what the week has brought.
"""


@pytest.fixture
def weekly(project):
    (project / "campaigns" / "weekly.md").write_text(DIGEST)
    page = "canonical_url: https://www.example.org/{}\n"
    write_letter(project, slug="out", extra="published: 2024-11-20\n" + page.format("out"))
    write_letter(project, slug="later", extra="published: 2199-01-01\n" + page.format("later"))
    return project


def test_the_next_issue_is_seen_on_a_terminal_and_nothing_is_made(weekly, tmp_path):
    ran = preview(weekly, "weekly", "--occurrence", "next", "--text")
    assert ran.returncode == 0
    assert "Subject: News: We meet on Friday" in ran.stdout
    assert re.search(
        r"^Fri \d+ \w+ 20\d\d 09:00 Europe/London\n  It is only proposed, by the file\.$", ran.stderr, re.MULTILINE
    )
    assert re.search(r"In it: 1 item\n  We meet on Friday \(article, 20 Nov\)", ran.stderr)
    assert "Left out, come out later:\n  We meet on Friday (on 1 January 2199)" in ran.stderr
    told = json.loads(preview(weekly, "weekly", "--occurrence", "next", "--text", "--json").stdout)["occurrence"]
    assert (told["people"], told["schedule"], told["timezone"]) == (None, None, "Europe/London")
    assert [one["key"] for one in told["items"]] == ["campaign:out"]
    assert [(one["key"], one["why"]) for one in told["left_out"]] == [("campaign:later", "later")]
    assert preview(weekly, "weekly", "--occurrence", "next", "--out", str(tmp_path / "proof")).returncode == 0
    assert "It is only proposed" in (tmp_path / "proof" / "index.html").read_text()
    assert not (weekly / "mailer.db").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("weekly", "--occurrence", "2026-11-26T09:00"), "does not go out at 2026-11-26T09:00"),
        (("weekly", "--occurrence", "soon"), "is no time"),
        (("letter", "--occurrence", "next"), "proposes no schedule"),
        (("--occurrence", "next"), "Name it"),
    ],
)
def test_a_time_at_which_nothing_goes_out_is_refused(weekly, arguments, said):
    ran = preview(weekly, *arguments, "--text") if arguments[0] != "--occurrence" else preview(weekly, *arguments)
    assert ran.returncode == 2
    assert said in ran.stderr
