"""What a feed says, read in a process of its own that ends in time, whatever it is given."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

from mailer.domain.feed import Document, Entry
from mailer.sources.feeds.answers import Unread
from mailer.sources.feeds.fetching import Body
from mailer.sources.feeds.wire import Deadline

#: -P: what lies about in the folder that we stand in is no module of ours.
_READER = (sys.executable, "-P", "-m", "mailer.sources.feeds.reader")
#: Each takes some 50 MB, and most of a processor.
_AT_ONCE = threading.Semaphore(4)


def read_apart(body: Body, deadline: Deadline) -> Document:
    """Raises Unread when it is no feed, or reading it takes longer than there is."""
    try:
        with _turn(deadline):
            return _document(_read(body, deadline.left))
    except (subprocess.TimeoutExpired, TimeoutError):
        raise Unread("reading what it answers takes too long") from None


@contextmanager
def _turn(deadline: Deadline) -> Iterator[None]:
    """Raises TimeoutError."""
    if not _AT_ONCE.acquire(timeout=deadline.left):
        raise TimeoutError
    try:
        yield
    finally:
        _AT_ONCE.release()


def _read(body: Body, seconds: float) -> dict[str, Any]:
    try:
        asked = {"charset": body.charset, "url": body.url, "seconds": seconds}
        done = subprocess.run(  # noqa: S603 (our own program; what it is asked is no argument, for those are for all to see)
            _READER,
            input=json.dumps(asked).encode() + b"\n" + body.content,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else {}
    except (OSError, ValueError):
        answer = {}
    if "document" not in answer:
        raise Unread(answer.get("trouble") or "what it answers cannot be read as a feed")
    return dict(answer["document"])


def _document(values: dict[str, Any]) -> Document:
    return Document(title=values["title"], entries=tuple(_entry(one) for one in values["entries"]))


def _entry(values: dict[str, Any]) -> Entry:
    at = values["at"]
    read = {"categories": tuple(values["categories"]), "at": at and datetime.fromisoformat(at)}
    return Entry(**{field.name: values[field.name] for field in fields(Entry)} | read)
