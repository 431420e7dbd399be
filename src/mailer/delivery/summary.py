"""What one run of a worker did, and what it leaves to do."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from mailer.domain.mailing import LIVE_MAILINGS, Mailing, MailingState, RowState
from mailer.storage import mailings
from mailer.storage.database import Database
from mailer.storage.ledger_outlook import outlook


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A mailing that is not finished when a worker ends. rows: still open. next_at: when work on it can go on by itself.

    next_at is None when a person must act first (paused, held), or when rows are due now (the relay was down, or somebody
    stopped the worker).
    """

    mailing: Mailing
    rows: int
    next_at: datetime | None


@dataclass(slots=True, kw_only=True)
class Summary:
    """counts: rows by the state they came to, QUEUED being those put off. paused: by this worker, by mailing, and why."""

    counts: "Counter[RowState]" = field(default_factory=Counter)
    paused: dict[int, str] = field(default_factory=dict)
    left: tuple[Left, ...] = ()
    relay_down: str = ""  #: why the relay could not be used when the run ended

    @property
    def some_failed(self) -> bool:
        """Whether a row that was worked in this run ended failed or uncertain."""
        return bool(self.counts[RowState.FAILED] or self.counts[RowState.UNCERTAIN])

    @property
    def next_at(self) -> datetime | None:
        """The next instant at which something is due, if nothing happens before."""
        return min((left.next_at for left in self.left if left.next_at is not None), default=None)


def what_is_left(database: Database, *, now: datetime, only: int | None) -> tuple[Left, ...]:
    """Every unfinished mailing, or `only` that one."""
    found = []
    with database.reading() as connection:
        for mailing in mailings.everything(connection, states=LIVE_MAILINGS):
            if only in (None, mailing.id):
                view = outlook(connection, mailing.id, now=now)
                rows = view.due + view.later + view.in_hand
                at = view.next_due if mailing.state is MailingState.SENDING and not view.due else None
                if mailing.state in (MailingState.WAITING, MailingState.SCHEDULED):
                    at = mailing.starts_at
                found.append(Left(mailing=mailing, rows=rows, next_at=at))
    return tuple(found)
