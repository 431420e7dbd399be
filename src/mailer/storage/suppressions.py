"""Addresses that may not be mailed, whatever lists they are on.

A suppression outlives the person: it is keyed by the address. Of somebody erased only a hash is kept, enough to
recognise the address if an import brings it again and nothing to read.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.subscriber import SuppressionReason
from mailer.storage.history import Happened, record_for_address
from mailer.storage.tables import suppression

#: Which reason stays when there are two: what a person or a provider said outweighs what we know from elsewhere.
_WEIGHT = {
    SuppressionReason.LEFT: 0,
    SuppressionReason.IMPORTED: 1,
    SuppressionReason.BAD_ADDRESS: 2,
    SuppressionReason.MANUAL: 3,
    SuppressionReason.COMPLAINT: 4,
    SuppressionReason.ERASED: 5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """email_key: the address, or "sha256:…" of it for somebody erased."""

    email_key: str
    reason: SuppressionReason
    detail: str
    at: datetime


def erased_key(email_key: str) -> str:
    """What stands for the address of somebody erased."""
    return f"sha256:{hashlib.sha256(email_key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def suppress(
    connection: sa.Connection, email_key: str, *, reason: SuppressionReason, detail: str = "", at: datetime
) -> bool:
    """Mail this address no more. False if that was so already; of two reasons the weightier one stays."""
    known = find(connection, email_key)
    if known is not None and _WEIGHT[known.reason] >= _WEIGHT[reason]:
        return False
    stored = erased_key(email_key) if reason is SuppressionReason.ERASED else email_key
    connection.execute(suppression.delete().where(suppression.c.email_key == email_key))
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = insert(suppression).values(email_key=stored, reason=reason.value, detail=detail, at=at)
    # Somebody else may suppress it at this moment, for a reason of theirs: it is suppressed, and neither fails.
    connection.execute(row.on_conflict_do_nothing())
    record_for_address(connection, email_key, Happened.SUPPRESSED, at=at, detail=_in_words(reason, detail))
    return True


def release(connection: sa.Connection, email_key: str, *, at: datetime) -> bool:
    """Lift the suppression; False if there was none. Subscriptions stay as they are."""
    known = find(connection, email_key)
    if known is None:
        return False
    connection.execute(suppression.delete().where(suppression.c.email_key == known.email_key))
    record_for_address(connection, email_key, Happened.RELEASED, at=at, detail=_in_words(known.reason, known.detail))
    return True


def find(connection: sa.Connection, email_key: str) -> Suppression | None:
    """The suppression of an address, also when only the hash of it is kept."""
    keys = (email_key, erased_key(email_key))
    row = connection.execute(sa.select(suppression).where(suppression.c.email_key.in_(keys))).first()
    return None if row is None else _read(row)


def everyone(connection: sa.Connection) -> Iterator[Suppression]:
    """All of them, newest first."""
    query = sa.select(suppression).order_by(suppression.c.at.desc(), suppression.c.email_key)
    for row in connection.execution_options(yield_per=5000).execute(query):
        yield _read(row)


def _read(row: sa.Row[*tuple[object, ...]]) -> Suppression:
    return Suppression(email_key=row.email_key, reason=SuppressionReason(row.reason), detail=row.detail, at=row.at)


def _in_words(reason: SuppressionReason, detail: str) -> str:
    return f"{reason.value}: {detail}" if detail else reason.value
