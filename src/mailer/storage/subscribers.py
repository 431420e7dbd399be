"""People, as editions, pages and commands read them.

`recipients` is on the path of every message: it asks only for the columns and joins that the edition needs. What can be
done to a person (`leave`, `undo_leave`, `suppress`) is at hand here too; it lives in `subscriptions` and `suppressions`.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from mailer.domain.address import email_key
from mailer.domain.person import full_name
from mailer.domain.subscriber import STANDARD_FIELDS, Recipient, SubscriptionStatus
from mailer.storage.subscriptions import leave, undo_leave
from mailer.storage.suppressions import suppress
from mailer.storage.tables import mailing_list, subscriber, subscriber_tag, subscription, tag

__all__ = [
    "find_by_email",
    "find_by_public_id",
    "known_attributes",
    "leave",
    "recipient_by_email",
    "recipients",
    "signed",
    "suppress",
    "undo_leave",
    "unsigned",
]

_COLUMNS = ("first_name", "last_name", "language", "timezone", "country")
_UNSIGNED = 1 << 64


def signed(public_id: int) -> int:
    """A public id as the databases hold it: both know only signed integers."""
    return public_id - _UNSIGNED if public_id >= 1 << 63 else public_id


def unsigned(stored: int) -> int:
    return stored % _UNSIGNED


def recipients(connection: sa.Connection, ids: Sequence[int], needs: frozenset[str]) -> list[Recipient]:
    """The people of `ids` who are still there, in no order, with the fields of `needs` that they have."""
    return _recipients(connection, subscriber.c.id.in_(list(ids)), needs)


def recipient_by_email(
    connection: sa.Connection, email: str, needs: frozenset[str] = STANDARD_FIELDS
) -> Recipient | None:
    """The person with that address, mailable or not."""
    return next(iter(_recipients(connection, subscriber.c.email_key == email_key(email), needs)), None)


def find_by_public_id(connection: sa.Connection, public_id: int) -> int | None:
    """The subscriber id behind a link's (unsigned) public id."""
    return connection.scalar(sa.select(subscriber.c.id).where(subscriber.c.public_id == signed(public_id)))


def find_by_email(connection: sa.Connection, email: str) -> int | None:
    return connection.scalar(sa.select(subscriber.c.id).where(subscriber.c.email_key == email_key(email)))


def known_attributes(connection: sa.Connection) -> frozenset[str]:
    """The names of all attributes that anybody has. Reads every person: about a second for a million."""
    each = (
        sa.func.json_each(subscriber.c.attributes).table_valued("key")
        if connection.dialect.name == "sqlite"
        else sa.func.jsonb_object_keys(subscriber.c.attributes).table_valued("key").render_derived()
    )
    found = connection.scalars(sa.select(each.c.key).distinct().select_from(subscriber).join(each, sa.true()))
    return frozenset(found)


def _recipients(connection: sa.Connection, condition: sa.ColumnElement[bool], needs: frozenset[str]) -> list[Recipient]:
    wanted = [name for name in _COLUMNS if name in needs or (name in ("first_name", "last_name") and "name" in needs)]
    columns = [subscriber.c.id, subscriber.c.public_id, subscriber.c.email, *(subscriber.c[name] for name in wanted)]
    if "name" in needs:
        columns.append(subscriber.c.name)
    if "joined_at" in needs:
        columns.append(subscriber.c.created_at)
    if needs - (STANDARD_FIELDS - {"attributes"}):
        columns.append(subscriber.c.attributes)
    rows = connection.execute(sa.select(*columns).where(condition)).mappings().all()
    ids = [row["id"] for row in rows]
    tags = _grouped(connection, _tag_names(ids)) if "tags" in needs else {}
    lists = _grouped(connection, _list_names(ids)) if "lists" in needs else {}
    return [_recipient(row, needs, tags.get(row["id"], ()), lists.get(row["id"], ())) for row in rows]


def _recipient(row: sa.RowMapping, needs: frozenset[str], tags: tuple[str, ...], lists: tuple[str, ...]) -> Recipient:
    attributes = row.get("attributes") or {}
    fields: dict[str, Any] = {name: value for name, value in attributes.items() if name in needs}
    if "attributes" in needs:
        fields["attributes"] = attributes
    fields |= {name: row[name] for name in _COLUMNS if name in needs and row[name]}
    if "email" in needs:
        fields["email"] = row["email"]
    if "name" in needs and (name := full_name(row["name"], row["first_name"], row["last_name"])):
        fields["name"] = name
    if "joined_at" in needs:
        fields["joined_at"] = row["created_at"].date().isoformat()
    if "tags" in needs:
        fields["tags"] = tags
    if "lists" in needs:
        fields["lists"] = lists
    if "topics" in needs:
        fields["topics"] = ()  # nobody can choose topics yet
    return Recipient(subscriber_id=row["id"], public_id=unsigned(row["public_id"]), email=row["email"], fields=fields)


def _tag_names(ids: Sequence[int]) -> sa.Select[int, str]:
    return (
        sa.select(subscriber_tag.c.subscriber_id, tag.c.name).join(tag).where(subscriber_tag.c.subscriber_id.in_(ids))
    )


def _list_names(ids: Sequence[int]) -> sa.Select[int, str]:
    confirmed = subscription.c.status == SubscriptionStatus.CONFIRMED.value
    return (
        sa.select(subscription.c.subscriber_id, mailing_list.c.name)
        .join(mailing_list)
        .where(subscription.c.subscriber_id.in_(ids), confirmed)
    )


def _grouped(connection: sa.Connection, query: sa.Select[int, str]) -> dict[int, tuple[str, ...]]:
    """Names by person, sorted in Python: the engines sort text differently."""
    found: dict[int, list[str]] = {}
    for person, name in connection.execute(query):
        found.setdefault(person, []).append(name)
    return {person: tuple(sorted(names)) for person, names in found.items()}
