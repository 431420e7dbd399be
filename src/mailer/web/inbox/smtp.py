"""The inbox's SMTP side: takes every message, on this machine only, and passes none on.

There is no code here that could: no client, no relay, no forwarding. It listens on 127.0.0.1 and nowhere else.
"""

import asyncio
import socket
import threading
from typing import Any, Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.errors import DiskFull
from mailer.web.inbox.store import Store
from mailer.web.server import listen

LOOPBACK = "127.0.0.1"
_LARGEST_MESSAGE = 10_000_000


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
        self._listener: socket.socket = listen(LOOPBACK, port)
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

    def _protocol(self) -> Any:
        return SMTP(
            self._handler,
            hostname="inbox.localhost",
            ident="mailer inbox",
            data_size_limit=_LARGEST_MESSAGE,
            enable_SMTPUTF8=True,
            loop=self._loop,
        )

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._loop.create_server(self._protocol, sock=self._listener))
        self._loop.call_soon(self._ready.set)
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
