"""An audience becomes rows of the ledger: chunk by chunk, whole or again after a crash, never twice.

Each chunk and the cursor that says how far it came are one transaction, so a process that dies in the middle leaves a
mailing that anybody may go on with (`materialise` again), and rows that are there already stay as they are.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.audience import Audience
from mailer.domain.mailing import MANY_PEOPLE, MailingState, RowState
from mailer.storage import audiences, events, mailings
from mailer.storage.database import Database
from mailer.storage.tables import delivery, mailing, subscriber

#: Subscriber ids spanned by one transaction: a quarter of a second on SQLite, in which nobody else writes.
CHUNK = 100_000
_NEW_ROW = {"state": int(RowState.QUEUED), "lane": 0, "due": 0, "attempts": 0, "token": 0, "lease": 0, "relay": 0}


def materialise(database: Database, mailing_id: int, *, at: datetime, undo: timedelta) -> None:
    """Write the rows that are missing, then let the mailing send; one to many people first waits out `undo`.

    at: now; the undo window is counted from it. Does nothing for a mailing that is past this, so several processes may
    try at once.
    """
    while True:
        with database.writing() as connection:
            if not _next_chunk(connection, mailing_id):
                _begin(connection, mailing_id, at=at, undo=undo)
                return


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
        connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(total=len(rows)))
        told = [(who, RowState.FAILED, 0, "", why, "") for who, why in reasons.items()]
        events.write(connection, mailing_id, told, at=int(at.timestamp()))


def _next_chunk(connection: sa.Connection, mailing_id: int) -> bool:
    """Write one chunk and move the cursor past it; False when there is none left to write."""
    query = sa.select(mailing.c.state, mailing.c.audience, mailing.c.materialised_to, mailing.c.starts_at)
    found = connection.execute(query.where(mailing.c.id == mailing_id).with_for_update()).one()
    newest = connection.scalar(sa.select(sa.func.max(subscriber.c.id))) or 0
    if found.state != MailingState.MATERIALISING or found.materialised_to >= newest:
        return False
    audience = Audience.from_json(found.audience)
    # A sample is drawn from everybody at once, so it is written at once.
    last = newest if audience.limit is not None else min(newest, found.materialised_to + CHUNK)
    everybody = audiences.members(audience, now=found.starts_at)
    ids = everybody.where(subscriber.c.id > found.materialised_to, subscriber.c.id <= last)
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = insert(delivery).from_select(
        ["subscriber_id", "mailing_id", *_NEW_ROW], ids.add_columns(*_row_of(mailing_id))
    )
    # Counted as they are written: counting a million rows afterwards would take a fifth of the time.
    written = connection.execute(rows.on_conflict_do_nothing().execution_options(preserve_rowcount=True)).rowcount
    values = {"materialised_to": last, "total": mailing.c.total + written}
    connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(values))
    return True


def _row_of(mailing_id: int) -> list[sa.ColumnElement[int]]:
    return [sa.literal_column(str(mailing_id)), *(sa.literal_column(str(value)) for value in _NEW_ROW.values())]


def _begin(connection: sa.Connection, mailing_id: int, *, at: datetime, undo: timedelta) -> None:
    """All rows are there: open the undo window of a large mailing, let a small one send, finish an empty one."""
    written = mailings.get(connection, mailing_id)
    if written.state is not MailingState.MATERIALISING:
        return
    waits = undo if written.total > MANY_PEOPLE else timedelta(0)
    connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(starts_at=at + waits))
    mailings.move(connection, mailing_id, MailingState.WAITING if waits else MailingState.SENDING, at=at)
    if not waits:
        mailings.finish_if_done(connection, mailing_id, at=at)
