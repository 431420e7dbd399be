"""How a mailing stands, for `status`, the demo and pages: numbers that add up, how fast it goes, and what it waits for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from mailer.domain.limits import NO_LIMITS, UNLIMITED, Hindrance, Lane, Limits, group_key
from mailer.domain.mailing import Counts, Mailing, MailingState, RowState
from mailer.storage import buckets, figures, heartbeats, mailings, pacing, quotas
from mailer.storage.buckets import Slowed
from mailer.storage.figures import Failure
from mailer.storage.heartbeats import Role
from mailer.storage.ledger_outlook import earliest_in_lanes, outlook


class Reason(StrEnum):
    """What a mailing waits for. The words are part of the JSON documents."""

    RETRY = "retry"
    PAUSED = "paused"
    HELD = "held"
    UNDO = "undo"
    NO_WORKER = "no_worker"
    RATE = Hindrance.RATE.value
    QUOTA = Hindrance.QUOTA.value
    WINDOW = Hindrance.WINDOW.value


#: A wait for the rate that is over before anybody has read of it is none.
_NOTICED = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """until: when it goes on by itself; None when it does not, or nobody knows."""

    reason: Reason
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One mailing and its figures. rate: messages a second lately; eta: seconds; each None when it cannot be said.

    trouble: in words, which relays the workers cannot use just now; others may be carrying the mail. slowed: where relays
    asked for less mail, so that it goes slower than the settings allow. unattended: the kind of process without which it does not
    go on when its time comes, and of which none lives.
    """

    mailing: Mailing
    counts: Counts
    rate: float | None
    eta: int | None
    waiting_for: Waiting | None
    unsubscribed: int
    failures: tuple[Failure, ...]
    trouble: tuple[str, ...] = ()
    slowed: tuple[Slowed, ...] = ()
    unattended: Role | None = None

    def document(self) -> dict[str, Any]:
        """The status document; its times are still datetimes. The row states add up to `total`."""
        waiting = self.waiting_for
        return {
            "mailing": self.mailing.id,
            "campaign": self.mailing.slug,
            "state": self.mailing.state,
            **_figures(self.counts),
            "rate_per_second": self.rate,
            "eta_seconds": self.eta,
            "waiting_for": None if waiting is None else {"reason": waiting.reason, "until": waiting.until},
            "unsubscribed": self.unsubscribed,
            "complained": None,  # unknown: nothing reads complaints yet
            "failures": [
                {"state": one.state.name.lower(), "cause": one.cause, "provider": one.provider, "count": one.count}
                for one in self.failures
            ],
            "reason": self.mailing.state_reason or None,
            "trouble": self.trouble,
            "unattended": self.unattended,
            "slowed": [
                {"relay": one.relay, "provider": one.provider.word, "share": round(one.share, 2), "until": one.until}
                for one in self.slowed
            ],
            "redirect_to": self.mailing.redirect_to or None,
            "list": self.mailing.list_name,
            "created_at": self.mailing.created_at,
            "starts_at": self.mailing.starts_at,
            "started_at": self.mailing.started_at,
            "finished_at": self.mailing.finished_at,
            "send_by": self.mailing.send_by,
        }


def _figures(rows: Counts) -> dict[str, int]:
    """How many rows are in each state, put off apart from queued; and all together."""
    return {
        "total": rows.total,
        "queued": rows[RowState.QUEUED] - rows.deferred,
        "leased": rows[RowState.LEASED],
        "sending": rows[RowState.SENDING],
        "sent": rows[RowState.SENT],
        "deferred": rows.deferred,
        "failed": rows[RowState.FAILED],
        "uncertain": rows[RowState.UNCERTAIN],
        "suppressed": rows[RowState.SUPPRESSED],
        "cancelled": rows[RowState.CANCELLED],
        "expired": rows[RowState.EXPIRED],
    }


def status_of(
    connection: sa.Connection, mailing: Mailing, *, now: datetime, limits: Mapping[str, Limits] = NO_LIMITS
) -> Status:
    """now: the machine's clock. limits: of each relay, by its name."""
    rows = mailings.counts(connection, mailing.id)
    is_sending = mailing.state is MailingState.SENDING
    rate = figures.rate(connection, mailing.id, now=now) if is_sending else None
    ended_badly = rows[RowState.FAILED] + rows[RowState.UNCERTAIN]
    waiting = waiting_for(connection, mailing, now=now, limits=limits)
    goes_on = waiting is None or waiting.reason is Reason.RATE
    return Status(
        mailing=mailing,
        counts=rows,
        rate=rate,
        eta=round(rows.open / rate) if rate and goes_on else None,
        waiting_for=waiting,
        unsubscribed=figures.left(connection, mailing.id),
        failures=tuple(figures.failures(connection, mailing.id)) if ended_badly else (),
        trouble=heartbeats.troubles(connection, now=now, mailing_id=mailing.id) if is_sending else (),
        slowed=buckets.slowed(connection, now=now) if is_sending else (),
        unattended=_unattended(connection, mailing, now=now),
    )


def _unattended(connection: sa.Connection, mailing: Mailing, *, now: datetime) -> Role | None:
    role = {MailingState.SENDING: Role.WORKER, MailingState.SCHEDULED: Role.SCHEDULER}.get(mailing.state)
    if role is None or heartbeats.alive(
        connection, role, now=now, mailing_id=mailing.id if role is Role.WORKER else None
    ):
        return None
    return role


def waiting_for(
    connection: sa.Connection, mailing: Mailing, *, now: datetime, limits: Mapping[str, Limits] = NO_LIMITS
) -> Waiting | None:
    """Why nothing leaves just now; None while something may, and when all is over. limits: as `status_of` takes them."""
    match mailing.state:
        case MailingState.WAITING:
            return Waiting(reason=Reason.UNDO, until=mailing.starts_at)
        case MailingState.PAUSED:
            return Waiting(reason=Reason.PAUSED)
        case MailingState.HELD:
            return Waiting(reason=Reason.HELD)
        case MailingState.SENDING:
            return _slowed(connection, mailing, now=now, limits=limits)
        case _:
            return None


def _slowed(
    connection: sa.Connection, mailing: Mailing, *, now: datetime, limits: Mapping[str, Limits]
) -> Waiting | None:
    left = outlook(connection, mailing.id, now=now)
    # What is in hand is nobody's any more when no worker lives: whoever comes takes it over.
    if (left.due or left.in_hand) and not heartbeats.alive(connection, Role.WORKER, now=now, mailing_id=mailing.id):
        return Waiting(reason=Reason.NO_WORKER)
    return None if left.in_hand else held_back(connection, mailing.id, now=now, limits=limits)


def held_back(
    connection: sa.Connection, mailing_id: int, *, now: datetime, limits: Mapping[str, Limits]
) -> Waiting | None:
    """What keeps all queued rows from leaving, None if some may. Of several reasons the one that ends first: then it goes on.

    A row that was put off waits for its next try, and then for whatever does not let it go at that hour.
    """
    relays = quotas.known_relays(connection, limits) or {"": 0}
    slowed = buckets.slowed_groups(connection)
    found: list[Waiting] = []
    for provider, since in earliest_in_lanes(connection, mailing_id).items():
        then = max(now, since)
        for name, number in relays.items():
            is_slowed = group_key(number, provider) in slowed
            lane = Lane(relay=number, provider=provider, limits=limits.get(name, UNLIMITED), slowed=is_slowed)
            hold = pacing.look(connection, lane, mailing_id, now=then) if lane.is_limited else None
            if hold is not None and not (hold.reason is Hindrance.RATE and hold.until < then + _NOTICED):
                found.append(Waiting(reason=Reason(hold.reason.value), until=hold.until))
            elif since <= now:
                return None
            else:
                found.append(Waiting(reason=Reason.RETRY, until=then))
    return min(found, key=lambda one: (one.until, one.reason), default=None)
