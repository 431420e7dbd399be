"""How long a call on a link may wait: told to the system, which then keeps the time by itself.

Python's own timeout polls before every call, and gives way to other threads there and each time it is changed. That makes
six places in a message's way where connections of one process take turns, of which two are left. Below one call of TLS
there may be many of the system's, so there Python keeps the time.
"""

import socket
import ssl
import struct

TIMEVAL = struct.Struct("@ll")


class Patience:
    """Of one connected link. When it ends, a call raises TimeoutError or BlockingIOError, or has sent less than all."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._by_python = isinstance(link, ssl.SSLSocket)
        self._told: dict[int, float] = {}
        if not self._by_python:
            link.settimeout(None)

    def to_send(self, seconds: float) -> None:
        self._tell(socket.SO_SNDTIMEO, seconds)

    def to_receive(self, seconds: float) -> None:
        self._tell(socket.SO_RCVTIMEO, seconds)

    def _tell(self, option: int, seconds: float) -> None:
        if self._by_python:
            self._link.settimeout(seconds)
        elif self._told.get(option) != seconds:
            micros = max(1, int(seconds * 1e6))  # to the system none at all means for ever
            self._link.setsockopt(socket.SOL_SOCKET, option, TIMEVAL.pack(micros // 1_000_000, micros % 1_000_000))
            self._told[option] = seconds
