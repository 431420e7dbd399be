"""What a person must be told, written down in the transaction of what happened: it is neither lost nor told twice.

One row per channel. Whoever tells one takes it first, by moving its due time ahead: no other process tries meanwhile,
and if this one dies, another does afterwards. The rows hold no personal data: numbers, and replies with addresses masked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.address import with_masked_addresses
from mailer.storage.rowset import storable
from mailer.storage.tables import alert

#: For so long whoever took an alert may tell it; longer than all its time-outs together.
TAKEN_FOR = timedelta(minutes=5)


class Channel(StrEnum):
    """How it reaches a person. The words are stored."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class Kind(StrEnum):
    """What it is about. The words are stored, and stand in the JSON document."""

    PAUSED = "paused"  #: a mailing paused itself
    HELD = "held"  #: a mailing, or one that was scheduled, waits for a person
    EXPIRED = "expired"  #: its time was over before everybody had it
    FAILURES = "failures"  #: it is finished, and some failed or are in doubt
    RESTORED = "restored"  #: the database is an older state of itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing to tell on one channel. detail: why, in words. told: how many addresses of a mail have had it."""

    id: int
    channel: Channel
    kind: Kind
    mailing_id: int | None
    detail: str
    at: datetime
    attempts: int
    told: int


_COLUMNS = [alert.c[name] for name in Alert.__slots__]


def add(
    connection: sa.Connection, kind: Kind, *, key: str, detail: str, at: datetime, mailing_id: int | None = None
) -> None:
    """To be called where it happens, in the same transaction. key: the same happening, seen by several, is told once."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    tidy = storable(with_masked_addresses(detail))
    new = {"kind": kind, "key": f"{kind}:{key}", "mailing_id": mailing_id, "detail": tidy, "at": at}
    for channel in Channel:
        connection.execute(insert(alert).values(channel=channel, **new).on_conflict_do_nothing())


def of_mailing(connection: sa.Connection, kind: Kind, mailing_id: int, *, detail: str, at: datetime) -> None:
    """Something happened to a mailing; it may happen to it again later, and is told again then."""
    add(connection, kind, key=f"{mailing_id}:{at.isoformat()}", detail=detail, at=at, mailing_id=mailing_id)


def restored(connection: sa.Connection, reason: str, *, at: datetime) -> None:
    add(connection, Kind.RESTORED, key=at.isoformat(), detail=reason, at=at)


def any_due(connection: sa.Connection, channels: frozenset[Channel], *, now: datetime) -> bool:
    """Whether there is something to tell on one of `channels`. Looks at a partial index."""
    return connection.execute(_due(channels, now)).first() is not None


def take(connection: sa.Connection, channels: frozenset[Channel], *, now: datetime) -> Alert | None:
    """The next alert to tell, ours for `TAKEN_FOR`; None: there is none, or others have them."""
    chosen = _due(channels, now).with_for_update(skip_locked=True).scalar_subquery()
    taken = {"due": int((now + TAKEN_FOR).timestamp()), "attempts": alert.c.attempts + 1}
    step = sa.update(alert).where(alert.c.id == chosen, alert.c.done_at.is_(None)).values(taken)
    row = connection.execute(step.returning(*_COLUMNS)).first()
    if row is None:
        return None
    values = row._asdict()
    return Alert(**values | {"channel": Channel(values["channel"]), "kind": Kind(values["kind"])})


def put_off(connection: sa.Connection, alert_id: int, *, until: datetime, told: int, outcome: str) -> None:
    """It could not be told; try again later. outcome: why, in words."""
    values = {"due": int(until.timestamp()), "told": told, "outcome": storable(outcome)}
    connection.execute(sa.update(alert).where(alert.c.id == alert_id).values(values))


def close(connection: sa.Connection, alert_id: int, *, outcome: str, at: datetime) -> None:
    """It is told, or never will be."""
    step = sa.update(alert).where(alert.c.id == alert_id)
    connection.execute(step.values(done_at=at, outcome=storable(outcome)))


def forget(connection: sa.Connection, *, at: datetime) -> None:
    """Close all that is open."""
    connection.execute(sa.update(alert).where(alert.c.done_at.is_(None)).values(done_at=at, outcome="forgotten"))


def _due(channels: frozenset[Channel], now: datetime) -> "sa.Select[tuple[int]]":
    open_ones = sa.select(alert.c.id).where(alert.c.done_at.is_(None), alert.c.due <= int(now.timestamp()))
    return open_ones.where(alert.c.channel.in_(sorted(channels))).order_by(alert.c.id).limit(1)
