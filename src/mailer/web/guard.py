"""What holds for every answer of every site: headers, one line in the log, and no traceback for a visitor.

The log names the route (`/u/{token}`), never the address that was asked for: that is a key to somebody's subscription.
"""

import logging
import time

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailer.errors import StorageError

log = logging.getLogger(__name__)

#: No header of ours may be missing because one endpoint forgot it. An endpoint may say something stricter.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # The address of a personal page must not travel to the sites that the page links.
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


class Guard:
    """Wraps a site."""

    def __init__(self, site: ASGIApp) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._site(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._site(scope, receive, guarded)
        except Exception as error:  # noqa: BLE001  (the last line of defence: the visitor gets a sentence, the log the kind)
            # Only the kind: the text of a database error holds the parameters, which are people.
            log.error("web.failed route=%s error=%s", _route(scope), type(error).__name__)  # noqa: TRY400
            if not status:
                await _apology(error)(scope, receive, guarded)
        milliseconds = (time.monotonic() - began) * 1000
        log.info(
            "web.answered method=%s route=%s status=%d ms=%.0f", scope["method"], _route(scope), status, milliseconds
        )


def _route(scope: Scope) -> str:
    """The route that matched, with its placeholders; "-" for an address that is none of ours."""
    path: str | None = getattr(scope.get("route"), "path", None)
    return path or "-"


def _apology(error: Exception) -> PlainTextResponse:
    # 503 makes a mailbox provider try its one-click request again later; a 500 may be taken for final.
    status = 503 if isinstance(error, StorageError) else 500
    return PlainTextResponse("Something went wrong here. Please try again in a minute.\n", status)
