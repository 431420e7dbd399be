"""Whole people, as commands show them and exports carry them: read in chunks, so any number fits in memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from mailer.domain.person import Person, Subscription
from mailer.domain.subscriber import SubscriptionStatus, SuppressionReason
from mailer.storage.subscribers import unsigned
from mailer.storage.tables import mailing_list, subscriber, subscription, suppression

#: People that are read at a time.
_CHUNK = 500
#: Ids that are asked for at a time, at the most: a segment's whole query runs anew for each lot, so lots grow.
_LARGEST_LOT = 64_000


def people(connection: sa.Connection, ids: sa.Select[int] | None = None) -> Iterator[Person]:
    """Everybody, or those whom `ids` selects, oldest first."""
    last, size = 0, _CHUNK
    while lot := _ids(connection, ids, after=last, size=size):
        for at in range(0, len(lot), _CHUNK):
            yield from _whole(connection, lot[at : at + _CHUNK])
        last, size = lot[-1], min(size * 4, _LARGEST_LOT)


def person(connection: sa.Connection, subscriber_id: int) -> Person:
    """One, who exists."""
    (found,) = _whole(connection, [subscriber_id])
    return found


def _ids(connection: sa.Connection, ids: sa.Select[int] | None, *, after: int, size: int) -> Sequence[int]:
    query = sa.select(subscriber.c.id).where(subscriber.c.id > after).order_by(subscriber.c.id).limit(size)
    return connection.scalars(query if ids is None else query.where(subscriber.c.id.in_(ids))).all()


def _whole(connection: sa.Connection, ids: Sequence[int]) -> Iterator[Person]:
    """Those with the ids, oldest first."""
    reason = sa.select(suppression.c.reason).where(suppression.c.email_key == subscriber.c.email_key)
    query = sa.select(subscriber, reason.scalar_subquery().label("suppressed")).where(subscriber.c.id.in_(ids))
    rows = connection.execute(query.order_by(subscriber.c.id)).all()
    subscriptions = _subscriptions(connection, ids)
    for row in rows:
        yield Person(
            public_id=unsigned(row.public_id),
            email=row.email,
            first_name=row.first_name,
            last_name=row.last_name,
            given_name=row.name,
            language=row.language,
            timezone=row.timezone,
            country=row.country,
            topics=tuple(row.topics),
            attributes=row.attributes,
            tags=tuple(sorted(row.tags)),
            subscriptions=tuple(sorted(subscriptions[row.id], key=lambda one: one.list_name)),
            joined_at=row.created_at,
            suppressed=SuppressionReason(row.suppressed) if row.suppressed else None,
        )


def _subscriptions(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[Subscription]]:
    found: dict[int, list[Subscription]] = defaultdict(list)
    query = sa.select(subscription, mailing_list.c.name).join(mailing_list)
    for row in connection.execute(query.where(subscription.c.subscriber_id.in_(ids))):
        found[row.subscriber_id].append(subscription_of(row))
    return found


def subscription_of(row: sa.Row[*tuple[object, ...]]) -> Subscription:
    """A row of `subscription` with the name of its list."""
    return Subscription(
        list_name=row.name,
        status=SubscriptionStatus(row.status),
        consent=row.consent,
        consented_at=row.consented_at,
        changed_at=row.changed_at,
    )


def attribute_columns(connection: sa.Connection) -> dict[str, bool]:
    """Every attribute that anybody has, by name, and whether it is text, and not empty, for all who have it."""
    if connection.dialect.name == "sqlite":
        each = sa.func.json_each(subscriber.c.attributes).table_valued("key", "type", "value")
        plain = sa.and_(each.c.type == "text", each.c.value != "")
    else:
        each = sa.func.jsonb_each(subscriber.c.attributes).table_valued("key", sa.column("value", sa.Text))
        plain = sa.and_(sa.func.jsonb_typeof(each.c.value) == "string", sa.cast(each.c.value, sa.Text) != '""')
    query = sa.select(each.c.key, sa.func.min(sa.case((plain, 1), else_=0)).label("plain"))
    query = query.select_from(subscriber).join(each, sa.true()).group_by(each.c.key)
    return {row.key: bool(row.plain) for row in sorted(connection.execute(query), key=lambda row: str(row.key))}


def lists_in_use(connection: sa.Connection) -> list[str]:
    """Names of the lists that anybody has ever been on."""
    used = sa.select(mailing_list.c.name).where(sa.exists().where(subscription.c.list_id == mailing_list.c.id))
    return sorted(connection.scalars(used))
