"""Reads the small forms that people and mailbox providers post, within limits of size and time."""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

#: The longest honest body is a multipart one-click request of about 300 bytes.
LARGEST = 8_192
_MOST_FIELDS = 100  # a box for each topic, and some more
_SECONDS = 10


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a urlencoded or multipart body. HTTPException 413, 408 or 400 when it is none that we take."""
    body = await _body(request)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await _multipart(request, body)
    # A body without a content type is read too: better a request to leave understood than one refused for its label.
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise HTTPException(400) from None


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408) from None
    return bytes(body)


async def _multipart(request: Request, body: bytes) -> Mapping[str, str]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    whole = Request(request.scope, receive)
    async with whole.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=LARGEST) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}
