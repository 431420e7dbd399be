"""What people and lists are to each other: joining, leaving, taking a leave back.

Leaving is recorded so exactly that it can be taken back exactly: undoing restores what this leave ended and nothing that
was left before. A pending subscription is left alone by everything but its person's confirmation.
"""

from datetime import datetime

import sqlalchemy as sa

from mailer.domain.subscriber import SubscriptionStatus, SuppressionReason
from mailer.storage.history import Happened, record
from mailer.storage.suppressions import suppress
from mailer.storage.tables import mailing_list, subscriber, subscriber_event, subscription, suppression

_CONFIRMED, _LEFT = SubscriptionStatus.CONFIRMED.value, SubscriptionStatus.UNSUBSCRIBED.value


def list_ids(connection: sa.Connection, names: frozenset[str]) -> dict[str, int]:
    """The ids of declared lists; rows are made as needed."""
    known = {row.name: row.id for row in connection.execute(sa.select(mailing_list))}
    for name in sorted(names - known.keys()):
        made = connection.scalar(mailing_list.insert().values(name=name).returning(mailing_list.c.id))
        assert made is not None
        known[name] = made
    return {name: known[name] for name in names}


def join(connection: sa.Connection, subscriber_id: int, list_name: str, *, consent: str, at: datetime) -> bool:
    """A confirmed subscription with what they agreed to; False if there is one of any status: nobody is brought back."""
    list_id = list_ids(connection, frozenset({list_name}))[list_name]
    known = sa.select(1).where(subscription.c.list_id == list_id, subscription.c.subscriber_id == subscriber_id)
    if connection.scalar(known) is not None:
        return False
    connection.execute(
        subscription.insert().values(
            list_id=list_id,
            subscriber_id=subscriber_id,
            status=_CONFIRMED,
            consent=consent,
            consented_at=at,
            changed_at=at,
        )
    )
    record(connection, subscriber_id, Happened.JOINED, at=at, detail=f"{list_name} ({consent})")
    return True


def leave(
    connection: sa.Connection, subscriber_id: int, *, list_name: str | None, mailing_id: int | None, at: datetime
) -> None:
    """End one confirmed subscription, or (None) all of them and whatever else we might send. Again: no change."""
    ended = (
        sa.select(mailing_list.c.id, mailing_list.c.name)
        .join(subscription)
        .where(subscription.c.subscriber_id == subscriber_id, subscription.c.status == _CONFIRMED)
    )
    if list_name is not None:
        ended = ended.where(mailing_list.c.name == list_name)
    lists = {row.id: row.name for row in connection.execute(ended)}
    _set_status(connection, subscriber_id, list(lists), _LEFT, at)
    for name in sorted(lists.values()):
        record(connection, subscriber_id, Happened.LEFT, at=at, detail=name, mailing_id=mailing_id)
    if list_name is None:
        _leave_everything(connection, subscriber_id, mailing_id=mailing_id, at=at)


def _leave_everything(connection: sa.Connection, subscriber_id: int, *, mailing_id: int | None, at: datetime) -> None:
    key = connection.scalar(sa.select(subscriber.c.email_key).where(subscriber.c.id == subscriber_id))
    if key is not None and suppress(connection, key, reason=SuppressionReason.LEFT, at=at):
        record(connection, subscriber_id, Happened.LEFT_EVERYTHING, at=at, mailing_id=mailing_id)


def undo_leave(
    connection: sa.Connection, subscriber_id: int, *, list_name: str | None, mailing_id: int | None, at: datetime
) -> None:
    """Take back what `leave` did through the same mailing: to that list, and to everything. Again: no change.

    Nobody is brought back to a list that they left in another way, and no other suppression is lifted.
    """
    lists: dict[int, str] = {}
    everything = _last(connection, subscriber_id, Happened.LEFT_EVERYTHING, "", mailing_id)
    if everything is not None and _lift_leave(connection, subscriber_id):
        lists |= _left_at(connection, subscriber_id, everything)
    one = list_name and _last(connection, subscriber_id, Happened.LEFT, list_name, mailing_id)
    if one:
        found = _left_at(connection, subscriber_id, one)
        lists |= {list_id: name for list_id, name in found.items() if name == list_name}
    _set_status(connection, subscriber_id, list(lists), _CONFIRMED, at)
    for name in sorted(lists.values()):
        record(connection, subscriber_id, Happened.CAME_BACK, at=at, detail=name, mailing_id=mailing_id)


def _last(
    connection: sa.Connection, subscriber_id: int, kind: Happened, detail: str, mailing_id: int | None
) -> datetime | None:
    """When that last happened to the person through that mailing."""
    event = subscriber_event.c
    return connection.scalar(
        sa.select(event.at)
        .where(
            event.subscriber_id == subscriber_id,
            event.kind == kind.value,
            event.detail == detail,
            event.mailing_id.is_not_distinct_from(mailing_id),
        )
        .order_by(event.id.desc())
        .limit(1)
    )


def _left_at(connection: sa.Connection, subscriber_id: int, left_at: datetime) -> dict[int, str]:
    """The lists that ended at that instant and have not changed since."""
    rows = connection.execute(
        sa.select(mailing_list.c.id, mailing_list.c.name)
        .join(subscription)
        .where(
            subscription.c.subscriber_id == subscriber_id,
            subscription.c.status == _LEFT,
            subscription.c.changed_at == left_at,
        )
    )
    return {row.id: row.name for row in rows}


def _lift_leave(connection: sa.Connection, subscriber_id: int) -> bool:
    key = sa.select(subscriber.c.email_key).where(subscriber.c.id == subscriber_id).scalar_subquery()
    lifted = connection.execute(
        suppression.delete()
        .where(suppression.c.email_key == key, suppression.c.reason == SuppressionReason.LEFT.value)
        .returning(suppression.c.email_key)
    )
    return lifted.first() is not None


def _set_status(connection: sa.Connection, subscriber_id: int, lists: list[int], status: str, at: datetime) -> None:
    connection.execute(
        subscription.update()
        .where(subscription.c.subscriber_id == subscriber_id, subscription.c.list_id.in_(lists))
        .values(status=status, changed_at=at)
    )
