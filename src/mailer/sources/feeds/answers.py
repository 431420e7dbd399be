"""What may come of asking a feed. Nothing in it holds the feed's address, which may be a secret."""

from dataclasses import dataclass
from datetime import timedelta

from mailer.domain.feed import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """It was read. etag, modified: what to say next time, so that it need not say all again; "" when it has none.

    moved_to: its new address if it has moved for good, else "".
    """

    document: Document
    etag: str = ""
    modified: str = ""
    moved_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """It says that nothing is new."""

    moved_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """It could not be read. words: why, as "it answers 404". wait: it asked not to be asked for so long.

    is_gone: it said that it will never come back (410).
    """

    words: str
    wait: timedelta | None = None
    is_gone: bool = False


Answer = Read | Unchanged | Trouble


class Unread(Exception):
    """Raised within this package where a `Trouble` is found."""

    def __init__(self, words: str, *, wait: timedelta | None = None, is_gone: bool = False) -> None:
        super().__init__(words)
        self.trouble = Trouble(words=words, wait=wait, is_gone=is_gone)
