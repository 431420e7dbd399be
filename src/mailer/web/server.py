"""A site listens in a thread of its own, so that one process can serve pages, take mail and send it.

Nothing here writes an access log: the addresses of personal pages are keys to somebody's subscription.
"""

import errno
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from mailer.delivery.foreground import stopped_by_signals
from mailer.errors import MailerError

_READY_SECONDS = 20.0
#: Requests that are being answered get this long when the program ends.
_GRACE_SECONDS = 5


class PortTaken(MailerError):
    """Another program listens on this port."""

    code = "port_taken"


def listen(host: str, port: int, *, option: str = "--port") -> socket.socket:
    """A listening socket on `host`; port 0: one that is free. option: what a person would choose another port with.

    Raises PortTaken, or MailerError for an address or port that cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"Port {port} on {host} is taken.", hint=f"Name another one with {option}.") from None
        if error.errno == errno.EACCES:
            raise MailerError(
                f"Port {port} is not for ordinary users.", hint=f"Name one over 1023: {option}."
            ) from None
        raise MailerError(f"Nothing can listen on {host} port {port}: {error.strerror}.") from None
    return listener


@contextmanager
def until_signalled() -> Iterator[threading.Event]:
    """Within the block Ctrl-C, SIGTERM and SIGHUP set the event, which is how a server ends; the main thread only."""
    stop = threading.Event()
    with stopped_by_signals(stop.set):
        yield stop


class Server:
    """One site. `with Server(site, listener):` serves it until the block ends."""

    def __init__(self, site: ASGIApp, listener: socket.socket) -> None:
        """`listener`: from `listen`; the server closes it."""
        self._listener = listener
        host, port = listener.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        config = uvicorn.Config(
            site,
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=512,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + _READY_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise MailerError("The web pages did not start.")
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(_GRACE_SECONDS + 5)

    def _run(self) -> None:
        with closing(self._listener):
            self._server.run(sockets=[self._listener])
