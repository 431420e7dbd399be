"""What digests have held, and what there is for them: the record by which no item is mailed twice.

Items are written in the transaction that makes the mailing. The database lets one mailing that counts have an item of a
digest, so of two issues that took up the same item at once, one is told so and must be undone. When a mailing is
cancelled its items stop counting, and the next issue finds them new again.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.digest import DIGEST, Issue, Mailed, Records
from mailer.domain.mailing import MailingState, RowState
from mailer.storage.tables import delivery, digest_item, mailing


def records(connection: sa.Connection, digest: str, *, rest: bool = False) -> Records:
    """What is mailed, and what this digest has spent of it. rest: its newest issue is to go to those who have not had it."""
    of_it = sa.select(digest_item.c.item).where(digest_item.c.digest == digest, digest_item.c.counts)
    spent = frozenset(connection.scalars(of_it))
    return Records(
        mailed=_mailed(connection), spent=spent, has_run=bool(spent), only=_newest(connection, digest) if rest else None
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
    query = (
        sa.select(mailing.c.slug, mailing.c.kind, mailing.c.title, mailing.c.starts_at, mailing.c.started_at)
        .where(
            mailing.c.edition_id.is_not(None),  # until it is frozen there is nothing to show
            mailing.c.state != MailingState.CANCELLED,
            sa.or_(mailing.c.state != MailingState.EXPIRED, reached),
            mailing.c.kind != DIGEST,
        )
        .order_by(mailing.c.id)
    )
    found: dict[str, Mailed] = {}
    for row in connection.execute(query):
        first = found.get(row.slug)
        at = first.at if first else row.started_at or row.starts_at
        found[row.slug] = Mailed(slug=row.slug, kind=row.kind, title=row.title, at=at)
    return found


def carry(connection: sa.Connection, mailing_id: int, digest: str, issue: Issue) -> bool:
    """Write down that the mailing holds `issue`. False if another mailing has taken one of its items up meanwhile."""
    rows = {item.key: place for place, item in enumerate(issue.items, 1)} | dict.fromkeys(issue.passed_over)
    if issue.is_rest:  # it takes over what it goes on with
        before = sa.update(digest_item).where(digest_item.c.digest == digest, digest_item.c.item.in_(list(rows)))
        connection.execute(before.values(counts=False))
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    # In one order: two transactions that wait for each other's rows would be a deadlock.
    values = [
        {"mailing_id": mailing_id, "item": key, "digest": digest, "place": place} for key, place in sorted(rows.items())
    ]
    written = insert(digest_item).values(values).on_conflict_do_nothing().returning(digest_item.c.item)
    return len(connection.scalars(written).all()) == len(rows)


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
