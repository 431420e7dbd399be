"""`mailer healthcheck`: 0 while the process is well, 1 with a sentence when it is not, and nothing is changed by asking."""

import re
import signal
import socket
import threading
from contextlib import contextmanager

import pytest

from ports import free_port
from waiting import until


@pytest.mark.parametrize("role", ["worker", "scheduler"])
def test_a_process_that_beats_is_well_and_one_that_ended_is_not(mailer, people, role):
    assert mailer("healthcheck", role).code == 1
    process = mailer.start(role)
    try:
        until(lambda: mailer("healthcheck", role).code == 0)
        well = mailer("healthcheck", role)
        assert re.search(rf"{role} on \S+ is at work; last sign of life \d+ s ago", well.out)
        assert mailer("healthcheck", role, "--json").json == {"role": role, "ok": True}
        other = {"worker": "scheduler", "scheduler": "worker"}[role]
        assert mailer("healthcheck", other).code == 1, "one is no proof of the other"
    finally:
        process.send_signal(signal.SIGTERM)
        mailer.finish(process)
    gone = mailer("healthcheck", role)
    assert (gone.code, gone.out) == (1, "")
    assert f"No {role} is at work on" in gone.err
    assert f"Start it: `mailer {role}`" in gone.err


@pytest.mark.slow
def test_a_process_that_hangs_is_noticed(mailer, people):
    process = mailer.start("worker")
    try:
        until(lambda: mailer("healthcheck", "worker").code == 0)
        process.send_signal(signal.SIGSTOP)
        until(lambda: "has given no sign of life for" in mailer("healthcheck", "worker").err)
        assert "It was killed, or hangs: its log says more." in mailer("healthcheck", "worker").err
    finally:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        mailer.finish(process)


def test_web_is_asked_on_loopback_wherever_it_listens(mailer, people):
    port = free_port()
    refused = mailer("healthcheck", "web", "--port", port)
    assert refused.code == 1
    assert f"No `serve` answers on 127.0.0.1:{port}" in refused.err
    mailer.environment |= {"MAILER_WEB__HOST": "0.0.0.0", "MAILER_WEB__PORT": str(port)}
    process = mailer.start("serve")
    try:
        until(lambda: mailer("healthcheck", "web").code == 0)
        assert mailer("healthcheck", "web").out == f"web on 127.0.0.1:{port} is ready.\n"
    finally:
        process.send_signal(signal.SIGTERM)
        mailer.finish(process)


@contextmanager
def answering(words):
    """The port of something that says `words` to its first caller, and hangs up."""

    def answer():
        there, _ = listener.accept()
        with there:
            there.recv(4096)
            there.sendall(words)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_pages_without_their_database_are_not_well(mailer):
    with answering(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n") as port:
        run = mailer("healthcheck", "web", "--port", port)
    assert (run.code, "answers 503: it cannot read its database" in run.err) == (1, True)
    assert "`mailer db check`" in run.err


def test_something_else_on_the_port_is_not_web(mailer):
    with answering(b"220 mail.example.org ready\r\n") as port:
        run = mailer("healthcheck", "web", "--port", port)
    assert (run.code, "No `serve` answers" in run.err) == (1, True)


def test_a_database_that_does_not_answer_is_a_sentence(mailer):
    mailer.environment["MAILER_DATABASE_URL"] = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    run = mailer("healthcheck", "worker")
    assert (run.code, "The database does not answer" in run.err) == (1, True)


def test_asking_makes_no_database(mailer, project):
    for role in ("worker", "scheduler"):
        run = mailer("healthcheck", role)
        assert (run.code, "There is no database yet" in run.err) == (1, True)
    assert not (project / "mailer.db").exists()


def test_an_unknown_role_names_the_real_ones(mailer):
    run = mailer("healthcheck", "database")
    assert run.code == 2
    assert "'web', 'worker', 'scheduler'" in run.err
