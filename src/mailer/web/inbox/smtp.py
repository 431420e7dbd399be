"""The inbox's SMTP side: takes every message, on this machine only, and passes none on.

There is no code here that could: no client, no relay, no forwarding. It listens on 127.0.0.1 and nowhere else.
"""

import asyncio
import logging
import socket
import threading
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.errors import DiskFull
from mailer.web.inbox.store import Store
from mailer.web.server import listen

LOOPBACK = "127.0.0.1"
_LARGEST_MESSAGE = 10_000_000
_CHUNK = 65_536
_END = b"\r\n.\r\n"

# aiosmtpd logs what clients send, which is addresses and whole messages.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


class _Session(SMTP):
    """Takes a message in a few reads; the library's line by line costs 5 ms for 40 KB, more than making and sending it."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if arg or not self.envelope.rcpt_tos:
            await self.push("501 Syntax: DATA" if arg else "503 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._message()
        if content is None:
            return
        if len(content) > _LARGEST_MESSAGE:
            status = "552 5.3.4 Too much mail data"
        else:
            self.envelope.content = self.envelope.original_content = content
            status = await self._call_handler_hook("DATA")
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(status)

    async def _message(self) -> bytes | None:
        """What stands before the final dot, without the dots that guard lines (RFC 5321 §4.5.2); None if the link was lost.

        PIPELINING is not offered, so nothing follows the dot before our answer. Of a message that is too large only so
        much is kept that its length tells.
        """
        body = bytearray(b"\r\n")
        while not body.endswith(_END):
            chunk = await self._reader.read(_CHUNK)
            if not chunk:
                return None
            if len(body) > 2 * _LARGEST_MESSAGE:
                del body[_LARGEST_MESSAGE : -len(_END)]
            body += chunk
        return bytes(body[:-3]).replace(b"\r\n.", b"\r\n")[2:]


class _Handler:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        content = envelope.original_content or b""
        try:
            for recipient in envelope.rcpt_tos:
                self._store.add(content, recipient)
        except DiskFull:
            return "452 4.3.1 The inbox's disk is full"
        return "250 2.0.0 In the inbox"


class SmtpInbox:
    """`with SmtpInbox(store) as inbox:` takes messages at `inbox.host`, `inbox.port` until the block ends."""

    def __init__(self, store: Store, *, port: int = 0) -> None:
        """Port 0: one that is free. Raises PortTaken."""
        self._handler = _Handler(store)
        self._listener: socket.socket = listen(LOOPBACK, port, option="--smtp-port")
        self.host = LOOPBACK
        self.port: int = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _session(self) -> SMTP:
        return _Session(
            self._handler,
            hostname="inbox.localhost",
            ident="mailer inbox",
            data_size_limit=_LARGEST_MESSAGE,
            enable_SMTPUTF8=True,
            loop=self._loop,
        )

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._loop.create_server(self._session, sock=self._listener))
        self._loop.call_soon(self._ready.set)
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()
