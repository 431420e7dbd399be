import contextlib
import socket

import pytest

from mailer.backends.smtp import SmtpBackend
from mailer.turns import Turns

#: Files whose tests run twice: a connection has a thread of its own, or is a job that takes turns with others.
IN_TURNS = {
    "test_smtp_abort",
    "test_smtp_connections",
    "test_smtp_messages",
    "test_smtp_misbehaviour",
    "test_smtp_pipelining",
    "test_smtp_security",
}


def pytest_generate_tests(metafunc):
    if metafunc.module.__name__.rpartition(".")[2] in IN_TURNS:
        metafunc.parametrize("way", ["thread", "job"], indirect=True)


@pytest.fixture(autouse=True)
def way(request):
    """Whether the test itself is run as a job ("job"), unless it starts threads or jobs of its own by a fixture `run`."""
    return getattr(request, "param", "thread")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if pyfuncitem.funcargs.get("way") == "job" and "run" not in pyfuncitem.funcargs:
        test = pyfuncitem.obj
        pyfuncitem.obj = lambda **arguments: Turns("test").call(lambda: test(**arguments))


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
