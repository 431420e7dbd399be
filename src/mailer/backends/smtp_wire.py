"""The link to a relay: bytes out, replies in.

Every call has a deadline on the monotonic clock for the whole of it, so a relay that drips its answer byte by byte gains
nothing. `abort`, called from another thread, wakes a call that waits. Whatever ends the conversation is a `LinkLost`.
"""

import contextlib
import socket
import ssl
import time
from typing import Any

from mailer.backends.smtp_patience import Patience
from mailer.backends.smtp_replies import GarbledReply, LinkLost, Reply, ReplyParser


class Wire:
    """Not connected until `connect`. One thread uses it; only `abort` may come from another."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._patience: Patience | None = None
        self._replies = ReplyParser()
        self._aborted = False

    @property
    def encrypted(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def tls(self) -> ssl.SSLSocket | None:
        """The encrypted link, to look at; None in clear."""
        return self._socket if isinstance(self._socket, ssl.SSLSocket) else None

    @property
    def local_address(self) -> str:
        """Our end, as an address literal (RFC 5321 §4.1.3)."""
        address = str(self._link.getsockname()[0])
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    def connect(self, host: str, port: int, timeout: float) -> None:
        """Try each address of `host` in turn; `timeout` seconds for all of them together, the look-up aside.

        Each may take an equal part of what is left, so that one that swallows every packet leaves time for the others.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise LinkLost(f"The name {host} cannot be resolved: {_reason(error)}.") from None
        deadline = time.monotonic() + timeout
        for place, (family, kind, protocol, _, address) in enumerate(found, 1):
            try:
                now = time.monotonic()
                self._dial(
                    socket.socket(family, kind, protocol), address, now + (deadline - now) / (len(found) + 1 - place)
                )
            except OSError as error:
                if self._aborted or place == len(found):
                    raise LinkLost(f"Cannot connect to {host} port {port}: {_reason(error)}.") from None
            else:
                return

    def _dial(self, link: socket.socket, address: tuple[Any, ...], deadline: float) -> None:
        self._socket = link  # before connecting, so that `abort` finds it
        try:
            # The last short segment of a message must not wait for an ACK.
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.settimeout(self._left(deadline))
            link.connect(address)
            self._patience = Patience(link)
        except OSError:
            self.close()
            raise

    def start_tls(self, context: ssl.SSLContext, host: str, timeout: float) -> None:
        """Encrypt from here on. Raises ssl.SSLCertVerificationError and other ssl.SSLError unchanged, else LinkLost."""
        if not self._replies.idle:
            # RFC 3207 §5, CVE-2011-0411: text that came in clear must not pass for the relay's own under TLS.
            raise GarbledReply("The relay, or somebody in between, sent text in clear after its answer to STARTTLS.")
        try:
            self._socket = context.wrap_socket(self._link, server_hostname=host, do_handshake_on_connect=False)
            # Looks for `abort` again, which had no socket to find while the one became the other.
            self._socket.settimeout(self._left(time.monotonic() + timeout))
            self._socket.do_handshake()
            self._patience = Patience(self._socket)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise LinkLost(f"The connection broke while TLS began: {_reason(error)}.") from None
        except ssl.SSLError:
            raise
        except OSError as error:
            raise LinkLost(f"TLS did not begin: {_reason(error)}.") from None

    def write(self, *parts: bytes, timeout: float) -> None:
        """Hand `parts` to the system; `LinkLost.written` says how far it got. Every answer must have been taken before."""
        if not self._replies.idle:
            # One answer too many, and from here on each would be taken for that to another question.
            raise GarbledReply("The relay answered more often than it was asked.")
        patience, deadline = self._patient, time.monotonic() + timeout
        written, total = 0, sum(map(len, parts))
        try:
            written = patience.send(parts, timeout)
            if written == total:
                return
            rest = memoryview(b"".join(parts))
            while written < total:
                written += patience.send((rest[written:],), self._left(deadline))
        except OSError as error:
            raise LinkLost(f"The connection broke while sending: {_reason(error)}.", written=written) from None

    def reply(self, timeout: float) -> Reply:
        """The next reply; `timeout` seconds for the whole of it, however many lines."""
        deadline = 0.0
        while (reply := self._replies.next()) is None:
            patience, left = self._patient, timeout
            try:
                if deadline:
                    left = self._left(deadline)
                else:
                    deadline = time.monotonic() + timeout
                data = patience.receive(left)
            except (TimeoutError, BlockingIOError):
                raise LinkLost(f"The relay did not answer within {timeout:g} seconds.") from None
            except OSError as error:
                raise LinkLost(f"The connection broke: {_reason(error)}.") from None
            if not data:
                raise LinkLost("The relay closed the connection." if not self._aborted else "Broken off.")
            self._replies.feed(data)
        return reply

    def agreed(self) -> bool:
        """Whether the relay's yes to a whole envelope has come already; then it is taken. Else each reply is asked for."""
        return self._replies.agreed()

    def abort(self) -> None:
        """Wake whoever waits on the link, for good. Safe from another thread."""
        self._aborted = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket's own shutdown: that one takes the TLS layer away from under the other thread.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        link, self._socket, self._patience = self._socket, None, None
        if link is not None:
            link.close()

    @property
    def _link(self) -> socket.socket:
        if self._socket is None:
            raise LinkLost("There is no connection.")
        return self._socket

    @property
    def _patient(self) -> Patience:
        if self._patience is None:
            raise LinkLost("There is no connection.")
        return self._patience

    def _left(self, deadline: float) -> float:
        """Seconds until `deadline`; raises TimeoutError, which every caller turns into a LinkLost."""
        left = deadline - time.monotonic()
        if self._aborted or left <= 0:
            raise TimeoutError("broken off" if self._aborted else "timed out")
        return left


def _reason(error: Exception) -> str:
    if isinstance(error, BlockingIOError):
        return "timed out"
    if isinstance(error, TimeoutError):
        return str(error) or "timed out"
    return str(getattr(error, "strerror", None) or error)
