"""The log of a program that runs for long: lines for people, or one JSON object a line for machines, on stderr.

All that is logged, by us or by a library, passes through here: no address, no password and no key to anybody's
subscription leaves, whoever wrote it into a message. Of an exception stand its kind and its place; its text may hold a
person's data.
"""

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType

from mailer.domain.address import with_masked_addresses

#: A login within a URL, and the key in a link of ours.
_LOGIN = re.compile(r"://[^/\s@]*(?:@[^/\s@]*)*@(?=[^/\s])")
_TOKEN = re.compile(r"/([uvp])/[\w.~=-]{8,}")
#: "web.answered method=GET status=200": an event with its fields; "thread.broke": one without.
_EVENT = re.compile(r"(?P<event>\w+(?:\.\w+)+|\w[\w. -]*?(?=:? \w+=)):?(?P<fields>(?: \w+=\S*)*)")
_FIELD = re.compile(r" (\w+)=(\S*)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
#: A secret this short would be found in innocent words; nobody guesses it from a log either.
_SHORTEST_SECRET = 6


class Scrubber:
    """Takes out of a text what nobody may read in a log."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """secrets: settings that are never printed; they are taken out wherever they stand."""
        known = sorted({one for one in secrets if len(one) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        if self._secrets:
            text = self._secrets.sub("***", text)
        text = _TOKEN.sub(r"/\1/***", _LOGIN.sub("://***@", text))
        return with_masked_addresses(text)


class Lines(logging.Formatter):
    """For people: who speaks, and what."""

    def __init__(self, part: str, scrub: Scrubber) -> None:
        super().__init__()
        self._before, self._scrub = f"{part}: " if part else "", scrub

    def format(self, record: logging.LogRecord) -> str:
        kind = f" ({_kind(record.exc_info)})" if record.exc_info and record.exc_info[0] else ""
        return f"{self._before}{self._scrub(record.getMessage())}{kind}"


class Objects(logging.Formatter):
    """For machines. ts: UTC. event: an action word, with its fields beside it; else "said", with the sentence as message."""

    def __init__(self, part: str, scrub: Scrubber) -> None:
        super().__init__()
        name, _, number = part.partition(" ")
        self._who = ({"part": name} if name else {}) | ({"worker": int(number or 1)} if name == "worker" else {})
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = self._scrub(record.getMessage())
        event = _EVENT.fullmatch(text)
        told: dict[str, object] = {"event": event["event"] if event else "said"}
        if event:
            told |= {name: _value(value) for name, value in _FIELD.findall(event["fields"])}
        else:
            told["message"] = text
        if record.exc_info and record.exc_info[0]:
            told |= {"error": _kind(record.exc_info), "trace": _places(record.exc_info[2])}
        head = {"ts": at, "level": record.levelname.lower(), **self._who, "pid": record.process}
        return json.dumps(head | told | head | {"logger": record.name}, ensure_ascii=False)


def set_up(form: str, *, part: str, verbose: bool, secrets: Iterable[str]) -> None:
    """From here on everything is logged as `form` says: "text" or "json". part: who speaks, such as "worker 1"."""
    scrub = Scrubber(secrets)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Objects(part, scrub) if form == "json" else Lines(part, scrub))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("mailer").setLevel(logging.INFO if verbose or form == "json" else logging.WARNING)
    if form == "json":
        sys.excepthook = _logged("program.broke")
        threading.excepthook = lambda thread: _logged("thread.broke")(
            thread.exc_type, thread.exc_value, thread.exc_traceback
        )


def _logged(event: str) -> Callable[[type[BaseException], BaseException | None, TracebackType | None], None]:
    """What stands for a traceback where every line is a JSON object."""

    def log(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        logging.getLogger(__name__).critical(event, exc_info=(kind, error or kind(), trace))

    return log


def _kind(told: "tuple[type[BaseException] | None, BaseException | None, TracebackType | None]") -> str:
    return told[0].__name__ if told[0] else ""


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{one.filename}:{one.lineno} {one.name}" for one in traceback.extract_tb(trace)]


def _value(text: str) -> object:
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
