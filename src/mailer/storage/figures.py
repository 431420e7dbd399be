"""Figures about mailings, as `status` shows them: how fast, how many left, why some failed.

None of them reads all rows of a large ledger more than once.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import sqlalchemy as sa

from mailer.domain.mailing import MailingState, RowState
from mailer.storage.control import ADDRESS_IS_WRONG
from mailer.storage.history import Happened
from mailer.storage.tables import delivery, delivery_event, mailing, subscriber, subscriber_event

#: The mailings that say what is usual, and how many of them it takes to say anything.
_RECENT_MAILINGS = 10
_FEWEST = 3
#: A rate is worked out from this many of the newest events, if they are no older than that.
_RECENT_EVENTS = 2_000
_RATE_WINDOW = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How many rows ended for one reason at one provider (the domain of their addresses)."""

    state: RowState
    cause: str
    provider: str
    count: int

    @property
    def is_of_address(self) -> bool:
        """Whether the relay said that the address itself is at fault: another try would be wrong."""
        return self.cause.rpartition(" ")[2] in ADDRESS_IS_WRONG


def usual_size(connection: sa.Connection, list_name: str) -> int | None:
    """How many people the newest mailings of a list went to, the median; None while there are too few to say."""
    query = sa.select(mailing.c.total).where(mailing.c.list_name == list_name, mailing.c.total > 0)
    finished = query.where(mailing.c.state == MailingState.FINISHED).order_by(mailing.c.id.desc())
    totals = list(connection.scalars(finished.limit(_RECENT_MAILINGS)))
    return int(median(totals)) if len(totals) >= _FEWEST else None


def rate(connection: sa.Connection, mailing_id: int, *, now: datetime) -> float | None:
    """Messages a second that the relay took lately; None when none went out in the last minute."""
    since = int((now - _RATE_WINDOW).timestamp())
    newest = sa.select(delivery_event.c.id).order_by(delivery_event.c.id.desc()).limit(_RECENT_EVENTS).subquery()
    number, first = connection.execute(
        sa.select(sa.func.count(), sa.func.min(delivery_event.c.at))
        .join(newest, newest.c.id == delivery_event.c.id)
        .where(delivery_event.c.mailing_id == mailing_id, delivery_event.c.state == RowState.SENT)
        .where(delivery_event.c.at >= since)
    ).one()
    return round(number / max(1.0, now.timestamp() - first), 1) if number else None


def left(connection: sa.Connection, mailing_id: int) -> int:
    """How many people left by this mailing's link, and did not take it back."""
    event = subscriber_event.c
    last = sa.select(sa.func.max(event.id)).where(event.mailing_id == mailing_id).group_by(event.subscriber_id)
    gone = [Happened.LEFT.value, Happened.LEFT_EVERYTHING.value]
    query = sa.select(sa.func.count()).where(event.id.in_(last), event.kind.in_(gone))
    return connection.scalar(query) or 0


def failures(connection: sa.Connection, mailing_id: int) -> list[Failure]:
    """Failed and uncertain rows by cause and provider, most frequent first. Reads those rows, and no others."""
    row, event = delivery.c, delivery_event.c
    ended = sa.and_(row.mailing_id == mailing_id, row.state.in_([RowState.FAILED, RowState.UNCERTAIN]))
    last = (
        sa.select(sa.func.max(event.id).label("id"))
        .select_from(delivery)
        .join(delivery_event, sa.and_(event.mailing_id == row.mailing_id, event.subscriber_id == row.subscriber_id))
        .where(ended, event.state == row.state)
        .group_by(row.subscriber_id)
        .subquery()
    )
    query = (
        sa.select(event.state, event.code, event.enhanced, event.detail, subscriber.c.email)
        .join(last, last.c.id == event.id)
        .join(subscriber, subscriber.c.id == event.subscriber_id)
    )
    found = Counter((RowState(one.state), _cause(one), provider_of(one.email)) for one in connection.execute(query))
    return [
        Failure(state=state, cause=cause, provider=provider, count=count)
        for (state, cause, provider), count in sorted(found.items(), key=lambda item: (-item[1], item[0]))
    ]


def _cause(event: Any) -> str:
    """The codes of a reply; its text differs from person to person. Without a reply, the reason in words."""
    return f"{event.code} {event.enhanced}".strip() if event.code else event.detail


def provider_of(email: str) -> str:
    return email.rpartition("@")[2].lower()
