"""Stopping: a worker that is told to stop does not wait for a slow relay."""

import threading
import time
from smtpd import SmtpServer

import pytest

from mailer.backend import Uncertain
from mailer.backends.smtp import SmtpBackend
from mailer.errors import BackendUnavailable
from mailer.testing import make_message
from mailer.turns import Turns
from waiting import until


def messages(count):
    return iter([make_message(number) for number in range(1, count + 1)])


@pytest.fixture
def run(way):
    """Starts a call on a thread, or as a job of one; (thread, list that gets what it gave or raised)."""

    def start(call):
        outcome = []

        def target():
            try:
                outcome.append(call())
            except Exception as error:  # noqa: BLE001 -- the test looks at it
                outcome.append(error)

        thread = Turns("test").job(target, "call") if way == "job" else threading.Thread(target=target)
        thread.start()
        return thread, outcome

    return start


@pytest.mark.parametrize("security", ["none", "tls"])
def test_breaking_off_does_not_wait_for_a_relay_that_thinks(client, security, run):
    with SmtpServer("hangs-at-dot", security=security) as server:
        backend = client(server, final_timeout=600.0)
        receipts = []

        def send_all():
            for receipt in backend.send_many(messages(5)):
                receipts.append(receipt)  # noqa: PERF402 -- what came before the error counts

        thread, outcome = run(send_all)
        assert server.wait_for(1)
        backend.abort()
        thread.join(60)
        assert not thread.is_alive()
        backend.close()
    assert [type(receipt) for receipt in receipts] == [Uncertain]
    assert isinstance(outcome[0], BackendUnavailable)
    assert server.recipients == ["reader1@example.org"]


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data", "quit"])
def test_breaking_off_elsewhere_leaves_the_message_untried(client, stage, run):
    with SmtpServer(f"hangs-at-{stage}", times=1) as server:
        backend = client(server, quit_timeout=600.0, command_timeout=600.0, final_timeout=600.0)

        def call():
            backend.send(make_message())
            backend.close()

        thread, outcome = run(call)
        until(lambda: server.times == 0)
        backend.abort()
        thread.join(60)
        assert not thread.is_alive()
    if stage == "quit":
        assert outcome == [None]
    else:
        assert isinstance(outcome[0], BackendUnavailable), outcome
        assert server.accepted == []


def test_breaking_off_while_connecting(full_port, run):
    backend = SmtpBackend({"host": "127.0.0.1", "port": full_port, "security": "none", "connect_timeout": 600.0})
    thread, outcome = run(backend.open)
    time.sleep(0.2)
    backend.abort()
    thread.join(60)
    assert not thread.is_alive()
    assert isinstance(outcome[0], BackendUnavailable)


def test_after_breaking_off_nothing_more_is_sent(client):
    with SmtpServer() as server:
        backend = client(server)
        backend.open()
        backend.abort()
        with pytest.raises(BackendUnavailable, match="broken off"):
            backend.send(make_message())
        backend.close()
    assert server.accepted == []
