"""Feeds as they were last read, and when to ask each again.

Whoever asks a feed claims it first, by moving ahead when it is asked next, so two schedulers do not ask the same feed at
once, and no transaction is open while a stranger's server takes its time. What an entry says may change later: then its
row does, and it is the same entry. A feed is known by the URL that a campaign's file names, and keeps its entries when it
moves.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.feed import Document, KnownEntry, KnownFeed
from mailer.storage.rowset import storable
from mailer.storage.tables import digest_item, feed, feed_item

#: For so long nobody else asks a feed that is being asked; longer than asking takes.
CLAIMED_FOR = timedelta(minutes=5)
#: However often it fails, it is asked once a day.
_LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A feed that is ours to ask. url: where; etag, modified: what it said of the state that we know."""

    id: int
    url: str
    etag: str
    modified: str


def known(
    connection: sa.Connection, urls: Collection[str], *, digest: str | None = None, all_entries: bool = False
) -> dict[str, KnownFeed]:
    """What is known of the feeds at `urls`; those that were never asked for are left out.

    With entries: those that `digest` does not hold, or with `all_entries` those too.
    """
    ids = _ids(connection, urls)
    rows = connection.execute(sa.select(feed).where(feed.c.id.in_(ids.values())))
    entries = _entries(connection, set(ids.values()), digest, all_entries=all_entries)
    found = {row.id: _record(row, tuple(entries.get(row.id, ()))) for row in rows}
    return {url: found[feed_id] for url, feed_id in ids.items()}


def claim(
    connection: sa.Connection, urls: Collection[str], *, now: datetime, asked_before: datetime | None = None
) -> list[Claim]:
    """Those of the feeds at `urls` that are to be asked now, each for one caller alone.

    asked_before: those that were last asked before; None for those whose time has come. Nobody asks one that is gone, or
    that asked for patience.
    """
    _add(connection, urls)
    chosen = _to_ask(_ids(connection, urls), now, asked_before)
    step = (
        sa.update(feed)
        .where(feed.c.id.in_(chosen.order_by(feed.c.id).with_for_update(skip_locked=True)))
        .values(asked_at=now, asking=True, next_at=now + CLAIMED_FOR)
        .returning(feed.c.id, feed.c.url, feed.c.moved_to, feed.c.etag, feed.c.modified)
    )
    rows = connection.execute(step).all()
    return [Claim(id=row.id, url=row.moved_to or row.url, etag=row.etag, modified=row.modified) for row in rows]


def any_to_ask(
    connection: sa.Connection, urls: Collection[str], *, now: datetime, asked_before: datetime | None = None
) -> bool:
    """Whether `claim` would find one."""
    ids = _ids(connection, urls)
    return len(ids) < len(set(urls)) or connection.execute(_to_ask(ids, now, asked_before)).first() is not None


def _to_ask(ids: dict[str, int], now: datetime, asked_before: datetime | None) -> "sa.Select[tuple[int]]":
    # What lies further ahead than anything is put was written while a clock was wrong.
    never = now + _LONGEST_WAIT + CLAIMED_FOR
    if asked_before is None:
        is_due = sa.or_(feed.c.next_at.is_(None), feed.c.next_at <= now, feed.c.next_at > never)
    else:
        is_due = sa.or_(feed.c.asked_at.is_(None), feed.c.asked_at <= asked_before, feed.c.asked_at > never)
    is_free = sa.or_(feed.c.not_before.is_(None), feed.c.not_before <= now, feed.c.not_before > never)
    return sa.select(feed.c.id).where(feed.c.id.in_(ids.values()), is_due, is_free, ~feed.c.gone)


def store(
    connection: sa.Connection,
    feed_id: int,
    document: Document,
    *,
    etag: str,
    modified: str,
    moved_to: str,
    at: datetime,
    next_at: datetime,
) -> int:
    """It was read; how many of its entries are new."""
    values = {"title": document.title, "etag": etag, "modified": modified}
    _answered(connection, feed_id, values, moved_to, at=at, next_at=next_at)
    held = frozenset(connection.scalars(sa.select(feed_item.c.key).where(feed_item.c.feed_id == feed_id)))
    rows = [
        {
            "feed_id": feed_id,
            "key": entry.key,
            "link": entry.link,
            "headline": entry.headline,
            "summary": entry.summary,
            "topics": list(entry.categories),
            # Without a date they came out in the order in which they stand there.
            "published_at": min(entry.at or at - timedelta(microseconds=number), at),
            "seen_at": at,
        }
        for number, entry in enumerate(document.entries)
    ]
    if rows:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        new = insert(feed_item)
        edited = {name: new.excluded[name] for name in ("link", "headline", "summary", "topics")}
        connection.execute(new.on_conflict_do_update(index_elements=["feed_id", "key"], set_=edited), rows)
    return sum(entry.key not in held for entry in document.entries)


def unchanged(connection: sa.Connection, feed_id: int, *, moved_to: str, at: datetime, next_at: datetime) -> None:
    """It says that nothing is new."""
    _answered(connection, feed_id, {}, moved_to, at=at, next_at=next_at)


def _answered(
    connection: sa.Connection, feed_id: int, values: dict[str, Any], moved_to: str, *, at: datetime, next_at: datetime
) -> None:
    well = {
        "asking": False,
        "fetched_at": at,
        "next_at": next_at,
        "not_before": None,
        "failures": 0,
        "failing_since": None,
        "trouble": "",
    }
    where = {"moved_to": moved_to} if moved_to else {}
    connection.execute(sa.update(feed).where(feed.c.id == feed_id).values(**values, **well, **where))


def failed(
    connection: sa.Connection,
    feed_id: int,
    words: str,
    *,
    at: datetime,
    every: timedelta,
    wait: timedelta | None = None,
    is_gone: bool = False,
) -> None:
    """It could not be read: it is asked again later, and later each time. every: how often it is asked while all is well.

    wait: it asked for that much patience. is_gone: it is not asked again. Where it had moved to, it is not asked any more:
    its own address leads there again, or elsewhere.
    """
    row = connection.execute(sa.select(feed).where(feed.c.id == feed_id).with_for_update()).one()
    pause = min(every * 2 ** min(row.failures, 16), _LONGEST_WAIT)
    values: dict[str, Any] = {
        "asking": False,
        "next_at": at + max(pause, wait or pause),
        "not_before": at + wait if wait else None,
        "failures": row.failures + 1,
        "failing_since": row.failing_since or at,
        "trouble": storable(words),
        "gone": is_gone and not row.moved_to,
    }
    moved = {"moved_to": "", "etag": "", "modified": ""} if row.moved_to else {}
    connection.execute(sa.update(feed).where(feed.c.id == feed_id).values(values | moved))


def _add(connection: sa.Connection, urls: Collection[str]) -> None:
    """Those that nobody has heard of yet."""
    new = sorted(set(urls) - _ids(connection, urls).keys())
    if new:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(insert(feed).on_conflict_do_nothing(), [{"url": url} for url in new])


def _ids(connection: sa.Connection, urls: Collection[str]) -> dict[str, int]:
    """By URL. A file that names the address to which a feed has moved means the feed that has moved there."""
    rows = connection.execute(
        sa.select(feed.c.id, feed.c.url, feed.c.moved_to).where(
            sa.or_(feed.c.url.in_(urls), feed.c.moved_to.in_(set(urls) - {""}))
        )
    ).all()
    ids = {row.moved_to: row.id for row in rows} | {row.url: row.id for row in rows}
    return {url: ids[url] for url in urls if url in ids}


def _entries(
    connection: sa.Connection, ids: Collection[int], digest: str | None, *, all_entries: bool
) -> dict[int, list[KnownEntry]]:
    if digest is None and not all_entries:
        return {}
    name = sa.literal("feed:") + sa.cast(feed_item.c.feed_id, sa.Text) + ":" + feed_item.c.key
    held = sa.exists().where(digest_item.c.digest == digest, digest_item.c.item == name, digest_item.c.counts)
    query = sa.select(feed_item).where(feed_item.c.feed_id.in_(ids))
    if not all_entries:
        query = query.where(~held)
    found: dict[int, list[KnownEntry]] = {}
    for row in connection.execute(query.order_by(feed_item.c.published_at.desc(), feed_item.c.id)):
        found.setdefault(row.feed_id, []).append(
            KnownEntry(
                key=row.key, link=row.link, headline=row.headline, summary=row.summary,
                categories=tuple(row.topics), at=row.published_at, seen_at=row.seen_at,
            )
        )  # fmt: skip
    return found


def _record(row: "sa.Row[Any]", entries: tuple[KnownEntry, ...]) -> KnownFeed:
    return KnownFeed(
        id=row.id,
        title=row.title,
        entries=entries,
        asked_at=row.asked_at,
        fetched_at=row.fetched_at,
        asking=row.asking,
        trouble=row.trouble,
        failing_since=row.failing_since,
        failures=row.failures,
        gone=row.gone,
        moved_to=row.moved_to,
    )
