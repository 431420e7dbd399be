"""An audience becomes rows of the ledger: chunk by chunk, whole or again after a crash, never twice.

Each chunk and the cursor that says how far it came are one transaction, so a process that dies in the middle leaves a
mailing that anybody may go on with (`materialise` again), and rows that are there already stay as they are.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mailer.domain.audience import Audience
from mailer.domain.mailing import LAST_PLACE, MANY_PEOPLE, MailingState, RowState
from mailer.storage import audiences, events, mailings, spans
from mailer.storage.database import Database
from mailer.storage.providers import provider_group
from mailer.storage.spans import Span
from mailer.storage.tables import delivery, mailing, mailing_list, subscriber, subscription
from mailer.storage.types import UtcDateTime

#: Subscriber ids spanned by one transaction: a quarter of a second on SQLite, in which nobody else writes.
CHUNK = spans.LENGTH
_NEW_ROW = {"state": int(RowState.QUEUED), "lane": 0, "due": 0, "attempts": 0, "token": 0, "lease": 0, "relay": 0}


def materialise(
    database: Database, mailing_id: int, *, at: datetime, undo: timedelta, newest_first: bool = False
) -> None:
    """Write the rows that are missing, then let the mailing send; one to many people first waits out `undo`.

    at: now; the undo window is counted from it. newest_first: who joined the list last is mailed first. Does nothing for a mailing that is past this, so several processes may
    try at once.
    """
    while True:
        with database.writing() as connection:
            if not _next_chunk(connection, mailing_id, newest_first=newest_first):
                _begin(connection, mailing_id, at=at, undo=undo)
                return


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


def _next_chunk(connection: sa.Connection, mailing_id: int, *, newest_first: bool = False) -> bool:
    """Write one chunk and move the cursor past it; False when there is none left to write."""
    query = sa.select(mailing.c.state, mailing.c.audience, mailing.c.materialised_to, mailing.c.starts_at)
    found = connection.execute(query.where(mailing.c.id == mailing_id).with_for_update()).one()
    newest = spans.newest(connection)
    if found.state != MailingState.MATERIALISING or found.materialised_to >= newest:
        return False
    audience = Audience.from_json(found.audience)
    # A sample is drawn from everybody at once, so it is written at once.
    last = newest if audience.limit is not None else min(newest, found.materialised_to + CHUNK)
    span = Span(after=found.materialised_to, last=last)
    ids = audiences.members(audience, now=found.starts_at, span=span)
    is_sqlite = connection.dialect.name == "sqlite"
    row: dict[str, sa.ColumnElement[int]] = {name: sa.literal_column(str(value)) for name, value in _NEW_ROW.items()}
    row["lane"] = provider_group(subscriber.c.email_key, is_sqlite=is_sqlite)
    if newest_first:
        row["due"] = _days_on_list(audience.list_name, found.starts_at, is_sqlite=is_sqlite)
    columns = ["subscriber_id", "mailing_id", *row]
    if _some_are_written(connection, mailing_id, after=found.materialised_to):
        ids = ids.where(~_is_written(mailing_id))
    chosen = ids.add_columns(sa.literal_column(str(mailing_id)), *row.values())
    rows = sa.insert(delivery).from_select(columns, chosen, include_defaults=False)
    # Counted as they are written: counting a million rows afterwards would take a fifth of the time.
    written = connection.execute(rows.execution_options(preserve_rowcount=True)).rowcount
    values = {"materialised_to": last, "total": mailing.c.total + written}
    connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(values))
    return True


def _some_are_written(connection: sa.Connection, mailing_id: int, *, after: int) -> bool:
    """Whether anybody above has a row already, because their message could not be built. Nobody else writes rows meanwhile."""
    rows = sa.exists().where(delivery.c.mailing_id == mailing_id, delivery.c.subscriber_id > after)
    return bool(connection.scalar(sa.select(rows)))


def _is_written(mailing_id: int) -> sa.ColumnElement[bool]:
    """Whether somebody has a row already."""
    mine = sa.select(delivery.c.state).where(delivery.c.mailing_id == sa.literal_column(str(mailing_id)))
    return mine.where(delivery.c.subscriber_id == subscriber.c.id).correlate(subscriber).exists()


def _days_on_list(list_name: str, now: datetime, *, is_sqlite: bool) -> sa.ColumnElement[int]:
    """For how many days somebody has been on the list: as `due` it is a place in the queue, far below any time."""
    joined, then = subscription.c.consented_at, sa.literal(now, UtcDateTime)
    days: sa.ColumnElement[Any]
    if is_sqlite:
        days = sa.func.julianday(then) - sa.func.julianday(joined)
        place = sa.cast(sa.func.min(sa.func.max(days, 0), LAST_PLACE), sa.BigInteger)
    else:
        days = sa.func.floor(sa.extract("epoch", then - joined) / 86_400)
        place = sa.cast(sa.func.least(sa.func.greatest(days, 0), LAST_PLACE), sa.BigInteger)
    of_list = sa.select(mailing_list.c.id).where(mailing_list.c.name == list_name).scalar_subquery()
    membership = (subscription.c.list_id == of_list, subscription.c.subscriber_id == subscriber.c.id)
    return sa.select(place).where(*membership).correlate(subscriber).scalar_subquery()


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
