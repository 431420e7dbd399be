"""One mailing, and the states of a mailing and of a delivery with the steps between them that are legal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class RowState(IntEnum):
    """Where one delivery stands. The numbers are stored; they never change meaning."""

    QUEUED = 0  #: waits for its due time
    LEASED = 1  #: a worker holds it and has put nothing on the wire
    SENDING = 2  #: committed before the wire: from here on it may have left
    SENT = 3  #: the relay took it
    FAILED = 4  #: refused for good, or its retries ran out, or its message could not be built
    UNCERTAIN = 5  #: may have left: the link or the worker was lost at the wrong moment
    SUPPRESSED = 6  #: left, was suppressed, or wanted none of it any more, before their turn came
    CANCELLED = 7  #: the mailing was cancelled first
    EXPIRED = 8  #: `send_by` passed first


OPEN_ROWS = frozenset({RowState.QUEUED, RowState.LEASED, RowState.SENDING})
#: Whoever has such a row got the message, or may have.
REACHED = frozenset({RowState.SENT, RowState.UNCERTAIN})

ROW_STEPS: dict[RowState, frozenset[RowState]] = {
    RowState.QUEUED: frozenset(
        {RowState.LEASED, RowState.SUPPRESSED, RowState.CANCELLED, RowState.EXPIRED, RowState.FAILED}
    ),
    RowState.LEASED: frozenset(
        {
            RowState.SENDING,
            RowState.QUEUED,
            RowState.FAILED,
            RowState.SUPPRESSED,
            RowState.CANCELLED,
            RowState.EXPIRED,
        }
    ),
    RowState.SENDING: frozenset({RowState.SENT, RowState.QUEUED, RowState.FAILED, RowState.UNCERTAIN}),
    RowState.SENT: frozenset(),
    RowState.FAILED: frozenset({RowState.QUEUED}),  # `retry --failed`
    RowState.UNCERTAIN: frozenset({RowState.QUEUED}),  # `retry --uncertain`
    RowState.SUPPRESSED: frozenset(),
    RowState.CANCELLED: frozenset(),
    RowState.EXPIRED: frozenset(),
}


class MailingState(StrEnum):
    """Where one mailing stands. The words are stored and shown."""

    SCHEDULED = "scheduled"  #: its time has not come
    MATERIALISING = "materialising"  #: its audience is being written into the ledger
    WAITING = "waiting"  #: the undo window
    SENDING = "sending"
    PAUSED = "paused"
    HELD = "held"  #: stopped by itself; a person must look
    FINISHED = "finished"  #: no row is queued, leased or sending
    CANCELLED = "cancelled"
    EXPIRED = "expired"


MAILING_STEPS: dict[MailingState, frozenset[MailingState]] = {
    MailingState.SCHEDULED: frozenset(
        {MailingState.MATERIALISING, MailingState.CANCELLED, MailingState.EXPIRED, MailingState.HELD}
    ),
    MailingState.MATERIALISING: frozenset(
        {MailingState.WAITING, MailingState.SENDING, MailingState.CANCELLED, MailingState.FINISHED}
    ),
    MailingState.WAITING: frozenset(
        {MailingState.SENDING, MailingState.PAUSED, MailingState.CANCELLED, MailingState.EXPIRED}
    ),
    MailingState.SENDING: frozenset(
        {MailingState.PAUSED, MailingState.HELD, MailingState.FINISHED, MailingState.CANCELLED, MailingState.EXPIRED}
    ),
    MailingState.PAUSED: frozenset(
        {MailingState.SENDING, MailingState.CANCELLED, MailingState.EXPIRED, MailingState.FINISHED}
    ),
    MailingState.HELD: frozenset(
        {
            MailingState.SENDING,
            MailingState.MATERIALISING,  # `schedule run-now`, while nothing of it is frozen
            MailingState.CANCELLED,
            MailingState.EXPIRED,
        }
    ),
    MailingState.FINISHED: frozenset({MailingState.SENDING}),  # `retry` opens rows again
    MailingState.CANCELLED: frozenset(),
    MailingState.EXPIRED: frozenset(),
}

#: A second `send` counts as a repeat while an earlier mailing is in one of these, or ended having mailed anybody.
LIVE_MAILINGS = frozenset(
    {
        MailingState.SCHEDULED,
        MailingState.MATERIALISING,
        MailingState.WAITING,
        MailingState.SENDING,
        MailingState.PAUSED,
        MailingState.HELD,
    }
)

#: The reason of a step that a person took: nobody is told of what they did themselves.
BY_HAND = "by hand"
#: States that a mailing ends in.
ENDED_MAILINGS = frozenset({MailingState.FINISHED, MailingState.CANCELLED, MailingState.EXPIRED})
#: The largest place in the queue that `due` can be for a row that was not tried yet; above it stand times.
LAST_PLACE = 9_999
#: More people than this, and a person types a word before anything leaves, and an undo window opens.
MANY_PEOPLE = 500


class InDoubt(StrEnum):
    """What happens to messages that may have left when a worker was lost. The words are stored."""

    HOLD = "hold"  #: they stay uncertain, counted and listed, until a person says `retry --uncertain`
    RESEND = "resend"  #: they are queued again, with the same Message-ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """One sending of one edition to one frozen audience. All times are aware, UTC.

    number: 1 for the first mailing of its slug, 2 for the next. edition_id: None while it is scheduled.
    starts_at: the end of the undo window, or the time it is scheduled for. give_up_at: nothing is retried after it.
    total: rows in the ledger, known once they are all written. redirect_to: the one address that every message goes to in a
    rehearsal, "" for the people themselves.
    """

    id: int
    slug: str
    number: int
    kind: str
    title: str
    edition_id: int | None
    list_name: str
    state: MailingState
    state_reason: str
    created_at: datetime
    starts_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    send_by: datetime | None
    give_up_at: datetime
    in_doubt: InDoubt
    total: int
    redirect_to: str = ""


class Counts(Mapping[RowState, int]):
    """Rows by state. `deferred`: how many of the queued were tried before; `total`: all of them; `open`: not settled yet."""

    def __init__(self, states: Mapping[RowState, int], *, deferred: int) -> None:
        self._states = dict(states)
        self.deferred = deferred

    def __getitem__(self, state: RowState) -> int:
        return self._states[state]

    def __iter__(self) -> Iterator[RowState]:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)

    @property
    def total(self) -> int:
        return sum(self._states.values())

    @property
    def open(self) -> int:
        return sum(self._states[state] for state in OPEN_ROWS)
