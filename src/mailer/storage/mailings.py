"""Mailings: looked up, moved from state to state, finished.

Every step is one conditional UPDATE that names the states it may come from (`domain.mailing.MAILING_STEPS`), so of two
programs that want different steps at once exactly one gets its way, and the other learns it from the answer.
"""

from dataclasses import dataclass, fields
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.audience import Audience
from mailer.domain.mailing import (
    BY_HAND,
    ENDED_MAILINGS,
    LIVE_MAILINGS,
    MAILING_STEPS,
    Counts,
    InDoubt,
    Mailing,
    MailingState,
    RowState,
)
from mailer.domain.provider import Provider
from mailer.errors import UnknownName
from mailer.storage import alerts, wake
from mailer.storage.alerts import Kind
from mailer.storage.digest_items import release
from mailer.storage.ledger_outlook import any_open, queued_in
from mailer.storage.tables import delivery, edition, mailing
from mailer.storage.types import UtcDateTime

#: Where a mailing comes by itself and a person must know.
_ALERTING = {MailingState.PAUSED: Kind.PAUSED, MailingState.HELD: Kind.HELD, MailingState.EXPIRED: Kind.EXPIRED}
#: What has no row left to send is finished from these; the last rows of what is paused may have been on the wire.
_FINISHING = frozenset({MailingState.SENDING, MailingState.PAUSED})
_COLUMNS = tuple(mailing.c[field.name] for field in fields(Mailing))


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a mailing sends to whom until when: all that is settled in the moment it is frozen."""

    edition_id: int | None
    title: str
    audience: Audience
    starts_at: datetime
    send_by: datetime | None
    give_up_at: datetime
    in_doubt: InDoubt
    redirect_to: str = ""

    @property
    def columns(self) -> dict[str, object]:
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return plain | {"audience": self.audience.to_json(), "list_name": self.audience.list_name}


def add(
    connection: sa.Connection,
    *,
    slug: str,
    number: int,
    kind: str,
    state: MailingState,
    content: Content,
    at: datetime,
    occurrence_id: int | None = None,
) -> int | None:
    """A new mailing, the `number`th of its slug; None when somebody else has just added that one."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    new = {
        "slug": slug,
        "number": number,
        "kind": kind,
        "state": state,
        "created_at": at,
        "occurrence_id": occurrence_id,
    }
    row = insert(mailing).values(new | content.columns).on_conflict_do_nothing(index_elements=["slug", "number"])
    mailing_id: int | None = connection.scalar(row.returning(mailing.c.id))
    return mailing_id


def next_number(connection: sa.Connection, slug: str) -> int:
    """Which mailing of its slug a new one would be."""
    newest = connection.scalar(sa.select(sa.func.max(mailing.c.number)).where(mailing.c.slug == slug))
    return 1 + (newest or 0)


def fill(connection: sa.Connection, mailing_id: int, content: Content, *, kind: str) -> None:
    """Settle what a scheduled or held mailing sends: its time has come."""
    values = content.columns | {"kind": kind}
    connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(values))


def waits_unfrozen(connection: sa.Connection, mailing_id: int) -> bool:
    """Whether it is held with nothing frozen; then it stays so until the end of the transaction."""
    query = sa.select(mailing.c.state, mailing.c.edition_id).where(mailing.c.id == mailing_id)
    row = connection.execute(query.with_for_update()).one()
    return row.state == MailingState.HELD and row.edition_id is None


def audience_of(connection: sa.Connection, mailing_id: int) -> Audience:
    """Whom the mailing addresses, as it was frozen."""
    return Audience.from_json(connection.scalars(sa.select(mailing.c.audience).where(mailing.c.id == mailing_id)).one())


def get(connection: sa.Connection, mailing_id: int) -> Mailing:
    """The mailing of that id. Raises UnknownName."""
    row = connection.execute(sa.select(*_COLUMNS).where(mailing.c.id == mailing_id)).one_or_none()
    if row is None:
        raise UnknownName(f"There is no mailing {mailing_id}.", hint="`mailer status` lists them all.")
    return _record(row)


def hold(connection: sa.Connection, mailing_id: int) -> Mailing:
    """The mailing as it stands, and stays until the end of the transaction. Raises UnknownName."""
    connection.execute(sa.select(mailing.c.id).where(mailing.c.id == mailing_id).with_for_update())
    return get(connection, mailing_id)


def find(connection: sa.Connection, slug_or_id: str | None) -> Mailing:
    """The mailing of that id, the newest of that slug, or, without either, the only one running. Raises UnknownName."""
    if slug_or_id is None:
        return _only_one_running(connection)
    if slug_or_id.isascii() and slug_or_id.isdigit() and len(slug_or_id) < 19:
        return get(connection, int(slug_or_id))
    newest = sa.select(*_COLUMNS).where(mailing.c.slug == slug_or_id).order_by(mailing.c.number.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    if row is None:
        raise UnknownName(
            f'There is no mailing of "{slug_or_id}".',
            hint="`mailer status` lists them all, `mailer schedule list` what is to come.",
        )
    return _record(row)


def _only_one_running(connection: sa.Connection) -> Mailing:
    running = everything(connection, states=LIVE_MAILINGS)
    if not running:
        raise UnknownName("No mailing is running.", hint="`mailer status` lists those that were.")
    if len(running) > 1:
        names = ", ".join(f"{one.slug} ({one.id})" for one in running)
        raise UnknownName(f"{len(running)} mailings are running: {names}.", hint="Name the one that you mean.")
    return running[0]


def rehearses(connection: sa.Connection) -> bool | None:
    """Whether this database is for rehearsals: whether its mailings are. None while there is none."""
    first = connection.scalar(sa.select(mailing.c.redirect_to).order_by(mailing.c.id).limit(1))
    return None if first is None else bool(first)


def everything(connection: sa.Connection, *, states: frozenset[MailingState] | None = None) -> list[Mailing]:
    """All mailings, or those in one of `states`; oldest first."""
    query = sa.select(*_COLUMNS).order_by(mailing.c.id)
    if states is not None:
        query = query.where(mailing.c.state.in_(states))
    return [_record(row) for row in connection.execute(query)]


def of_slug(connection: sa.Connection, slug: str) -> list[Mailing]:
    """Every mailing of a campaign, oldest first."""
    query = sa.select(*_COLUMNS).where(mailing.c.slug == slug).order_by(mailing.c.number)
    return [_record(row) for row in connection.execute(query)]


def move(connection: sa.Connection, mailing_id: int, to: MailingState, *, reason: str = "", at: datetime) -> bool:
    """Take the step to state `to` if it is legal from where the mailing stands; False if it is not, and nothing changed."""
    values: dict[str, object] = {
        "state": to,
        "state_reason": reason,
        "finished_at": at if to in ENDED_MAILINGS else None,
    }
    if to is MailingState.SENDING:
        values["started_at"] = sa.func.coalesce(mailing.c.started_at, sa.literal(at, UtcDateTime))
    sources = [state for state, steps in MAILING_STEPS.items() if to in steps]
    step = sa.update(mailing).where(mailing.c.id == mailing_id, mailing.c.state.in_(sources)).values(values)
    moved = connection.execute(step).rowcount == 1
    if moved and to is MailingState.CANCELLED:
        release(connection, mailing_id)
    if moved and to is MailingState.SENDING:
        wake.tell(connection)
    if moved and to in _ALERTING and reason != BY_HAND:
        alerts.of_mailing(connection, _ALERTING[to], mailing_id, detail=reason, at=at)
    return moved


def due_work(connection: sa.Connection, now: datetime) -> list[Mailing]:
    """The mailings that workers may claim from, oldest first.

    Writes: those whose undo window has ended begin to send, what is queued when its `send_by` has passed expires, and what was
    paused while the last of it was on the wire is finished.
    """
    _expire(connection, now)
    due = sa.select(mailing.c.id).where(mailing.c.state == MailingState.WAITING, mailing.c.starts_at <= now)
    for mailing_id in connection.scalars(due).all():
        move(connection, mailing_id, MailingState.SENDING, at=now)
    for one in everything(connection, states=frozenset({MailingState.PAUSED})):
        finish_if_done(connection, one.id, at=now)
    return everything(connection, states=frozenset({MailingState.SENDING}))


def _expire(connection: sa.Connection, now: datetime) -> None:
    """A mailing that ran out of time ends as expired once nothing of it is in a worker's hands."""
    late = sa.select(mailing.c.id).where(
        mailing.c.send_by <= now,
        mailing.c.state.in_([state for state in LIVE_MAILINGS if MailingState.EXPIRED in MAILING_STEPS[state]]),
    )
    for mailing_id in connection.scalars(late).all():
        of_it = delivery.c.mailing_id == mailing_id
        rows = sa.update(delivery).where(of_it, delivery.c.state == sa.literal_column("0"))
        connection.execute(rows.values(state=RowState.EXPIRED))
        if not any_open(connection, mailing_id):
            move(connection, mailing_id, MailingState.EXPIRED, reason="send_by had passed", at=now)


def excuse_wait(connection: sa.Connection, mailing_id: int, *, since: datetime, until: datetime) -> None:
    """Due mail waits for a quota or for the hours: that time does not count, so retries may go on for as much longer.

    Any number of workers may say so of the same wait, again and again.
    """
    query = sa.select(mailing.c.give_up_at, mailing.c.waited_until).where(mailing.c.id == mailing_id)
    row = connection.execute(query.with_for_update()).one()
    begin = since if row.waited_until is None else max(since, row.waited_until)
    if until > begin:
        values = {"give_up_at": row.give_up_at + (until - begin), "waited_until": until}
        connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(values))


def finish_if_done(connection: sa.Connection, mailing_id: int, *, at: datetime) -> bool:
    """Finish a mailing that is sending, or paused, and has no row queued, leased or sending. True if this call finished it.

    Whoever is just opening rows again (`retry`) is waited for, and what they opened is seen.
    """
    if any_open(connection, mailing_id):
        return False
    if hold(connection, mailing_id).state not in _FINISHING or any_open(connection, mailing_id):
        return False
    values = {"state": MailingState.FINISHED, "state_reason": "", "finished_at": at}
    connection.execute(sa.update(mailing).where(mailing.c.id == mailing_id).values(values))
    if reason := _ended_badly(connection, mailing_id):
        alerts.of_mailing(connection, Kind.FAILURES, mailing_id, detail=reason, at=at)
    return True


def _ended_badly(connection: sa.Connection, mailing_id: int) -> str:
    """How many failed or are in doubt, in words; "" if none."""
    bad = {RowState.FAILED: "failed", RowState.UNCERTAIN: "in doubt"}
    query = sa.select(delivery.c.state, sa.func.count()).where(delivery.c.mailing_id == mailing_id)
    rows = connection.execute(query.where(delivery.c.state.in_(bad)).group_by(delivery.c.state))
    found = {RowState(state): number for state, number in rows}
    return ", ".join(f"{found[state]:,} {words}" for state, words in bad.items() if found.get(state))


def edition_of(connection: sa.Connection, mailing_id: int) -> bytes:
    """The stored edition (`edition.format.load` reads it). Raises UnknownName while nothing is frozen."""
    query = sa.select(edition.c.content).join(mailing, mailing.c.edition_id == edition.c.id)
    content: bytes | None = connection.scalar(query.where(mailing.c.id == mailing_id))
    if content is None:
        raise UnknownName(f"Mailing {mailing_id} has no stored content yet.", hint="It is frozen when its time comes.")
    return content


def counts(connection: sa.Connection, mailing_id: int) -> Counts:
    """How many rows stand in each state; one pass over the mailing's rows."""
    retried = sa.case((sa.and_(delivery.c.state == RowState.QUEUED, delivery.c.attempts > 0), 1), else_=0)
    query = sa.select(delivery.c.state, retried, sa.func.count()).where(delivery.c.mailing_id == mailing_id)
    states, deferred = dict.fromkeys(RowState, 0), 0
    for state, again, number in connection.execute(query.group_by(delivery.c.state, retried)):
        states[RowState(state)] += number
        deferred += number if again else 0
    return Counts(states, deferred=deferred)


def put_off(connection: sa.Connection, mailing_id: int) -> int:
    """How many of the queued rows were tried before. (Their `due` is a time; asking for one spares a look at most of the others.)"""
    tried = sa.and_(delivery.c.due > 0, delivery.c.attempts > 0)
    lanes = (sa.select(sa.func.count()).where(queued_in(mailing_id, one), tried) for one in Provider)
    return sum(connection.scalar(lane) or 0 for lane in lanes)


def _record(row: "sa.Row[tuple[object, ...]]") -> Mailing:
    values = row._asdict()
    return Mailing(**values | {"state": MailingState(values["state"]), "in_doubt": InDoubt(values["in_doubt"])})
