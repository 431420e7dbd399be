"""What a person does to the rows of a mailing: cancel them, or give those another chance that deserve one."""

from datetime import datetime

import sqlalchemy as sa

from mailer.domain.mailing import ROW_STEPS, RowState
from mailer.storage import wake
from mailer.storage.tables import delivery, delivery_event, mailing

#: The relay says that the address itself is at fault (RFC 3463 §3.2): trying again would be wrong.
ADDRESS_IS_WRONG = ("5.1.1", "5.1.2", "5.1.3", "5.1.10")


def cancel_rows(connection: sa.Connection, mailing_id: int) -> int:
    """Take back what has not been marked for the wire; how many rows. Whoever leased one can no longer mark it."""
    states = [RowState.QUEUED, RowState.LEASED]
    assert all(RowState.CANCELLED in ROW_STEPS[state] for state in states)
    step = sa.update(delivery).where(delivery.c.mailing_id == mailing_id, delivery.c.state.in_(states))
    return connection.execute(step.values(state=RowState.CANCELLED, token=0, lease=0)).rowcount


def queue_again(connection: sa.Connection, mailing_id: int, state: RowState, *, give_up_at: datetime) -> int:
    """Queue the rows in `state` (failed or uncertain) at once, with a new deadline for retries; how many.

    Failed rows whose address is at fault stay as they are.
    """
    assert RowState.QUEUED in ROW_STEPS[state]
    step = sa.update(delivery).where(delivery.c.mailing_id == mailing_id, delivery.c.state == state)
    if state is RowState.FAILED:
        step = step.where(~_address_was_wrong())
    number = connection.execute(step.values(state=RowState.QUEUED, due=0, attempts=0, token=0, lease=0)).rowcount
    if number:
        # What a wait for a quota or the hours has added went with the old deadline: it is added to this one anew.
        deadline = {"give_up_at": give_up_at, "waited_until": None}
        connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(deadline))
        wake.tell(connection)
    return number


def _address_was_wrong() -> sa.ColumnElement[bool]:
    event = delivery_event.c
    of_row = sa.and_(event.mailing_id == delivery.c.mailing_id, event.subscriber_id == delivery.c.subscriber_id)
    return sa.exists().where(of_row, event.state == RowState.FAILED, event.enhanced.in_(ADDRESS_IS_WRONG))


def state_of(connection: sa.Connection, mailing_id: int, subscriber_id: int) -> RowState | None:
    """Where one person's row stands; None when the mailing has none for them."""
    row = sa.select(delivery.c.state).where(
        delivery.c.mailing_id == mailing_id, delivery.c.subscriber_id == subscriber_id
    )
    found = connection.scalar(row)
    return None if found is None else RowState(found)
