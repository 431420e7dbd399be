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
from mailer.settings import Settings
from mailer.storage.rowset import storable
from mailer.storage.tables import alert

#: For so long whoever took an alert may tell it; longer than all its time-outs together.
TAKEN_FOR = timedelta(minutes=5)


class Channel(StrEnum):
    """How it reaches a person. The words are stored."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    ORGANISERS = "organisers"  #: by mail to those who look at proofs


class Kind(StrEnum):
    """What it is about. The words are stored, and stand in the JSON document."""

    PAUSED = "paused"  #: a mailing paused itself
    HELD = "held"  #: a mailing, or an occurrence of a schedule, waits for a person
    EXPIRED = "expired"  #: its time was over before everybody had it
    FAILURES = "failures"  #: it is finished, and some failed or are in doubt
    RESTORED = "restored"  #: the database is an older state of itself
    EMPTY = "empty"  #: a digest had nothing new, or nobody to go to
    SKIPPED = "skipped"  #: an occurrence was passed over: missed, or the one before it was still under way
    FEED = "feed"  #: a feed cannot be read, is gone, or is none
    ITEM = "item"  #: an item was left out of an issue
    PROOF = "proof"  #: an issue is composed, and organisers are to look at it
    BROKEN = "broken"  #: what is armed cannot be composed: there is still time to mend it
    SILENT = "silent"  #: something is due, and nobody who would do it gives a sign of life
    RELAY = "relay"  #: one of several relays cannot be used; mail goes on through the others


#: A proof goes to those who look at proofs; all else to those whom alerts are for.
_CHANNELS = {Kind.PROOF: (Channel.ORGANISERS, Channel.WEBHOOK)}
_USUAL = (Channel.MAIL, Channel.WEBHOOK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing to tell on one channel. detail: why, in words. told: how many addresses of a mail have had it.

    slug: the campaign, "" where `mailing_id` says it or it is about none. schedule_id, occurrence: of what a proof is.
    """

    id: int
    channel: Channel
    kind: Kind
    mailing_id: int | None
    slug: str
    schedule_id: int | None
    occurrence: str
    detail: str
    at: datetime
    attempts: int
    told: int


_COLUMNS = [alert.c[name] for name in Alert.__slots__]


def add(
    connection: sa.Connection,
    kind: Kind,
    *,
    key: str,
    detail: str,
    at: datetime,
    mailing_id: int | None = None,
    slug: str = "",
    schedule_id: int | None = None,
    occurrence: str = "",
) -> bool:
    """To be called where it happens, in the same transaction. key: the same happening, seen by several, is told once.

    False: it was written down before.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    tidy = storable(with_masked_addresses(detail))
    new = {"kind": kind, "key": f"{kind}:{key}", "detail": tidy, "at": at}
    about = {"mailing_id": mailing_id, "slug": slug, "schedule_id": schedule_id, "occurrence": occurrence}
    rows = [{"channel": channel} | new | about for channel in _CHANNELS.get(kind, _USUAL)]
    written = insert(alert).values(rows).on_conflict_do_nothing().returning(alert.c.id)
    return connection.execute(written).first() is not None


def of_mailing(connection: sa.Connection, kind: Kind, mailing_id: int, *, detail: str, at: datetime) -> None:
    """Something happened to a mailing; it may happen to it again later, and is told again then."""
    add(connection, kind, key=f"{mailing_id}:{at.isoformat()}", detail=detail, at=at, mailing_id=mailing_id)


def of_schedule(connection: sa.Connection, kind: Kind, slug: str, *, key: str, detail: str, at: datetime) -> None:
    """Something happened to what is armed, and no mailing came of it. slug: the campaign, "" where it is about none.

    key: what happened, in as many words as make it another happening: the schedule's id with the key of its occurrence,
    a feed's id with the instant since when it fails. detail: why, half a sentence without a full stop.
    """
    add(connection, kind, key=f"{slug}:{key}", detail=detail, at=at, slug=slug)


def nothing_new(
    connection: sa.Connection, slug: str, *, schedule_id: int, newest: int | None, detail: str, at: datetime
) -> None:
    """An occurrence was empty. Told once, and again only after an issue has gone out: a daily digest would nag.

    newest: the mailing that the schedule sent last, None if it never did.
    """
    of_schedule(connection, Kind.EMPTY, slug, key=f"{schedule_id}:after {newest or 0}", detail=detail, at=at)


def restored(connection: sa.Connection, reason: str, *, at: datetime) -> None:
    add(connection, Kind.RESTORED, key=at.isoformat(), detail=reason, at=at)


def channels_named(settings: Settings) -> frozenset[Channel]:
    """Those for which the settings name somebody. What is written down for the others nobody tells."""
    named = {
        Channel.MAIL: settings.alerts.to,
        Channel.WEBHOOK: settings.alerts.webhook,
        Channel.ORGANISERS: settings.organisers,
    }
    return frozenset(channel for channel, somebody in named.items() if somebody)


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
