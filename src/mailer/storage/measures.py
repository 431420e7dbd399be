"""Figures about the whole database, for whoever watches it: how much waits, how much is done, who is at work.

No campaign and no address is among them. Mailings that have ended are counted once; only those under way are looked
at again, so a look costs as much as what is going on.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mailer.domain.limits import NO_LIMITS, Limits
from mailer.domain.mailing import ENDED_MAILINGS, OPEN_ROWS, Mailing, MailingState, RowState
from mailer.storage import mailings, schedules
from mailer.storage.alerts import Channel
from mailer.storage.heartbeats import ALIVE_FOR, Role
from mailer.storage.ledger_outlook import earliest_due, outlook
from mailer.storage.status import waiting_for
from mailer.storage.tables import IN_HAND, alert, delivery, delivery_event, instance, mailing, worker

#: Longer than the longest rest of a connection, than a lease and than the pauses of a relay that is full.
UNTOUCHED_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """rows: by the state in which they stand. Durations in seconds; None: there is nothing to say it of.

    oldest_due: how long the row has been due that has waited longest. schedule_lag: how late what should have gone out is.
    beats: since when nobody of a role has given a sign of life; alive: how many do.
    """

    rows: "Counter[RowState]"
    mailings: "Counter[MailingState]"
    oldest_due: float
    schedule_lag: float
    overdue_leases: int
    reaped: int
    beats: dict[Role, float]
    alive: "Counter[Role]"
    alerts_waiting: int
    backed_up_at: datetime | None


class Gauge:
    """Looks at one database again and again, from one thread at a time."""

    def __init__(self, channels: frozenset[Channel] = frozenset(Channel)) -> None:
        """channels: those on which alerts are told."""
        self._channels = channels
        self._ended: dict[int, tuple[datetime | None, Counter[RowState]]] = {}

    def look(self, connection: sa.Connection, *, now: datetime) -> Measures:
        """`now`: the machine's clock."""
        everything = mailings.everything(connection)
        second = int(now.timestamp())
        leases = sa.select(sa.func.count()).where(IN_HAND, delivery.c.lease < second)
        unsaid = sa.select(sa.func.count()).where(alert.c.done_at.is_(None), alert.c.channel.in_(self._channels))
        itself = connection.execute(sa.select(instance.c.reaped, instance.c.backed_up_at)).first()
        next_at = schedules.earliest(connection)
        beats, alive = _signs_of_life(connection, now)
        return Measures(
            rows=sum((self._rows(connection, one) for one in everything), Counter(dict.fromkeys(RowState, 0))),
            mailings=Counter(one.state for one in everything),
            oldest_due=_oldest_due(connection, second),
            schedule_lag=max(0.0, (now - next_at).total_seconds()) if next_at else 0.0,
            overdue_leases=connection.scalar(leases) or 0,
            reaped=itself.reaped if itself else 0,
            beats=beats,
            alive=alive,
            alerts_waiting=connection.scalar(unsaid) or 0,
            backed_up_at=itself.backed_up_at if itself else None,
        )

    def _rows(self, connection: sa.Connection, one: Mailing) -> "Counter[RowState]":
        known = self._ended.get(one.id)
        if known and one.state in ENDED_MAILINGS and known[0] == one.finished_at:
            return known[1]
        rows = Counter(dict(mailings.counts(connection, one.id)))
        if one.state in ENDED_MAILINGS and not any(rows[state] for state in OPEN_ROWS):
            self._ended[one.id] = (one.finished_at, rows)
        return rows


def untouched(connection: sa.Connection, *, now: datetime, limits: Mapping[str, Limits] = NO_LIMITS) -> int:
    """How many messages are due and in nobody's hands, with nothing known that they wait for, while nothing moves at all.

    limits: of each relay, by its name.
    """
    newest = connection.scalar(sa.select(delivery_event.c.at).order_by(delivery_event.c.id.desc()).limit(1)) or 0
    second = int(now.timestamp())
    if min(second - newest, _oldest_due(connection, second)) < UNTOUCHED_SECONDS:
        return 0
    number = 0
    for one in mailings.everything(connection, states=frozenset({MailingState.SENDING})):
        left = outlook(connection, one.id, now=now)
        if left.due and not left.in_hand and waiting_for(connection, one, now=now, limits=limits) is None:
            number += left.due
    return number


def _oldest_due(connection: sa.Connection, second: int) -> float:
    """A row that is due at once has been so since its mailing began to send."""
    oldest = 0.0
    sending = sa.select(mailing.c.id, mailing.c.started_at, mailing.c.starts_at)
    for one in connection.execute(sending.where(mailing.c.state == MailingState.SENDING)):
        due = earliest_due(connection, one.id, second=second)
        if due is not None:
            since = max(due, (one.started_at or one.starts_at).timestamp())
            oldest = max(oldest, second - since)
    return oldest


def _signs_of_life(connection: sa.Connection, now: datetime) -> tuple[dict[Role, float], "Counter[Role]"]:
    beats: dict[Role, float] = {}
    alive: Counter[Role] = Counter()
    for role, beat_at in connection.execute(sa.select(worker.c.role, worker.c.beat_at)):
        age = max(0.0, (now - beat_at).total_seconds())
        beats[Role(role)] = min(age, beats.get(Role(role), age))
        alive[Role(role)] += age <= ALIVE_FOR.total_seconds()
    return beats, alive
