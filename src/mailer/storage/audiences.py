"""Who would be mailed now.

*Mailable* = a confirmed subscription to the audience's list, and no suppression of the address. Everything that counts,
lists, shows or freezes an audience goes through `members`, so the numbers agree.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mailer.domain.audience import Audience, Want
from mailer.domain.mailing import OPEN_ROWS, REACHED, RowState
from mailer.domain.provider import Provider
from mailer.domain.segment import All, AnyOf, Everyone, Hears, Segment
from mailer.domain.segment_query import describe
from mailer.domain.subscriber import SubscriptionStatus
from mailer.storage.providers import provider_group
from mailer.storage.segments import predicate
from mailer.storage.spans import Span, spans
from mailer.storage.tables import delivery, mailing_list, subscriber, subscription, suppression

_MASK = 0x7FFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How many people are left after one more clause."""

    clause: str
    remaining: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The way from the list to the audience. `count` = the last `remaining` - `suppressed`, or `limit` if that is less."""

    steps: tuple[Step, ...]
    suppressed: int
    count: int


def not_suppressed() -> sa.ColumnElement[bool]:
    """Of `subscriber` rows: no suppression of the address."""
    return ~sa.exists().where(suppression.c.email_key == subscriber.c.email_key)


def confirmed(list_name: str | sa.ColumnElement[str]) -> sa.Select[int]:
    """Ids of the list's confirmed members, suppressed or not."""
    wanted = sa.select(mailing_list.c.id).where(mailing_list.c.name == list_name).scalar_subquery()
    return (
        sa.select(subscriber.c.id)
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .where(subscription.c.list_id == wanted, subscription.c.status == SubscriptionStatus.CONFIRMED.value)
    )


def members(audience: Audience, *, now: datetime, span: Span | None = None) -> sa.Select[int]:
    """One column, `id`: everybody who would be mailed now, or those of them in `span`, in no order."""
    if audience.limit is None:
        return _chosen(audience, now, span)
    drawn = _chosen(audience, now).order_by(*_shuffled(audience.sample_seed)).limit(audience.limit)
    sample = sa.select(subscriber.c.id).where(subscriber.c.id.in_(drawn))
    return sample if span is None else sample.where(span.holds(subscriber.c.id))


def bounds(connection: sa.Connection, audience: Audience) -> list[Span | None]:
    """The spans in which a large audience is gone through, ids ascending. A sample is drawn from everybody at once: None."""
    return [None] if audience.limit is not None else list(spans(connection))


def _chosen(audience: Audience, now: datetime, span: Span | None = None) -> sa.Select[int]:
    """All of them, before a sample is drawn. Each table is bounded by the span: no engine infers one bound from another."""
    # Joined, not asked for each person as `not_suppressed` does: SQLite would open the table anew a million times.
    barred = suppression.alias("barred")
    everybody = confirmed(audience.list_name).outerjoin(barred, barred.c.email_key == subscriber.c.email_key)
    everybody = everybody.where(barred.c.email_key.is_(None), *_clauses(audience, now, span))
    if span is None:
        return everybody
    return everybody.where(span.holds(subscriber.c.id), span.holds(subscription.c.subscriber_id))


def _clauses(audience: Audience, now: datetime, span: Span | None) -> list[sa.ColumnElement[bool]]:
    clauses = [] if audience.segment is None else [predicate(audience.segment, now=now)]
    if audience.exclude is not None:
        clauses.append(~predicate(audience.exclude, now=now))
    if audience.without:
        clauses.append(~_has_row(audience.without, OPEN_ROWS | REACHED, span))
    if audience.wants:
        clauses.append(wanting(audience.wants, now=now, span=span))
    return clauses


def reached_by(mailing_ids: tuple[int, ...], span: Span | None = None) -> sa.ColumnElement[bool]:
    """Of `subscriber` rows (in `span`): whether any of these mailings reached them, or may have."""
    return _has_row(mailing_ids, REACHED, span)


def _has_row(mailing_ids: tuple[int, ...], states: frozenset[RowState], span: Span | None) -> sa.ColumnElement[bool]:
    """Whether the person has a row in these mailings and states."""
    rows = sa.exists().where(
        delivery.c.subscriber_id == subscriber.c.id,
        delivery.c.mailing_id.in_(mailing_ids),
        delivery.c.state.in_(sorted(states)),
    )
    return rows if span is None else rows.where(span.holds(delivery.c.subscriber_id))


def wanting(wants: tuple[Want, ...], *, now: datetime, span: Span | None = None) -> sa.ColumnElement[bool]:
    """Of `subscriber` rows (in `span`): who meets any of `wants`."""
    return sa.or_(sa.false(), *(_meets(one, now, span) for one in wants))


def _meets(want: Want, now: datetime, span: Span | None) -> sa.ColumnElement[bool]:
    clauses = [predicate(AnyOf(tuple(map(Hears, want.topics))), now=now)] if want.topics else []
    if want.without:
        clauses.append(sa.not_(reached_by(want.without, span)))
    return sa.and_(sa.true(), *clauses)


def _shuffled(seed: int) -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    """An order that is random, the same for the same seed on both engines, and within 64 bits."""
    digest = hashlib.sha256(str(seed).encode()).digest()
    factor, offset = int.from_bytes(digest[:4]) & _MASK | 1, int.from_bytes(digest[4:8]) & _MASK
    low: sa.ColumnElement[int] = subscriber.c.public_id.op("&")(_MASK)
    mixed = (low.self_group() * factor + offset).self_group().op("&")(_MASK)
    return mixed, subscriber.c.id


def count(connection: sa.Connection, audience: Audience, *, now: datetime) -> int:
    each = (members(audience, now=now, span=span) for span in bounds(connection, audience))
    return sum(_size(connection, query) for query in each)


def ids(connection: sa.Connection, audience: Audience, *, now: datetime, span: Span | None) -> list[int]:
    """Those of one of its `bounds`, ascending."""
    return list(connection.scalars(members(audience, now=now, span=span).order_by(subscriber.c.id)))


def anybody(connection: sa.Connection, audience: Audience, *, now: datetime) -> int | None:
    """The id of somebody of the audience; None if it is empty."""
    return connection.scalars(members(audience, now=now).limit(1)).one_or_none()


def count_by_provider(connection: sa.Connection, audience: Audience, *, now: datetime) -> dict[Provider, int]:
    """How many of them each provider group has; those with none are left out."""
    group = provider_group(subscriber.c.email_key, is_sqlite=connection.dialect.name == "sqlite").label("provider")
    everybody = members(audience, now=now).add_columns(group).subquery()
    counted = sa.select(everybody.c.provider, sa.func.count()).group_by(everybody.c.provider)
    return {Provider(provider): number for provider, number in connection.execute(counted)}


def includes(connection: sa.Connection, audience: Audience, subscriber_id: int, *, now: datetime) -> bool:
    """Whether this person would be mailed now."""
    return connection.scalar(members(audience, now=now).where(subscriber.c.id == subscriber_id)) is not None


def sample(connection: sa.Connection, audience: Audience, size: int, *, now: datetime) -> list[int]:
    """Ids of `size` random people of the audience, the same ones for the same `sample_seed`."""
    chosen = members(audience, now=now).order_by(*_shuffled(audience.sample_seed)).limit(size)
    return list(connection.scalars(chosen))


def explain(connection: sa.Connection, audience: Audience, *, now: datetime) -> Explanation:
    """The funnel: the list, then clause after clause of the segment, then the exclusion, what a digest has for them, then suppressions."""
    query = confirmed(audience.list_name)
    steps = [Step(clause=f"list:{audience.list_name}", remaining=_size(connection, query))]
    clauses: list[tuple[str, Segment, bool]] = [
        (describe(part, inside=True), part, True) for part in parts_of(audience.segment)
    ]
    if audience.exclude is not None:
        clauses.append((f"exclude {describe(audience.exclude, inside=True)}", audience.exclude, False))
    for label, part, wanted in clauses:
        condition = predicate(part, now=now)
        query = query.where(condition if wanted else ~condition)
        steps.append(Step(clause=label, remaining=_size(connection, query)))
    if audience.wants:
        query = query.where(wanting(audience.wants, now=now))
        steps.append(Step(clause="something of it is for them", remaining=_size(connection, query)))
    suppressed = _size(connection, query.where(~not_suppressed()))
    return Explanation(
        steps=tuple(steps),
        suppressed=suppressed,
        count=count(connection, audience, now=now),
    )


def clauses_for(
    connection: sa.Connection, segment: Segment | None, subscriber_id: int, *, now: datetime
) -> Sequence[tuple[str, bool]]:
    """Each clause of the segment, and whether it holds for this person."""
    return [
        (
            describe(part, inside=True),
            connection.scalar(sa.select(1).where(subscriber.c.id == subscriber_id, predicate(part, now=now)))
            is not None,
        )
        for part in parts_of(segment)
    ]


def parts_of(segment: Segment | None) -> tuple[Segment, ...]:
    """The clauses that must all hold."""
    match segment:
        case None | Everyone():
            return ()
        case All(parts):
            return parts
        case _:
            return (segment,)


def _size(connection: sa.Connection, query: sa.Select[int]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
