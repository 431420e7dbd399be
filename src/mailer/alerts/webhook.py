"""An alert as a JSON document, posted to one web address.

The address is a secret, for whoever knows it can speak in our name: it is never logged, and no redirect carries what we
say elsewhere. Only https, or this machine (the settings see to it).
"""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from mailer import __version__

#: Until a connection stands, for each wait on it, and for the whole answer: a server that drips holds up nobody's mail.
SECONDS = 10.0


class NotTold(Exception):
    """It did not take it; the text says why, without the address."""


def post(url: str, document: dict[str, Any]) -> None:
    """Raises NotTold unless the answer is a 2xx."""
    body = json.dumps(document, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": f"mailer/{__version__}"}
    try:
        status = _status(url, body, headers)
    except TimeoutError:
        raise NotTold("it does not answer in time") from None
    except (HTTPException, OSError, ValueError) as error:
        raise NotTold(getattr(error, "strerror", None) or type(error).__name__) from None
    if not 200 <= status < 300:  # RFC 9110 §15.3
        raise NotTold(f"it answers {status}")


def _status(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The answer's code; a redirect is an answer like any other."""
    target = urlsplit(url)
    kind = HTTPSConnection if target.scheme == "https" else HTTPConnection
    connection = kind(target.hostname or "", target.port, timeout=SECONDS)
    try:
        connection.connect()
        with _in_time(connection.sock):
            connection.request("POST", f"{target.path or '/'}{target.query and f'?{target.query}'}", body, headers)
            return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def _in_time(link: socket.socket) -> Iterator[None]:
    """Break the link off after `SECONDS`; TimeoutError then, whatever that has led to."""
    over = threading.Event()

    def end() -> None:
        over.set()
        with suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (HTTPException, OSError):
        if over.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
