"""What one run of a worker did, and what it leaves to do."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from mailer.domain.limits import NO_LIMITS, Limits
from mailer.domain.mailing import LIVE_MAILINGS, Mailing, MailingState, RowState
from mailer.storage import mailings
from mailer.storage.database import Connection, Database
from mailer.storage.ledger_outlook import outlook
from mailer.storage.status import Reason, held_back


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A mailing that is not finished when a worker ends. rows: still open. deferred: those of them that were put off.

    next_at: when work on it can go on by itself; None when a person must act first (paused, held), or when rows are due now
    (the relay was down, or somebody stopped the worker). reason: what it waits for until then, if that is a limit of ours and
    not a retry.
    """

    mailing: Mailing
    rows: int
    deferred: int
    next_at: datetime | None
    reason: Reason | None = None


@dataclass(slots=True, kw_only=True)
class Summary:
    """counts: how often a row came to each state, to QUEUED as often as one was put off. paused: by this worker, by mailing, and why."""

    counts: "Counter[RowState]" = field(default_factory=Counter)
    paused: dict[int, str] = field(default_factory=dict)
    left: tuple[Left, ...] = ()
    relay_down: str = ""  #: why the relay could not be used when the run ended

    @property
    def ended(self) -> "Counter[RowState]":
        """Rows by the state in which this run left them: who was put off twice, and sent then, is one who was sent."""
        deferred = min(self.counts[RowState.QUEUED], sum(left.deferred for left in self.left))
        return Counter({**self.counts, RowState.QUEUED: deferred})

    @property
    def some_failed(self) -> bool:
        """Whether a row that was worked in this run ended failed or uncertain."""
        return bool(self.counts[RowState.FAILED] or self.counts[RowState.UNCERTAIN])

    @property
    def next_at(self) -> datetime | None:
        """The next instant at which something is due, if nothing happens before."""
        return min((left.next_at for left in self.left if left.next_at is not None), default=None)


def what_is_left(
    database: Database, *, now: datetime, only: int | None, limits: Mapping[str, Limits] = NO_LIMITS
) -> tuple[Left, ...]:
    """Every unfinished mailing, or `only` that one. limits: of each relay, by its name."""
    with database.reading() as connection:
        return tuple(
            _left(connection, mailing, now=now, limits=limits)
            for mailing in mailings.everything(connection, states=LIVE_MAILINGS)
            if only in (None, mailing.id)
        )


def _left(connection: Connection, mailing: Mailing, *, now: datetime, limits: Mapping[str, Limits]) -> Left:
    view = outlook(connection, mailing.id, now=now)
    rows = view.due + view.later + view.in_hand
    left = partial(Left, mailing=mailing, rows=rows, deferred=mailings.put_off(connection, mailing.id))
    if mailing.state in (MailingState.WAITING, MailingState.SCHEDULED):
        return left(next_at=mailing.starts_at)
    if mailing.state is not MailingState.SENDING:
        return left(next_at=None)
    held = held_back(connection, mailing.id, now=now, limits=limits)
    if held is None:
        return left(next_at=None)
    return left(next_at=held.until, reason=None if held.reason is Reason.RETRY else held.reason)
