"""Why a person would be mailed or not, rule by rule; and what became of their delivery, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from mailer.domain.audience import Audience, Want
from mailer.domain.limits import Limits
from mailer.domain.mailing import OPEN_ROWS, Mailing, MailingState, RowState
from mailer.domain.segment import Not
from mailer.domain.subscriber import SubscriptionStatus
from mailer.domain.views import CHOSE_OTHERS, HAD_ALL
from mailer.storage import audiences, control, events, status
from mailer.storage.standing import standing
from mailer.storage.status import Reason, Waiting
from mailer.storage.tables import delivery, subscriber

_HAD_IT = OPEN_ROWS | {RowState.SENT, RowState.UNCERTAIN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One rule: whether it lets the person through, and what there is to know about it."""

    rule: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to a delivery. relay: the name of the one that answered, "" if none was asked."""

    at: datetime
    state: RowState
    detail: str
    mailing_id: int
    relay: str = ""

    @property
    def word(self) -> str:
        """As `status` calls it: who was put off is deferred."""
        return "deferred" if self.state is RowState.QUEUED and self.relay else self.state.name.lower()


def verdicts(connection: sa.Connection, audience: Audience, subscriber_id: int, *, now: datetime) -> list[Verdict]:
    """Every rule of the audience in the order in which it narrows. All of them hold for whoever would be mailed now."""
    person = standing(connection, subscriber_id, audience.list_name)
    status = "never joined" if person.status is None else person.status.value
    found = [
        Verdict(rule=f"list:{audience.list_name}", ok=person.status is SubscriptionStatus.CONFIRMED, detail=status),
        Verdict(rule="not suppressed", ok=person.suppressed is None, detail=person.suppressed or ""),
    ]
    for segment in (audience.segment, audience.exclude and Not(audience.exclude)):
        clauses = audiences.clauses_for(connection, segment, subscriber_id, now=now)
        found += [Verdict(rule=rule, ok=ok) for rule, ok in clauses]
    if audience.without:
        had = [one for one in audience.without if control.state_of(connection, one, subscriber_id) in _HAD_IT]
        found.append(Verdict(rule="not mailed before", ok=not had, detail=f"mailing {had[-1]}" if had else ""))
    if audience.wants:
        found.append(_sees_something(connection, audience, subscriber_id, now=now))
    if audience.limit is not None and all(one.ok for one in found):
        drawn = audiences.includes(connection, audience, subscriber_id, now=now)
        found.append(Verdict(rule=f"in the sample of {audience.limit}", ok=drawn))
    return found


def _sees_something(connection: sa.Connection, audience: Audience, subscriber_id: int, *, now: datetime) -> Verdict:
    """Whether a digest has anything for them."""

    def holds(wants: tuple[Want, ...]) -> bool:
        query = sa.select(1).where(subscriber.c.id == subscriber_id, audiences.wanting(wants, now=now))
        return connection.scalar(query) is not None

    ok = holds(audience.wants)
    chose = ok or holds(tuple(replace(one, without=()) for one in audience.wants))
    return Verdict(rule="something of it is for them", ok=ok, detail="" if ok else HAD_ALL if chose else CHOSE_OTHERS)


def waiting_for(
    connection: sa.Connection, one: Mailing, subscriber_id: int, *, now: datetime, limits: Mapping[str, Limits]
) -> Waiting | None:
    """What a queued delivery waits for: its own next try, or what all of the mailing wait for. None: for nothing, or no more."""
    of_them = sa.and_(delivery.c.mailing_id == one.id, delivery.c.subscriber_id == subscriber_id)
    row = connection.execute(sa.select(delivery.c.state, delivery.c.attempts, delivery.c.due).where(of_them)).first()
    if row is None or row.state != RowState.QUEUED:
        return None
    of_all = status.waiting_for(connection, one, now=now, limits=limits)
    next_try = datetime.fromtimestamp(row.due, UTC) if row.attempts else now
    if next_try > now and one.state is MailingState.SENDING:
        return Waiting(reason=Reason.RETRY, until=next_try)
    return of_all


def steps(connection: sa.Connection, mailing: Mailing, subscriber_id: int) -> list[Step]:
    """What became of one delivery, oldest first; empty when the mailing has no row for the person.

    The ledger notes what comes of attempts. That a row was queued, and that it ended with its mailing, is known from the
    mailing and from where the row stands.
    """
    state = control.state_of(connection, mailing.id, subscriber_id)
    if state is None:
        return []
    found = [Step(at=mailing.created_at, state=RowState.QUEUED, detail="", mailing_id=mailing.id)]
    for event in events.history(connection, mailing.id, subscriber_id):
        code = f"{event.code} {event.enhanced}".strip() if event.code else ""
        text = f"{code} {event.detail}".strip()
        found.append(Step(at=event.at, state=event.state, detail=text, mailing_id=mailing.id, relay=event.relay))
    if found[-1].state is not state and state in (RowState.CANCELLED, RowState.EXPIRED):
        at = mailing.finished_at or found[-1].at
        found.append(Step(at=at, state=state, detail=mailing.state_reason, mailing_id=mailing.id))
    elif found[-1].state is not state:
        found.append(replace(found[-1], state=state, detail="", relay=""))
    return found
