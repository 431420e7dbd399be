"""People, as editions, pages and commands read them.

`recipients` is on the path of every message: it asks only for the columns and joins that the edition needs. What can be
done to a person (`leave`, `undo_leave`, `suppress`) is at hand here too; it lives in `subscriptions` and `suppressions`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from mailer.domain.address import email_key
from mailer.domain.mailing import REACHED
from mailer.domain.person import full_name
from mailer.domain.subscriber import STANDARD_FIELDS, Recipient, SubscriptionStatus, is_received, mailings_in
from mailer.storage.database import compact_json
from mailer.storage.subscriptions import leave, undo_leave
from mailer.storage.suppressions import suppress
from mailer.storage.tables import delivery, mailing_list, subscriber, subscriber_tag, subscription, tag

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
    return _recipients(connection, _among(connection, subscriber.c.id, ids), needs)


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


def _among(connection: sa.Connection, column: sa.ColumnElement[int], ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """`column IN ids` with one bound value: binding five hundred takes longer than finding them."""
    if connection.dialect.name == "sqlite":
        packed = sa.func.json_each(compact_json(list(ids))).table_valued("value")
        return column.in_(sa.select(packed.c.value))
    return column == sa.any_(sa.literal(list(ids), ARRAY(sa.BigInteger)))


def _recipients(connection: sa.Connection, condition: sa.ColumnElement[bool], needs: frozenset[str]) -> list[Recipient]:
    plain = [name for name in _COLUMNS if name in needs]
    derived = [name for name in _columns_behind(needs) if name not in plain]
    names = ["id", "public_id", "email", *plain, *derived]
    rows = connection.execute(sa.select(*(subscriber.c[name] for name in names)).where(condition)).all()
    ids = [row[0] for row in rows]
    tags = _grouped(connection, _tag_names(connection, ids)) if "tags" in needs else {}
    lists = _grouped(connection, _list_names(connection, ids)) if "lists" in needs else {}
    received = _received(connection, ids, mailings_in(needs))
    found = []
    for row in rows:
        known = dict(zip(names, row, strict=True))
        fields = _attributes(known["attributes"], needs) if "attributes" in known else {}
        fields |= {name: known[name] for name in plain if known[name]}
        fields |= _derived_fields(known, needs)
        if "tags" in needs:
            fields["tags"] = tags.get(row[0], ())
        if "lists" in needs:
            fields["lists"] = lists.get(row[0], ())
        public_id = row[1] % _UNSIGNED
        found.append(
            Recipient(
                subscriber_id=row[0],
                public_id=public_id,
                email=row[2],
                fields=fields,
                received=received.get(row[0], ()),
            )
        )
    return found


def _columns_behind(needs: frozenset[str]) -> Iterator[str]:
    """Columns that fields are made from."""
    if "name" in needs:
        yield from ("name", "first_name", "last_name")
    if "joined_at" in needs:
        yield "created_at"
    if "topics" in needs:
        yield "topics"
    plain = STANDARD_FIELDS - {"attributes"}
    if any(need not in plain and not is_received(need) for need in needs):
        yield "attributes"


def _attributes(attributes: Mapping[str, Any], needs: frozenset[str]) -> dict[str, Any]:
    fields = {name: value for name, value in attributes.items() if name in needs}
    if "attributes" in needs:
        fields["attributes"] = attributes
    return fields


def _derived_fields(known: Mapping[str, Any], needs: frozenset[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if "email" in needs:
        fields["email"] = known["email"]
    if "name" in needs and (name := full_name(known["name"], known["first_name"], known["last_name"])):
        fields["name"] = name
    if "joined_at" in needs:
        fields["joined_at"] = known["created_at"].date().isoformat()
    if "topics" in needs:
        fields["topics"] = tuple(known["topics"])
    return fields


def _received(
    connection: sa.Connection, ids: Sequence[int], mailings: tuple[int, ...]
) -> Mapping[int, tuple[int, ...]]:
    """Those of the mailings that reached each person, or may have. One look-up by the ledger's key for each of both."""
    found: dict[int, list[int]] = {}
    if mailings:
        query = sa.select(delivery.c.subscriber_id, delivery.c.mailing_id).where(
            delivery.c.mailing_id.in_(mailings),
            _among(connection, delivery.c.subscriber_id, ids),
            delivery.c.state.in_(sorted(REACHED)),
        )
        for person, mailing in connection.execute(query):
            found.setdefault(person, []).append(mailing)
    return {person: tuple(sorted(had)) for person, had in found.items()}


def _tag_names(connection: sa.Connection, ids: Sequence[int]) -> sa.Select[int, str]:
    among = _among(connection, subscriber_tag.c.subscriber_id, ids)
    return sa.select(subscriber_tag.c.subscriber_id, tag.c.name).join(tag).where(among)


def _list_names(connection: sa.Connection, ids: Sequence[int]) -> sa.Select[int, str]:
    confirmed = subscription.c.status == SubscriptionStatus.CONFIRMED.value
    query = sa.select(subscription.c.subscriber_id, mailing_list.c.name).join(mailing_list)
    return query.where(_among(connection, subscription.c.subscriber_id, ids), confirmed)


def _grouped(connection: sa.Connection, query: sa.Select[int, str]) -> dict[int, tuple[str, ...]]:
    """Names by person, sorted in Python: the engines sort text differently."""
    found: dict[int, list[str]] = {}
    for person, name in connection.execute(query):
        found.setdefault(person, []).append(name)
    return {person: tuple(sorted(names)) for person, names in found.items()}
