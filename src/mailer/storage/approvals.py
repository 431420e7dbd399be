"""Approvals: who has looked at what. Kept for the record; the newest that nobody withdrew is the one that counts."""

from dataclasses import asdict, fields
from datetime import datetime

import sqlalchemy as sa

from mailer.domain.approval import Approval
from mailer.storage.rowset import storable
from mailer.storage.tables import approval

_COLUMNS = [approval.c[field.name] for field in fields(Approval)]


def add(connection: sa.Connection, given: Approval) -> None:
    row = asdict(given) | {"approved_by": storable(given.approved_by)}
    connection.execute(sa.insert(approval).values(row))


def of_campaign(connection: sa.Connection, slug: str) -> Approval | None:
    """The one that counts of a campaign as its file stands; None if nobody approved it."""
    return _newest(connection, approval.c.slug == slug, approval.c.schedule_id.is_(None))


def of_occurrence(connection: sa.Connection, schedule_id: int, key: str) -> Approval | None:
    """The one that counts of the proof of an occurrence."""
    return _newest(connection, approval.c.schedule_id == schedule_id, approval.c.key == key)


def withdraw(connection: sa.Connection, slug: str, *, at: datetime) -> int:
    """Take back all that was approved of a campaign, and of occurrences of it; how many there were."""
    step = sa.update(approval).where(approval.c.slug == slug, approval.c.withdrawn_at.is_(None))
    return connection.execute(step.values(withdrawn_at=at)).rowcount


def _newest(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> Approval | None:
    query = sa.select(*_COLUMNS).where(*conditions, approval.c.withdrawn_at.is_(None))
    row = connection.execute(query.order_by(approval.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else Approval(**row._asdict())
