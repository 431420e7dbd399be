"""What is due while nobody who would do it gives a sign of life."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from mailer.domain.limits import NO_LIMITS, Limits
from mailer.domain.mailing import Mailing, MailingState
from mailer.storage import heartbeats, mailings, schedules
from mailer.storage.heartbeats import Role
from mailer.storage.ledger_outlook import earliest_due
from mailer.storage.status import held_back

#: A scheduler looks every few seconds.
SCHEDULE_LATE = timedelta(minutes=2)
#: One that lives and does nothing for so long hangs; what it composes may take minutes.
SCHEDULER_HANGS = timedelta(minutes=15)
#: `send --queue-only` leaves the sending to a worker that somebody starts a little later.
WORK_IDLE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """key: the same for the same silence. detail: half a sentence. mailing_id: what waits, None for a schedule."""

    key: str
    detail: str
    slug: str
    mailing_id: int | None = None


def silences(
    connection: sa.Connection, *, now: datetime, limits: Mapping[str, Limits] = NO_LIMITS
) -> tuple[Silence, ...]:
    """limits: of each relay, by its name: what waits for its hours or its quota is not idle."""
    return (*_unwatched(connection, now), *_unworked(connection, now, limits))


def _unwatched(connection: sa.Connection, now: datetime) -> Iterator[Silence]:
    """What is armed and overdue: the first of it, for all the rest wait for the same."""
    armed = [one for one in schedules.armed(connection) if one.next is not None]
    due = min(
        ((one.not_before or one.next.at, one) for one in armed if one.next), key=lambda pair: pair[0], default=None
    )
    if due is None:
        return
    at, one = due
    lives = heartbeats.alive(connection, Role.SCHEDULER, now=now)
    if now - at > (SCHEDULER_HANGS if lives else SCHEDULE_LATE):
        why = "the scheduler does nothing" if lives else "no scheduler gives a sign of life"
        yield Silence(
            key=f"scheduler:{one.id}:{at.isoformat()}", detail=f"it was due {one.next_when}, and {why}", slug=one.slug
        )


def _unworked(connection: sa.Connection, now: datetime, limits: Mapping[str, Limits]) -> Iterator[Silence]:
    """Told at most once a day of each mailing."""
    for one in mailings.everything(connection, states=frozenset({MailingState.WAITING, MailingState.SENDING})):
        since = _idle_since(connection, one, now, limits)
        if since is None or now - since <= WORK_IDLE:
            continue
        if not heartbeats.alive(connection, Role.WORKER, now=now, mailing_id=one.id):
            detail = f"messages have been due since {since:%H:%M} UTC, and no worker gives a sign of life"
            yield Silence(key=f"worker:{one.id}:{now:%Y-%m-%d}", detail=detail, slug=one.slug, mailing_id=one.id)


def _idle_since(
    connection: sa.Connection, one: Mailing, now: datetime, limits: Mapping[str, Limits]
) -> datetime | None:
    """Since when something of it could leave; None if nothing can."""
    if one.state is MailingState.WAITING:
        return one.starts_at
    due = earliest_due(connection, one.id, second=int(now.timestamp()))
    if due is None or held_back(connection, one.id, now=now, limits=limits) is not None:
        return None
    return max(datetime.fromtimestamp(due, UTC), one.started_at or one.starts_at)
