"""What digests have held, and what there is for them: the record by which no item is mailed twice.

Items are written in the transaction that makes the mailing. The database lets one mailing that counts have an item of a
digest, so of two issues that took up the same item at once, one is told so and must be undone. When a mailing is
cancelled its items stop counting, and the next issue finds them new again.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.digest import DIGEST, Issue, Mailed, Records
from mailer.domain.mailing import MailingState, RowState
from mailer.storage.feeds import known
from mailer.storage.tables import delivery, digest_item, mailing


def records(connection: sa.Connection, digest: str, *, feeds: Collection[str] = (), rest: bool = False) -> Records:
    """What is mailed, what the feeds at these URLs say, and what this digest has spent of all that.

    rest: its newest issue is to go to those who have not had it.
    """
    of_it = (digest_item.c.digest == digest, digest_item.c.counts)
    spent = frozenset(connection.scalars(sa.select(digest_item.c.item).where(*of_it)))
    issues = sa.select(digest_item.c.mailing_id).where(*of_it)
    last_at = (
        sa.select(mailing.c.starts_at).where(mailing.c.id.in_(issues)).order_by(mailing.c.starts_at.desc()).limit(1)
    )
    return Records(
        mailed=_mailed(connection),
        spent=spent,
        has_run=bool(spent),
        last_at=connection.scalar(last_at),
        only=_newest(connection, digest) if rest else None,
        feeds=known(connection, feeds, digest=digest, all_entries=rest) if feeds else {},
    )


def _newest(connection: sa.Connection, digest: str) -> frozenset[str] | None:
    """What the newest issue held, cancelled or not; None before the first."""
    carried = (digest_item.c.digest == digest, digest_item.c.place.is_not(None))
    newest = sa.select(sa.func.max(digest_item.c.mailing_id)).where(*carried).scalar_subquery()
    found = sa.select(digest_item.c.item).where(*carried, digest_item.c.mailing_id == newest)
    return frozenset(connection.scalars(found)) or None


def _mailed(connection: sa.Connection) -> dict[str, Mailed]:
    """By slug: what has a mailing whose public page is there, or will be as soon as a worker has sent one message."""
    reached = sa.exists().where(delivery.c.mailing_id == mailing.c.id, delivery.c.state == RowState.SENT)
    shown = sa.case(
        (mailing.c.state == MailingState.CANCELLED, sa.false()),
        (mailing.c.state == MailingState.EXPIRED, reached),
        else_=sa.true(),
    )
    columns = ("id", "slug", "kind", "title", "starts_at", "started_at")
    query = sa.select(*(mailing.c[name] for name in columns), shown.label("shown")).where(
        mailing.c.edition_id.is_not(None),  # until it is frozen there is nothing to show
        mailing.c.kind != DIGEST,
    )
    found: dict[str, Mailed] = {}
    mailings: dict[str, tuple[int, ...]] = {}
    for row in connection.execute(query.order_by(mailing.c.id)):
        mailings[row.slug] = (*mailings.get(row.slug, ()), row.id)
        if row.shown:
            first = found.get(row.slug)
            at = first.at if first else row.started_at or row.starts_at
            found[row.slug] = Mailed(slug=row.slug, kind=row.kind, title=row.title, at=at)
    return {slug: replace(one, mailings=mailings[slug]) for slug, one in found.items()}


def carry(connection: sa.Connection, mailing_id: int, digest: str, issue: Issue) -> bool:
    """Write down that the mailing holds `issue`. False if another mailing has taken one of its items up meanwhile."""
    rows: dict[str, int | None] = dict.fromkeys(name for item in issue.items for name in item.traces)
    rows |= dict.fromkeys(issue.passed_over) | {item.key: place for place, item in enumerate(issue.items, 1)}
    if issue.is_rest:  # it takes over what it goes on with
        before = sa.update(digest_item).where(digest_item.c.digest == digest, digest_item.c.item.in_(list(rows)))
        connection.execute(before.values(counts=False))
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    # In one order: two transactions that wait for each other's rows would be a deadlock.
    values = [
        {"mailing_id": mailing_id, "item": key, "digest": digest, "place": place} for key, place in sorted(rows.items())
    ]
    written = insert(digest_item).on_conflict_do_nothing().returning(digest_item.c.item)
    # Two campaigns may have been published at one page: further names may be there already.
    return {item.key for item in issue.items} <= set(connection.scalars(written, values))


def release(connection: sa.Connection, mailing_id: int) -> None:
    """The mailing was cancelled: what it held is new again."""
    of_it = sa.update(digest_item).where(digest_item.c.mailing_id == mailing_id)
    connection.execute(of_it.values(counts=False))


def held_by(connection: sa.Connection, digest: str, keys: Iterable[str]) -> frozenset[int]:
    """The mailings of a digest, cancelled ones too, that held any of these items."""
    query = sa.select(digest_item.c.mailing_id).where(
        digest_item.c.digest == digest, digest_item.c.place.is_not(None), digest_item.c.item.in_(list(keys))
    )
    return frozenset(connection.scalars(query))
