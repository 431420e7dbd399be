"""`mailer up`: pages, scheduler and workers in one tree. It sends; a part that dies comes back; all of them stop as one."""

import contextlib
import json
import os
import re
import signal
import socket
import threading
import urllib.request
from pathlib import Path

import pytest

from ledger_world import add_mailing, described, states
from mailer.domain.mailing import RowState
from waiting import until

PARTS = ["web", "scheduler", "worker 1", "worker 2"]


class Tree:
    """A running `up`, and what it says."""

    def __init__(self, mailer, *options):
        self.mailer, self.lines = mailer, []
        self.process = mailer.start("up", "--port", "0", *options)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    @property
    def said(self):
        return "\n".join(self.lines)

    def hears(self, pattern):
        """The match, once it is said."""
        return until(lambda: re.search(pattern, self.said) or (self.process.poll() is not None and self._broke()))

    def _broke(self):
        pytest.fail(f"it ended: {self.said}")

    def at_work(self):
        self.hears("All is at work")
        return self

    @property
    def children(self):
        """{pid: process group} of the parts; Linux only."""
        pids = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        found = {}
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # it may end meanwhile
                if b"spawn_main" in self.line(pid):
                    found[int(pid)] = os.getpgid(int(pid))
        return found

    @staticmethod
    def line(pid):
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes()
        return b""

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.ended()

    def ended(self):
        """The exit code, once every part has closed the stream."""
        self._reader.join(60)
        assert not self._reader.is_alive(), "a part lives on"
        assert "Traceback" not in self.said, self.said
        return self.process.wait(60)

    def kill(self):
        for pid in self.children if self.process.poll() is None else ():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait(60)
        self._reader.join(60)
        self.process.stdout.close()
        self.process.stderr.close()


@pytest.fixture
def up(mailer, people):
    trees = []

    def start(*options, **environment):
        mailer.environment |= environment
        trees.append(Tree(mailer, *options))
        return trees[-1]

    yield start
    for tree in trees:
        tree.kill()


def test_it_serves_sends_and_lets_what_is_armed_go_out(up, mailer, relay, people):
    tree = up("--processes", "2", MAILER_WEB__METRICS="127.0.0.1:0").at_work()
    with urllib.request.urlopen(re.search(r"on (http://\S+/metrics)", tree.said)[1], timeout=60) as answer:
        assert 'mailer_processes{role="worker"} 2' in answer.read().decode()
    url = re.search(r"web: Serving on (http://\S+)\. ", tree.said)[1]
    with urllib.request.urlopen(f"{url}/readyz", timeout=60) as answer:
        assert answer.status == 200
    assert mailer("healthcheck", "worker").code == mailer("healthcheck", "scheduler").code == 0
    armed = mailer("schedule", "add", "letter", "--at", "in 1s", "--yes", "--expect", people)
    assert armed.code == 0, armed.err
    tree.hears(r"scheduler: letter \(1\) is sending, 12 people")
    tree.hears(r"worker \d: letter \(1\) is finished")
    assert len({one.recipient for one in relay.accepted}) == len(relay.accepted) == people
    assert tree.stop() == 0
    assert "Done: 12 sent." in tree.said


def test_a_part_that_is_killed_is_started_again_and_the_others_go_on(up, mailer):
    tree = up("--processes", "2").at_work()
    before = tree.children
    assert len(before) == 4
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    for part in PARTS:
        tree.hears(rf"{part}: ended unexpectedly \(signal 9\)\. Starting it again in 1 s\.")
    until(lambda: len(tree.children) == 4)
    assert not before.keys() & tree.children.keys()
    until(lambda: tree.said.count("Serving on") == 2)
    for role in ("scheduler", "worker"):
        until(lambda role=role: mailer("healthcheck", role).code == 0)
    assert tree.stop() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 0), (signal.SIGINT, 130)], ids=str)
def test_a_signal_stops_the_whole_tree_and_leaves_what_can_be_resumed(
    up, database, mailer, people, relay, number, code
):
    relay.delay = 0.2
    tree = up(MAILER_SENDING__CONNECTIONS="1").at_work()
    letter = add_mailing(database, people, number=7)
    until(lambda: relay.accepted)
    assert all(group == pid for pid, group in tree.children.items()), "a terminal signals the first alone"
    assert tree.stop(number) == code
    rows = states(database, letter)
    assert set(rows) <= {RowState.SENT, RowState.QUEUED}, described(database, letter)
    assert len(rows[RowState.SENT]) == len(relay.accepted)
    assert [mailer("healthcheck", role).code for role in ("worker", "scheduler")] == [1, 1]


def test_one_part_that_is_asked_to_stop_takes_the_others_with_it_and_the_service_manager_is_told(up, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(60)
        tree = up(NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert told.recv(64) == b"READY=1"
        os.kill(min(tree.children), signal.SIGTERM)
        assert told.recv(64) == b"STOPPING=1"
        assert tree.ended() == 0
    assert "web was asked to stop, and so the others are." in tree.said


def test_when_it_is_killed_its_parts_notice_and_stop(up):
    tree = up("--processes", "2").at_work()
    tree.process.kill()
    tree.ended()


def test_a_port_that_is_taken_is_said_once_and_nothing_stays(up, mailer):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = mailer("up", "--port", port)
    assert ended.code == 1
    assert f"error: Port {port} on 127.0.0.1 is taken." in ended.err
    assert "--port" in ended.err
    assert "Starting it again" not in ended.err


def test_without_a_relay_it_says_what_to_set(mailer, people):
    mailer.environment["MAILER_SMTP_URL"] = ""
    ended = mailer("up", "--port", "0")
    assert ended.code == 1
    assert "No relay is configured" in ended.err


def test_the_log_as_objects_has_every_line_and_no_address_and_one_document_is_printed(up, database, people, relay):
    relay.rcpt["person3@example.org"] = "550 5.7.1 <person3@example.org> may not"
    add_mailing(database, people, number=7)
    tree = up("--log-format", "json", "--json").at_work()
    tree.hears("finished")
    assert tree.stop() == 0
    lines = [json.loads(line) for line in tree.lines]
    assert {"web", "scheduler", "worker"} <= {line.get("part") for line in lines}
    assert all({"ts", "level", "event", "pid"} <= line.keys() for line in lines)
    assert "@" not in tree.said
    document = json.loads(tree.process.stdout.read())
    assert (document["sent"], document["failed"]) == (people - 1, 1)


class Unheard(Tree):
    """Whoever reads what it says goes away once all is at work."""

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            if "All is at work" in line:
                break
        self.process.stderr.close()


def test_when_nobody_can_be_told_what_happens_all_of_them_end(mailer, people):
    tree = Unheard(mailer)
    try:
        until(lambda: tree.process.stderr.closed)
        parts = list(tree.children)
        os.kill(parts[0], signal.SIGKILL)
        tree.process.wait(60)
        until(lambda: not any(tree.line(pid) for pid in parts))
    finally:
        tree.kill()
