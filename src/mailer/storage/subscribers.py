"""People, as editions, pages and commands read them.

`recipients` is on the path of every message: it asks only for the columns and joins that the edition needs. What can be
done to a person (`leave`, `undo_leave`, `suppress`) is at hand here too; it lives in `subscriptions` and `suppressions`.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from mailer.domain.address import email_key
from mailer.domain.subscriber import STANDARD_FIELDS, Recipient
from mailer.storage.recipients import Reader, reader
from mailer.storage.subscriptions import leave, undo_leave
from mailer.storage.suppressions import suppress
from mailer.storage.tables import subscriber
from mailer.storage.types import signed, unsigned

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


def recipients(connection: sa.Connection, ids: Sequence[int], needs: frozenset[str]) -> list[Recipient]:
    """The people of `ids` who are still there, in no order, with the fields of `needs` that they have."""
    return _reader(connection, needs).by_ids(connection, ids)


def recipient_by_email(
    connection: sa.Connection, email: str, needs: frozenset[str] = STANDARD_FIELDS
) -> Recipient | None:
    """The person with that address, mailable or not."""
    return _reader(connection, needs).by_email(connection, email_key(email))


def _reader(connection: sa.Connection, needs: frozenset[str]) -> Reader:
    return reader(needs, is_sqlite=connection.dialect.name == "sqlite")


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
