"""Schedules: what is armed to go out, once or again and again, and the occurrence that each firing leaves behind.

Any number of schedulers may look at the same schedule at the same moment: an occurrence is unique by (schedule, key), and
who wrote it has fired it. Keys are local times, so a clock change repeats none; a one-off's key is always "once", so
whatever becomes of its time, it goes out once. What is recorded never comes again, wherever `next_at` stands.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.armed import ONCE, STANDING, Kind, Outcome, Schedule, State, Terms
from mailer.domain.audience import Audience
from mailer.domain.catch_up import CatchUp
from mailer.domain.recurrence import Occurrence, Rule
from mailer.domain.schedule import When
from mailer.errors import UnknownName
from mailer.storage import wake
from mailer.storage.tables import occurrence, schedule

#: Two machines' clocks, or one's before and after it was set right, are apart by this at most without meaning anything.
_CLOCKS_DIFFER = timedelta(seconds=2)


def arm_once(
    connection: sa.Connection,
    *,
    slug: str,
    when: When,
    audience: Audience,
    people: int,
    sources: str,
    mailing_id: int,
    at: datetime,
    proof: timedelta | None = None,
) -> int:
    """Let mailing `mailing_id` (scheduled) go out at `when`; the schedule's id."""
    values = {
        "slug": slug,
        "kind": Kind.ONCE,
        "spec": {"at": when.local.isoformat(timespec="minutes")},
        "audience": audience.to_json(),
        "people": people,
        "next_at": when.at,
        "next_key": ONCE,
        "sources": sources,
        "mailing_id": mailing_id,
    }
    return _arm(connection, values, Terms(zone=when.zone, proof=proof), at)


def arm_again(
    connection: sa.Connection,
    *,
    slug: str,
    rule: Rule,
    terms: Terms,
    audience: Audience,
    people: int,
    sources: str,
    first: Occurrence,
    at: datetime,
) -> int | None:
    """Let the campaign go out by `rule`, first at `first`; the schedule's id, None when one of it stands already."""
    taken = sa.select(schedule.c.id).where(
        schedule.c.slug == slug, schedule.c.kind == Kind.AGAIN, schedule.c.state.in_(STANDING)
    )
    if connection.scalar(taken) is not None:
        return None
    values = {
        "slug": slug,
        "kind": Kind.AGAIN,
        "spec": rule.to_json(),
        "audience": audience.to_json(),
        "people": people,
        "next_at": first.at,
        "next_key": first.key,
        "sources": sources,
    }
    return _arm(connection, values, terms, at)


def _arm(connection: sa.Connection, values: dict[str, object], terms: Terms, at: datetime) -> int:
    of_terms = {
        "timezone": terms.zone,
        "until": terms.until,
        "hours": terms.hours,
        "catch_up": terms.catch_up,
        "proof_seconds": None if terms.proof is None else int(terms.proof.total_seconds()),
    }
    new = values | of_terms | {"state": State.ARMED, "created_at": at, "counted_at": at}
    schedule_id: int = connection.execute(sa.insert(schedule).values(new).returning(schedule.c.id)).scalar_one()
    wake.tell(connection)
    return schedule_id


def armed(connection: sa.Connection, *, until: datetime | None = None) -> list[Schedule]:
    """What is still to go out, soonest first; with `until`, what is to be dealt with by then."""
    query = sa.select(schedule).where(schedule.c.state == State.ARMED, schedule.c.next_at.is_not(None))
    if until is not None:
        query = query.where(schedule.c.next_at <= until, _waits_no_longer(until))
    return [_record(row) for row in connection.execute(query.order_by(schedule.c.next_at, schedule.c.id))]


def standing(connection: sa.Connection) -> list[Schedule]:
    """All that are armed or paused, soonest first."""
    query = sa.select(schedule).where(schedule.c.state.in_(STANDING))
    return [_record(row) for row in connection.execute(query.order_by(schedule.c.next_at, schedule.c.id))]


def get(connection: sa.Connection, schedule_id: int) -> Schedule:
    """The schedule of that id, whatever its state. Raises UnknownName."""
    row = connection.execute(sa.select(schedule).where(schedule.c.id == schedule_id)).one_or_none()
    if row is None:
        raise UnknownName(f"There is no schedule {schedule_id}.", hint="`mailer schedule list` shows them all.")
    return _record(row)


def find(connection: sa.Connection, slug: str) -> Schedule:
    """The schedule of a campaign that stands: by which it comes round, else the next one-off. Raises UnknownName."""
    found = [one for one in standing(connection) if one.slug == slug]
    if not found:
        raise UnknownName(f"{slug} is not scheduled.", hint="`mailer schedule list` shows what is.")
    return min(found, key=lambda one: one.kind is Kind.ONCE)


def of_mailing(connection: sa.Connection, mailing_id: int) -> Schedule | None:
    """The one-off that armed the mailing, if it is still to go out."""
    return next((one for one in armed(connection) if one.mailing_id == mailing_id and one.kind is Kind.ONCE), None)


def earliest(connection: sa.Connection) -> datetime | None:
    """When a scheduler must look next."""
    at: datetime | None = min(
        (one.not_before or one.next.at for one in armed(connection) if one.next is not None), default=None
    )
    return at


def recorded(connection: sa.Connection, schedule_id: int, keys: list[str]) -> frozenset[str]:
    """Those of `keys` that were dealt with, or skipped beforehand."""
    query = sa.select(occurrence.c.key).where(occurrence.c.schedule_id == schedule_id, occurrence.c.key.in_(keys))
    return frozenset(connection.scalars(query))


def coming(connection: sa.Connection, one: Schedule, *, after: datetime) -> Iterator[Occurrence]:
    """The occurrences after `after` that will be dealt with: those that nobody skipped."""
    if one.rule is None:
        if one.next is not None:
            yield one.next
        return
    for each in one.following(after):
        if not recorded(connection, one.id, [each.key]):
            yield each


def record(
    connection: sa.Connection,
    one: Schedule,
    dealt_with: Occurrence,
    outcome: Outcome,
    *,
    detail: str = "",
    mailing_id: int | None = None,
    at: datetime,
) -> int | None:
    """Write down what an occurrence came to; its id, or None when another scheduler was first or it is armed no more.

    The schedule's row is taken first: two schedulers, or one and a person who removes it, come one after the other.
    """
    if not hold(connection, one):
        return None
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    values = {
        "schedule_id": one.id,
        "key": dealt_with.key,
        "fire_at": dealt_with.at,
        "fired_at": at,
        "outcome": outcome,
        "detail": detail,
        "mailing_id": mailing_id,
    }
    written = insert(occurrence).values(values).on_conflict_do_nothing().returning(occurrence.c.id)
    occurrence_id: int | None = connection.scalar(written)
    return occurrence_id


def hold(connection: sa.Connection, one: Schedule) -> bool:
    """Take the schedule's row until the end of the transaction; False if it is not any more as `one` says.

    What was decided without a transaction holds only while nobody has dealt with it, skipped, paused or removed it.
    """
    query = sa.select(schedule.c.state, schedule.c.next_key, schedule.c.mailing_id).where(schedule.c.id == one.id)
    row = connection.execute(query.with_for_update()).one_or_none()
    return row is not None and tuple(row) == (one.state, one.next and one.next.key, one.mailing_id)


def advance(
    connection: sa.Connection,
    one: Schedule,
    to: Occurrence | None,
    *,
    at: datetime,
    not_before: datetime | None = None,
    quietly: bool = False,
) -> None:
    """What comes next; None: nothing any more, and it ends. not_before: if it is due by then, it still waits until this.

    quietly: no scheduler need look at once.
    """
    values = {"next_at": to and to.at, "next_key": to and to.key, "not_before": not_before, "counted_at": at}
    if to is None:
        values["state"] = State.ENDED
    connection.execute(sa.update(schedule).where(schedule.c.id == one.id).values(values))
    if not quietly:
        wake.tell(connection)


def note_mailing(connection: sa.Connection, one: Schedule, mailing_id: int) -> None:
    """The mailing is the newest that it has made."""
    connection.execute(sa.update(schedule).where(schedule.c.id == one.id).values(mailing_id=mailing_id))


def counted_ahead(connection: sa.Connection, now: datetime) -> list[Schedule]:
    """The armed ones whose next occurrence was worked out later than `now`: the clock was put back since."""
    query = sa.select(schedule).where(schedule.c.state == State.ARMED, schedule.c.counted_at > now + _CLOCKS_DIFFER)
    return [_record(row) for row in connection.execute(query.order_by(schedule.c.id))]


def set_state(connection: sa.Connection, schedule_id: int, to: State) -> bool:
    """Arm, pause or remove one that stands; False if it does not stand, or is there already."""
    step = sa.update(schedule).where(
        schedule.c.id == schedule_id, schedule.c.state.in_(STANDING), schedule.c.state != to
    )
    changed = connection.execute(step.values(state=to)).rowcount > 0
    if changed:
        wake.tell(connection)
    return changed


def resume(connection: sa.Connection, one: Schedule, *, at: datetime) -> bool:
    """Arm one that is paused: what comes after `at` comes; what came meanwhile does not. False if it is not paused any more.

    It ends when nothing comes any more.
    """
    if one.state is not State.PAUSED or not hold(connection, one):
        return False
    connection.execute(sa.update(schedule).where(schedule.c.id == one.id).values(state=State.ARMED))
    advance(connection, one, next(coming(connection, one, after=at), None), at=at)
    return True


def disarm(connection: sa.Connection, mailing_id: int) -> bool:
    """Take back the one-off that would send the mailing; True if there was one."""
    step = sa.update(schedule).where(
        schedule.c.mailing_id == mailing_id, schedule.c.kind == Kind.ONCE, schedule.c.state.in_(STANDING)
    )
    disarmed = connection.execute(step.values(state=State.REMOVED, next_at=None)).rowcount > 0
    if disarmed:
        wake.tell(connection)
    return disarmed


def disarm_all(connection: sa.Connection) -> None:
    """The database was set back: one-offs are taken back, and what comes round waits for a person."""
    for kind, to in ((Kind.ONCE, State.REMOVED), (Kind.AGAIN, State.PAUSED)):
        step = sa.update(schedule).where(schedule.c.kind == kind, schedule.c.state == State.ARMED)
        connection.execute(step.values(state=to))


def _waits_no_longer(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(schedule.c.not_before.is_(None), schedule.c.not_before <= now)


def _record(row: "sa.Row[tuple[object, ...]]") -> Schedule:
    kind = Kind(row.kind)
    proof = None if row.proof_seconds is None else timedelta(seconds=row.proof_seconds)
    return Schedule(
        id=row.id,
        slug=row.slug,
        kind=kind,
        state=State(row.state),
        rule=Rule.from_json(row.spec) if kind is Kind.AGAIN else None,
        terms=Terms(zone=row.timezone, until=row.until, hours=row.hours, catch_up=CatchUp(row.catch_up), proof=proof),
        audience=Audience.from_json(row.audience),
        people=row.people,
        next=None if row.next_at is None else Occurrence(at=row.next_at, key=row.next_key),
        not_before=row.not_before,
        sources=row.sources,
        mailing_id=row.mailing_id,
        created_at=row.created_at,
    )
