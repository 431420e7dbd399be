"""Connections come and go: renewed, grown old, refused, lost."""

import socket
import time
from smtpd import SmtpServer

import pytest

from mailer.backend import Deferred, Sent
from mailer.backends.smtp import SmtpBackend
from mailer.errors import BackendUnavailable
from mailer.testing import make_message
from waiting import with_enough_patience


def messages(count):
    return iter([make_message(number) for number in range(1, count + 1)])


def test_a_connection_is_renewed_after_so_many_messages(client):
    with SmtpServer() as server:
        backend = client(server, messages_per_connection=3)
        assert all(isinstance(receipt, Sent) for receipt in backend.send_many(messages(8)))
        backend.close()
    assert server.connections == 3
    assert [command for command in server.commands if command == "QUIT"] == ["QUIT"] * 3
    assert len(server.accepted) == 8
    assert server.breaches == []


@pytest.mark.parametrize("pipelining", ["on", "off"])
@pytest.mark.parametrize("fault", ["closes", "drops", "resets"])
def test_a_connection_that_grew_too_old_is_replaced_and_nobody_notices(client, fault, pipelining):
    with SmtpServer(times=1) as server:
        backend = client(server, pipelining=pipelining)
        assert isinstance(backend.send(make_message(1)), Sent)
        server.misbehaviour = f"{fault}-at-mail"
        assert isinstance(backend.send(make_message(2)), Sent)
        backend.close()
    assert server.connections == 2
    assert server.recipients == ["reader1@example.org", "reader2@example.org"]


@pytest.mark.parametrize("pipelining", ["on", "off"])
def test_a_relay_that_says_goodbye_unasked_is_asked_anew(client, pipelining):
    with SmtpServer() as server:
        backend = client(server, pipelining=pipelining)
        assert isinstance(backend.send(make_message(1)), Sent)
        (link,) = server._links
        link.sock.sendall(b"421 4.4.2 you were silent for too long\r\n")
        link.sock.shutdown(socket.SHUT_WR)
        assert isinstance(backend.send(make_message(2)), Sent)
        backend.close()
    assert server.connections == 2
    assert server.recipients == ["reader1@example.org", "reader2@example.org"]


@pytest.mark.parametrize("pipelining", ["on", "off"])
def test_a_relay_that_closes_before_it_heard_of_anybody_is_at_fault_itself(client, pipelining):
    with SmtpServer("closes-at-mail") as server:
        backend = client(server, pipelining=pipelining)
        with pytest.raises(BackendUnavailable, match=r"closes the connection: 421 4\.3\.2 shutting down"):
            backend.send(make_message(1))
    assert server.connections == 1


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    backend = SmtpBackend({"host": "127.0.0.1", "port": port, "security": "none"})
    with pytest.raises(BackendUnavailable, match=f"Cannot connect to 127.0.0.1 port {port}: Connection refused"):
        backend.send(make_message())


def test_a_name_that_is_none():
    backend = SmtpBackend({"host": "relay.invalid", "security": "starttls"})
    with pytest.raises(BackendUnavailable, match=r"relay\.invalid cannot be resolved"):
        backend.open()


def test_a_relay_that_does_not_even_take_the_connection_runs_out_of_time(full_port):
    backend = SmtpBackend({"host": "127.0.0.1", "port": full_port, "security": "none", "connect_timeout": 0.3})
    with pytest.raises(BackendUnavailable, match="timed out"):
        backend.open()


def test_an_address_that_swallows_everything_leaves_time_for_the_next(client, full_port, monkeypatch):
    """Two A records, and one of the two machines is gone; or a network that has IPv6 in name only."""
    with SmtpServer() as server:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (full_port, server.port)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
        receipt = client(server, connect_timeout=2.0).send(make_message())
    assert isinstance(receipt, Sent), receipt


def test_an_address_of_a_kind_that_this_machine_has_not_is_passed_over(client, monkeypatch):
    with SmtpServer() as server:
        none = (99, socket.SOCK_STREAM, 6, "", ("::1", server.port, 0, 0))
        found = [none, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
        receipt = client(server).send(make_message())
    assert isinstance(receipt, Sent), receipt


def test_a_relay_that_takes_it_in_too_slowly_runs_out_of_time_though_it_moves_all_the_while(client):
    big = make_message(filling=20_000_000)
    with SmtpServer("reads-slowly", size_limit=100_000_000) as server:

        def runs_out(seconds):
            began = time.monotonic()
            receipt = client(server, command_timeout=seconds).send(big)
            assert isinstance(receipt, Deferred), receipt
            assert time.monotonic() - began < 60, "it would have taken it all in after a hundred"

        with_enough_patience(runs_out)
    assert server.accepted == []


def test_a_link_that_breaks_before_the_dot_has_left_delivers_nothing(client):
    big = make_message(filling=60_000_000)  # more than any socket's buffer takes
    with SmtpServer("resets-at-content", size_limit=100_000_000) as server:
        backend = client(server)
        receipt = backend.send(big)
        assert isinstance(receipt, Deferred), receipt
        assert server.accepted == []
        backend.close()
