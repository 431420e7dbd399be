import contextlib
import socket

import pytest

from mailer.backends.smtp import SmtpBackend


@pytest.fixture
def client():
    """Makes SMTP backends for a test server, and closes them when the test is over."""
    made = []

    def make(server, **options):
        ca_file = "" if server.security == "none" else str(server.ca_file)
        defaults = {"host": "localhost", "port": server.port, "security": server.security, "ca_file": ca_file}
        made.append(SmtpBackend(defaults | options))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


@pytest.fixture
def full_port():
    """A port of this machine whose queue of new connections is full, so that the next one waits."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            other = stack.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
