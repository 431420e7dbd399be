"""Changes to one person by hand, each with its event in the same transaction."""

import os
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from mailer.domain.address import email_key
from mailer.domain.subscriber import SuppressionReason
from mailer.storage.history import Happened, record
from mailer.storage.suppressions import suppress
from mailer.storage.tables import delivery_event, subscriber


def add_person(connection: sa.Connection, email: str, *, at: datetime) -> tuple[int, bool]:
    """The id of the person with that address, and whether they are new."""
    key = email_key(email)
    known = connection.scalar(sa.select(subscriber.c.id).where(subscriber.c.email_key == key))
    if known is not None:
        return known, False
    (public_id,) = struct.unpack("q", os.urandom(8))
    made = connection.scalar(
        subscriber.insert()
        .values(public_id=public_id, email=email, email_key=key, created_at=at, updated_at=at)
        .returning(subscriber.c.id)
    )
    assert made is not None
    return made, True


def change_fields(
    connection: sa.Connection,
    subscriber_id: int,
    fields: Mapping[str, str],
    attributes: Mapping[str, str],
    *,
    at: datetime,
) -> None:
    """Set what is given; an empty attribute is taken away. Again: no change."""
    # Held, or what somebody else changes meanwhile would be undone.
    row = connection.execute(sa.select(subscriber).where(subscriber.c.id == subscriber_id).with_for_update()).one()
    merged = {**row.attributes, **attributes}
    merged = {name: value for name, value in merged.items() if value != "" or name not in attributes}
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    changed += [name for name in attributes if merged.get(name) != row.attributes.get(name)]
    if changed:
        values = {**fields, "attributes": merged, "updated_at": at}
        connection.execute(subscriber.update().where(subscriber.c.id == subscriber_id).values(values))
        record(connection, subscriber_id, Happened.CHANGED, at=at, detail=", ".join(changed))


def choose_topics(
    connection: sa.Connection,
    subscriber_id: int,
    topics: Sequence[str],
    *,
    at: datetime,
    by: Happened = Happened.CHANGED,
    mailing_id: int | None = None,
) -> bool:
    """What the person hears of from now on; none: everything. Again: no change, and False.

    topics: as `Topics.chosen` gives them. by: PREFERENCES when they chose it themselves, which no import changes.
    """
    before = tuple(connection.scalars(sa.select(subscriber.c.topics).where(subscriber.c.id == subscriber_id)).one())
    if before == tuple(topics):
        return False
    connection.execute(
        subscriber.update().where(subscriber.c.id == subscriber_id).values(topics=list(topics), updated_at=at)
    )
    now, then = (", ".join(some) or "everything" for some in (topics, before))
    record(connection, subscriber_id, by, at=at, detail=f"topics: {now} (before: {then})", mailing_id=mailing_id)
    return True


def add_tags(connection: sa.Connection, subscriber_id: int, names: Sequence[str], *, at: datetime) -> list[str]:
    """Those of `names` that the person did not have."""
    had = _tags_of(connection, subscriber_id)
    added = [name for name in dict.fromkeys(names) if name not in had]
    if added:
        _set_tags(connection, subscriber_id, {*had, *added})
    for name in added:
        record(connection, subscriber_id, Happened.TAGGED, at=at, detail=name)
    return added


def remove_tags(connection: sa.Connection, subscriber_id: int, names: Sequence[str], *, at: datetime) -> list[str]:
    """Those of `names` that the person had."""
    had = _tags_of(connection, subscriber_id)
    removed = [name for name in dict.fromkeys(names) if name in had]
    if removed:
        _set_tags(connection, subscriber_id, had.difference(removed))
    for name in removed:
        record(connection, subscriber_id, Happened.UNTAGGED, at=at, detail=name)
    return removed


def erase(connection: sa.Connection, subscriber_id: int, *, at: datetime) -> None:
    """Forget a person. What stays: a hash of the address, so that no import brings them back, and numbers without a name.

    Deliveries stay as counts of the mailings they belong to; replies, which may quote the address, go.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")  # overwrite, not only unlink
    key = connection.scalar(sa.select(subscriber.c.email_key).where(subscriber.c.id == subscriber_id))
    assert key is not None
    connection.execute(delivery_event.update().where(delivery_event.c.subscriber_id == subscriber_id).values(detail=""))
    connection.execute(subscriber.delete().where(subscriber.c.id == subscriber_id))
    suppress(connection, key, reason=SuppressionReason.ERASED, at=at)


def _tags_of(connection: sa.Connection, subscriber_id: int) -> set[str]:
    """Held until the end of the transaction: who else changes them waits, and sees what came of it."""
    query = sa.select(subscriber.c.tags).where(subscriber.c.id == subscriber_id).with_for_update()
    return set(connection.scalars(query).one())


def _set_tags(connection: sa.Connection, subscriber_id: int, names: set[str]) -> None:
    connection.execute(subscriber.update().where(subscriber.c.id == subscriber_id).values(tags=sorted(names)))
