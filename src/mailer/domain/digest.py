"""What a digest holds: items, each a campaign that was mailed or published, or an entry of a feed; and one issue of them.

An item is known by its key ("campaign:SLUG", "feed:ID:GUID"). A digest carries each key once: what an earlier issue
carried, or the first one passed over, is not new any more. The same thing may turn up under another key: published by us
and in a feed, or in two feeds. So an item leaves traces, and does not come where one of its twins was. A cancelled issue
carried nothing.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from mailer.domain.count import counted
from mailer.domain.feed import KnownFeed
from mailer.domain.left_out import LeftOut, Why
from mailer.errors import Problem

#: The kind whose campaigns hold others.
DIGEST = "digest"
#: The kind of items that came from a feed: no campaign has it.
FEED_ITEM = "feed"
#: What `check` calls a note on an item.
ITEM_RULE = "digest-item"


class AlreadyMailed(StrEnum):
    """What becomes of an item for those whom the campaign's own mail reached."""

    INCLUDE = "include"  #: they see it as everybody does
    SHORTEN = "shorten"  #: its headline alone, "in brief"
    SKIP = "skip"  #: nothing of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPicture:
    """src: relative to the item's campaign file or to its project."""

    src: str
    alt: str
    credit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One campaign in a digest, or one entry of a feed, whose kind is `FEED_ITEM`.

    key: by which it is held once; traces: further names under which it is held; twins: names that say it was held already.
    at: when it was mailed, or the beginning of the day on which it was published; day: that day for the digest's readers.
    slug: None for what is no campaign of ours. address: where it was published; None: it was mailed, and its public page
    is linked. standfirst: inline Markdown; summary: plain text in its place.
    mailings: ids of the campaign's own. brief: only its headline is shown, because its readers had one of those.
    file: how problems name its file; standfirst_line, picture_line: lines there.
    """

    key: str
    kind: str
    headline: str
    at: datetime
    day: date
    file: str
    slug: str | None = None
    kicker: str | None = None
    standfirst: str | None = None
    summary: str | None = None
    picture: ItemPicture | None = None
    topics: tuple[str, ...] = ()
    mailings: tuple[int, ...] = ()
    brief: bool = False
    address: str | None = None
    standfirst_line: int | None = None
    picture_line: int | None = None
    traces: tuple[str, ...] = ()
    twins: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that is written down when it is held."""
        return (self.key, *self.traces)


def campaign_key(slug: str) -> str:
    return f"campaign:{slug}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """A campaign with a mailing that is frozen and not cancelled. at: its first; title: its newest one's headline.

    mailings: ids of all that may have reached somebody, cancelled ones too.
    """

    slug: str
    kind: str
    title: str
    at: datetime
    mailings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What of an issue its proof has shown: exactly these items go out. passed_over: as in `Issue`."""

    items: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What the database knows. spent: keys that this digest carried or passed over; has_run: it had an issue before.

    last_at: when its newest issue was put together: what is older and not spent has waited since.
    only: keys of the issue that is to go to the rest of its audience; None for a new issue. is_blind: there was no
    database to ask. shown: by the proof of the issue; None if it has none. feeds: what is known of those that the digest
    names, by URL.
    """

    mailed: Mapping[str, Mailed] = field(default_factory=dict)
    spent: frozenset[str] = frozenset()
    has_run: bool = False
    last_at: datetime | None = None
    only: frozenset[str] | None = None
    is_blind: bool = False
    shown: Shown | None = None
    feeds: Mapping[str, KnownFeed] = field(default_factory=dict)

    def is_due(self, key: str) -> bool:
        """Whether an item of that key may be in the issue."""
        if self.shown is not None and key not in self.shown.items:  # what is newer waits for the next issue
            return False
        return key not in self.spent if self.only is None else key in self.only

    def why_not(self, key: str) -> Why:
        """Why an item of that key, which is not due, is not."""
        if key in self.spent or self.shown is None or key in self.shown.items:
            return Why.HELD
        return Why.TOO_OLD if key in self.shown.passed_over else Why.NEWER

    def has_held(self, prefix: str) -> bool:
        """Whether the digest has spent an item whose key begins like this."""
        return any(key.startswith(prefix) for key in self.spent)

    def distinct(self, items: Iterable[Item]) -> list[Item]:
        """Without what was there under another name, in an earlier issue or further up in `items`."""
        held = set(self.spent) if self.only is None else set()
        kept: list[Item] = []
        for item in items:
            if held.isdisjoint(item.twins):
                kept.append(item)
                held.update(item.traces)
        return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What a digest would hold now.

    items: newest first. least: with fewer than that nothing is sent. waiting: how many more there were than fit.
    passed_over: names of those that are too old for a first issue, and will not come in a later one. notes: what was left out, or
    is not as its file meant it, and why. topics: those that the project's campaigns have, where the digest names any.
    is_rest: it went to somebody before, and goes to the others now. is_blind: there was no database to ask what was mailed.
    already_mailed: what those see of an item who had it as a mail of its own. left_out: what might have been in it.
    """

    items: tuple[Item, ...] = ()
    least: int = 1
    waiting: int = 0
    passed_over: tuple[str, ...] = ()
    notes: tuple[Problem, ...] = ()
    topics: frozenset[str] = frozenset()
    is_rest: bool = False
    is_blind: bool = False
    already_mailed: AlreadyMailed = AlreadyMailed.INCLUDE
    left_out: tuple[LeftOut, ...] = ()

    @property
    def is_empty(self) -> bool:
        return len(self.items) < self.least

    @property
    def lack(self) -> str:
        """Why nothing would be sent; "" when something would."""
        if not self.is_empty:
            return ""
        if not self.items:
            return "there is nothing new"
        return f"{counted(len(self.items), 'new item')}, and min_items is {self.least}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far back a first issue reaches: so many items, so many days, or (both None) to the beginning."""

    items: int | None = None
    days: int | None = None

    @property
    def is_bounded(self) -> bool:
        return self.items is not None or self.days is not None

    def __str__(self) -> str:
        if self.items is not None:
            return f"last {self.items}"
        return "everything" if self.days is None else counted(self.days, "day")


_REACH = re.compile(r"last ([1-9]\d{0,3})|([1-9]\d{0,3}) days?|everything")


def parse_reach(text: str) -> Reach | None:
    """The reach that `text` states ("last 5", "30 days", "everything"); None when it states none."""
    found = _REACH.fullmatch(" ".join(text.lower().split()))
    if found is None:
        return None
    last, days = found.groups()
    return Reach(items=int(last) if last else None, days=int(days) if days else None)
