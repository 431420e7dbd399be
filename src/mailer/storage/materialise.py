"""An audience becomes rows of the ledger: chunk by chunk, whole or again after a crash, never twice.

Each chunk and the cursor that says how far it came are one transaction, so a process that dies in the middle leaves a
mailing that anybody may go on with (`materialise` again), and rows that are there already stay as they are.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.audience import Audience
from mailer.domain.mailing import MailingState, RowState
from mailer.storage import audiences, events, mailings
from mailer.storage.database import Database
from mailer.storage.tables import delivery, mailing, subscriber

#: Subscribers looked at in one transaction: a quarter of a second on SQLite, in which nobody else writes.
CHUNK = 100_000
_NEW_ROW = {"state": int(RowState.QUEUED), "lane": 0, "due": 0, "attempts": 0, "token": 0, "lease": 0}


def materialise(
    database: Database,
    mailing_id: int,
    *,
    at: datetime,
    undo: timedelta,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Write the rows that are missing, then let the mailing wait out `undo` (zero: send at once), or finish if it is empty.

    at: now; the undo window is counted from it. progress: is told how many more subscribers were looked at.
    Does nothing for a mailing that is past this, so several processes may try at once.
    """
    while True:
        with database.writing() as connection:
            seen = _next_chunk(connection, mailing_id)
            if seen == 0:
                _begin(connection, mailing_id, at=at, undo=undo)
                return
        progress(seen)


def page(connection: sa.Connection, audience: Audience, *, after: int, size: int, now: datetime) -> list[int]:
    """The next `size` subscriber ids of the audience above `after`, ascending."""
    everybody = audiences.members(audience, now=now).where(subscriber.c.id > after)
    return list(connection.scalars(everybody.order_by(subscriber.c.id).limit(size)))


def fail_unbuildable(connection: sa.Connection, mailing_id: int, reasons: Mapping[int, str], *, at: datetime) -> None:
    """Rows, failed from the start, for subscribers whose message the rehearsal could not build: id -> why."""
    rows = [
        _NEW_ROW | {"mailing_id": mailing_id, "subscriber_id": who, "state": int(RowState.FAILED)} for who in reasons
    ]
    if rows:
        connection.execute(sa.insert(delivery), rows)
        told = [(who, RowState.FAILED, 0, "", why) for who, why in reasons.items()]
        events.write(connection, mailing_id, told, at=int(at.timestamp()))


def _next_chunk(connection: sa.Connection, mailing_id: int) -> int:
    """Write one chunk and move the cursor past it; how many subscribers it spans, 0 when there are no more."""
    query = sa.select(mailing.c.state, mailing.c.audience, mailing.c.materialised_to, mailing.c.starts_at)
    found = connection.execute(query.where(mailing.c.id == mailing_id).with_for_update()).one()
    if found.state != MailingState.MATERIALISING:
        return 0
    after = sa.select(subscriber.c.id).where(subscriber.c.id > found.materialised_to).order_by(subscriber.c.id)
    span = after.limit(CHUNK).subquery()
    seen, last = connection.execute(sa.select(sa.func.count(), sa.func.max(span.c.id))).one()
    if seen:
        everybody = audiences.members(Audience.from_json(found.audience), now=found.starts_at)
        ids = everybody.where(subscriber.c.id > found.materialised_to, subscriber.c.id <= last)
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        row = insert(delivery).from_select(
            ["subscriber_id", "mailing_id", *_NEW_ROW], ids.add_columns(*_row_of(mailing_id))
        )
        connection.execute(row.on_conflict_do_nothing())
        connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(materialised_to=last))
    return int(seen)


def _row_of(mailing_id: int) -> list[sa.ColumnElement[int]]:
    return [sa.literal_column(str(mailing_id)), *(sa.literal_column(str(value)) for value in _NEW_ROW.values())]


def _begin(connection: sa.Connection, mailing_id: int, *, at: datetime, undo: timedelta) -> None:
    """All rows are there: count them, and open the undo window."""
    if mailings.get(connection, mailing_id).state is not MailingState.MATERIALISING:
        return
    rows = mailings.counts(connection, mailing_id)
    values = {"total": rows.total, "starts_at": at + undo}
    connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(values))
    if not rows.open:
        mailings.move(connection, mailing_id, MailingState.FINISHED, at=at)
    else:
        mailings.move(connection, mailing_id, MailingState.WAITING if undo else MailingState.SENDING, at=at)
