"""A connection on which every wait ends: each by our patience, and all of them together at the deadline.

The time-out of a socket starts again with every byte that arrives, so a server that drips would hold us for ever.
"""

import io
import socket
import ssl
import time
from collections.abc import Sequence

from mailer.sources.feeds.addresses import Endpoint, WebAddress
from mailer.sources.feeds.answers import Unread

#: Seconds without a byte, and until a connection stands.
PATIENCE = 10.0


class Deadline:
    """The instant at which all is over, `seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds. Raises TimeoutError when there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    @property
    def patience(self) -> float:
        return min(PATIENCE, self.left)


class Wire(io.RawIOBase):
    """What arrives, as a file to read; what leaves, by `send`. It has as much of a socket as `HTTPResponse` wants."""

    def __init__(self, link: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._link, self._deadline = link, deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        self._link.settimeout(self._deadline.patience)
        return self._link.recv_into(buffer)

    def send(self, content: bytes) -> None:
        self._link.settimeout(self._deadline.patience)
        self._link.sendall(content)

    def close(self) -> None:
        self._link.close()
        super().close()


def connected(target: WebAddress, choices: Sequence[Endpoint], deadline: Deadline) -> Wire:
    """A connection to the first of `choices` that takes one, encrypted if the address says so. Raises OSError, Unread."""
    link = _first(choices, deadline)
    try:
        if target.is_secure:
            link.settimeout(deadline.patience)
            link = ssl.create_default_context().wrap_socket(link, server_hostname=target.host)
    except BaseException:
        link.close()
        raise
    return Wire(link, deadline)


def _first(choices: Sequence[Endpoint], deadline: Deadline) -> socket.socket:
    failure: OSError = ConnectionError()
    for choice in choices:
        link = socket.socket(choice.family, socket.SOCK_STREAM)
        try:
            link.settimeout(deadline.patience)
            link.connect(choice.address)
        except OSError as error:
            link.close()
            failure = error
        else:
            return link
    raise failure


def in_words(error: Exception) -> Unread:
    """Why a connection failed, without the address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unread(f"its certificate is not valid: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return Unread("it does not speak TLS as it should")
    if isinstance(error, TimeoutError):
        return Unread("it does not answer in time")
    if isinstance(error, ConnectionRefusedError):
        return Unread("it refuses connections")
    if isinstance(error, ConnectionError):
        return Unread("it breaks the connection off")
    return Unread(f"there is no way to it ({type(error).__name__})")
