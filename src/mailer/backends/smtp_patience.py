"""A connected link's bytes in and out, and how long a call may wait for them.

In a thread of its own a clear link lets the system keep the time: Python's own timeout polls before every call, and gives
way to other threads there and each time it is changed. Below one call of TLS there may be many of the system's, so there Python
keeps it. In a job that takes turns with others nothing blocks: what cannot be had yet is waited for while the others go on.
"""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from mailer.turns import Job, current, readable, writable

T = TypeVar("T")
TIMEVAL = struct.Struct("@ll")
MOST = 8192
#: Windows has none, nor jobs that would need it.
AT_ONCE: int = getattr(socket, "MSG_DONTWAIT", 0)


class Patience:
    """Of one connected link. Each call takes seconds, and raises TimeoutError or BlockingIOError when they are over."""

    def __init__(self, link: socket.socket) -> None:
        self._link, self._number = link, link.fileno()
        self._tls = link if isinstance(link, ssl.SSLSocket) else None
        self._told: dict[int, float] = {}
        if self._tls is None:
            link.settimeout(None)

    def receive(self, seconds: float) -> bytes:
        """What has come, a few kilobytes at the most; nothing at the end of the stream."""
        job = current()
        if job is None:
            self._tell(socket.SO_RCVTIMEO, seconds)
            return self._link.recv(MOST)
        if self._tls is None:
            # Asked first whether anything is there: nearly always the answer is still to come.
            if not readable(job, self._number, seconds):
                raise TimeoutError("timed out")
            return self._link.recv(MOST, AT_ONCE)
        self._tls.settimeout(0.0)
        return self._encrypted(job, lambda: self._link.recv(MOST), seconds)

    def send(self, parts: Sequence[bytes | memoryview], seconds: float) -> int:
        """How many octets of all parts together the system took over; at least one."""
        job = current()
        if job is None:
            self._tell(socket.SO_SNDTIMEO, seconds)
            return self._link.sendmsg(parts) if self._tls is None else self._tls.send(b"".join(parts))
        if self._tls is None:
            try:
                return self._link.sendmsg(
                    parts, (), AT_ONCE
                )  # one system call and no copy; nearly always all there is to do
            except BlockingIOError:
                if not writable(job, self._number, seconds):
                    raise TimeoutError("timed out") from None
                return self._link.sendmsg(parts, (), AT_ONCE)
        self._tls.settimeout(0.0)
        data = b"".join(parts)
        return self._encrypted(job, lambda: self._link.send(data), seconds)

    def _encrypted(self, job: Job, call: Callable[[], T], seconds: float) -> T:
        """TLS may have to read before it can write, and the other way round."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return call()
            except ssl.SSLWantReadError:
                wait = readable
            except ssl.SSLWantWriteError:
                wait = writable
            if not wait(job, self._number, max(0.0, deadline - time.monotonic())):
                raise TimeoutError("timed out")

    def _tell(self, option: int, seconds: float) -> None:
        if self._tls is not None:
            self._tls.settimeout(seconds)
        elif self._told.get(option) != seconds:
            micros = max(1, int(seconds * 1e6))  # to the system none at all means for ever
            self._link.setsockopt(socket.SOL_SOCKET, option, TIMEVAL.pack(micros // 1_000_000, micros % 1_000_000))
            self._told[option] = seconds
