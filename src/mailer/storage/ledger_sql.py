"""The ledger's statements, each built once per engine and used for ever. `storage/ledger.py` says what they are for.

Each takes one batch and is one UPDATE. States are stepped through `step`, so a statement that would take a row along
a road that `ROW_STEPS` does not know cannot be built. In predicates the states stand as literals: PostgreSQL's generic
plan cannot use a partial index for a bound value.
"""

from functools import cache
from typing import Any

import sqlalchemy as sa

from mailer.domain.mailing import ROW_STEPS, InDoubt, MailingState, RowState
from mailer.domain.provider import Provider
from mailer.storage.audiences import confirmed, not_suppressed
from mailer.storage.prepared import Prepared
from mailer.storage.row_step import RowStep
from mailer.storage.rowset import rowset
from mailer.storage.tables import IN_HAND, delivery, mailing, subscriber

ONE: sa.ColumnElement[int] = sa.literal_column("1")
MANY: sa.ColumnElement[int] = sa.literal_column("1000")


def step(source: RowState, target: RowState) -> sa.ColumnElement[int]:
    """`target`, for a statement that takes rows from `source` to it."""
    assert target in ROW_STEPS[source], f"no step leads from {source.name} to {target.name}"
    return literal(target)


def literal(state: RowState) -> sa.ColumnElement[int]:
    return sa.literal_column(str(int(state)), sa.SmallInteger)


def number(name: str) -> sa.BindParameter[int]:
    return sa.bindparam(name, type_=sa.BigInteger)


@cache
def statements(*, is_sqlite: bool) -> "Statements":
    return Statements(is_sqlite=is_sqlite)


class Statements:
    """One attribute per step of a row. Parameters are named `p_…`, because an UPDATE takes any other name for a column.

    Each takes `p_now` on SQLite only: there the machine's clock counts, on PostgreSQL the server's, which all machines share.
    """

    def __init__(self, *, is_sqlite: bool) -> None:
        self.is_sqlite = is_sqlite
        self.now: sa.ColumnElement[int] = number("p_now")
        #: When the statement began. An index can be asked for what is due by then, and not for a time that goes on.
        self.began: sa.ColumnElement[int] = self.now
        if not is_sqlite:
            self.now = _seconds(sa.func.clock_timestamp())
            self.began = _seconds(sa.func.statement_timestamp())
        self.open_mailing = self._open_mailing()
        self.due_lanes = Prepared(self._due_lanes())
        self.claim = Prepared(self._claim())
        self.mark = RowStep(self._mark(), is_sqlite=is_sqlite)
        self.sent = RowStep(self._sent(), is_sqlite=is_sqlite)
        self.settle = Prepared(self._settle(RowState.SENDING))
        self.fail_unsent = Prepared(self._settle(RowState.LEASED))
        self.extend = self._extend()
        self.release = RowStep(self._release(), is_sqlite=is_sqlite)
        self.release_all = self._release_all()
        self.reap_leased = self._reap_leased()
        self.reap_sending = self._reap_sending()
        self.close = self._close()

    def _open_mailing(self) -> sa.Select[tuple[object, ...]]:
        """What a claim must know of the mailing, if it is sending; a mark asks only whether it is.

        FOR SHARE holds off a `pause` until this transaction has committed, and makes this one wait for a `pause` that
        came first: without it PostgreSQL would judge by a snapshot from before the pause. (SQLite has one writer.)
        """
        columns = (mailing.c.list_name, mailing.c.send_by, mailing.c.give_up_at, self.now.label("now"))
        chosen = sa.select(*columns).where(mailing.c.id == number("p_mailing"), mailing.c.state == MailingState.SENDING)
        return chosen.with_for_update(read=True)

    def _due_lanes(self) -> sa.Select[int]:
        """The lanes of which a claim would find a row: one look each at where the index begins, and nothing is locked.

        Each asks for its earliest row: of any row PostgreSQL may think that it comes across one soon, and read the whole mailing.
        """
        queued = delivery.c.mailing_id == number("p_mailing"), delivery.c.state == literal(RowState.QUEUED)
        looks = []
        for provider in Provider:
            of_lane = delivery.c.lane == sa.literal_column(str(int(provider))), delivery.c.due <= self.began
            first = sa.select(delivery.c.lane).where(*queued, *of_lane).order_by(delivery.c.due).limit(ONE)
            looks.append(sa.select(first.subquery().c.lane))
        return sa.select(sa.union_all(*looks).subquery().c.lane)

    def _claim(self) -> sa.UpdateBase:
        """Take due rows of a lane; each becomes leased, or ends because its person left or its time is over.

        The rows are picked in a materialised CTE: PostgreSQL may evaluate a plain subquery twice and so take more.
        """
        picked = self._picked()
        leased = picked.c.fate == literal(RowState.LEASED)
        rows = sa.update(delivery).where(delivery.c.mailing_id == number("p_mailing"))
        return (
            self._keyed(rows, picked.c.subscriber_id)
            .values(
                state=picked.c.fate,
                token=sa.case((leased, number("p_token")), else_=0),
                lease=sa.case((leased, self._lease_end()), else_=0),
                relay=number("p_relay"),
            )
            .returning(delivery.c.subscriber_id, delivery.c.attempts, delivery.c.state, delivery.c.lease)
        )

    def _picked(self) -> sa.CTE:
        """The next due rows of a lane, locked, and what becomes of each."""
        queued = RowState.QUEUED
        fate = sa.case(
            (
                ~self._mailable(delivery.c.subscriber_id, sa.bindparam("p_list", type_=sa.Text)),
                step(queued, RowState.SUPPRESSED),
            ),
            (number("p_late") == 1, step(queued, RowState.EXPIRED)),
            (sa.and_(number("p_over") == 1, delivery.c.attempts > 0), step(queued, RowState.FAILED)),
            else_=step(queued, RowState.LEASED),
        )
        return (
            sa.select(delivery.c.subscriber_id, fate.label("fate"))
            .where(delivery.c.mailing_id == number("p_mailing"), delivery.c.state == literal(queued))
            .where(
                delivery.c.lane == number("p_lane"), delivery.c.due > number("p_above"), delivery.c.due <= self.began
            )
            .where(sa.or_(delivery.c.attempts == 0, delivery.c.relay != number("p_not")))
            .order_by(delivery.c.due, delivery.c.subscriber_id)
            .limit(number("p_count"))
            .with_for_update(skip_locked=True, of=delivery)
            .cte("picked")
            .prefix_with("MATERIALIZED")
        )

    def _mark(self) -> sa.Update:
        """On PostgreSQL the mailing is locked before the first row is touched: whether it is open is asked once, first of all."""
        opened = self._open_mailing()
        if not self.is_sqlite:
            opened = sa.select(opened.cte("opened").prefix_with("MATERIALIZED").c.now)
        return (
            self._held(RowState.LEASED)
            .where(delivery.c.lease > self.now, sa.exists(opened))
            .values(state=step(RowState.LEASED, RowState.SENDING))
        )

    def _sent(self) -> sa.Update:
        """What becomes of nearly every row, of all at once."""
        sent, attempts = step(RowState.SENDING, RowState.SENT), delivery.c.attempts + 1
        return self._held(RowState.SENDING).values(state=sent, due=0, attempts=attempts, token=0, lease=0)

    def _settle(self, source: RowState) -> sa.UpdateBase:
        """Rows from `source` to where each of them now stands."""
        rows = rowset("p_rows", ("id", "state", "due", "counted"), is_sqlite=self.is_sqlite)
        return (
            self._keyed(self._held(source), rows.c.id)
            .values(state=rows.c.state, due=rows.c.due, attempts=delivery.c.attempts + rows.c.counted, token=0, lease=0)
            .returning(delivery.c.subscriber_id)
        )

    def _extend(self) -> sa.Update:
        """By token alone: the partial index on leases holds no more rows than are in workers' hands."""
        return (
            sa.update(delivery)
            .where(IN_HAND, delivery.c.token == number("p_token"), delivery.c.lease > self.now)
            .values(lease=self._lease_end())
        )

    def _lease_end(self) -> sa.ColumnElement[int]:
        """Of now only the whole second is known: one more, and no lease is shorter than its holder believes."""
        return self.now + number("p_seconds") + 1

    def _release(self) -> sa.Update:
        back = step(RowState.LEASED, RowState.QUEUED)
        return self._held(RowState.LEASED).values(state=back, token=0, lease=0)

    def _release_all(self) -> sa.Update:
        return (
            sa.update(delivery)
            .where(IN_HAND, delivery.c.token == number("p_token"))
            .where(delivery.c.state == literal(RowState.LEASED))
            .values(state=step(RowState.LEASED, RowState.QUEUED), token=0, lease=0)
        )

    def _reap_leased(self) -> sa.UpdateBase:
        dead = self._dead(RowState.LEASED)
        return (
            sa.update(delivery)
            .where(delivery.c.mailing_id == dead.c.mailing_id, delivery.c.subscriber_id == dead.c.subscriber_id)
            .values(state=step(RowState.LEASED, RowState.QUEUED), token=0, lease=0)
            .returning(delivery.c.subscriber_id)
        )

    def _reap_sending(self) -> sa.UpdateBase:
        """The attempt is counted: it may well have been one."""
        dead = self._dead(RowState.SENDING)
        resend = sa.select(mailing.c.id).where(mailing.c.in_doubt == InDoubt.RESEND)
        fate = sa.case(
            (delivery.c.mailing_id.in_(resend), step(RowState.SENDING, RowState.QUEUED)),
            else_=step(RowState.SENDING, RowState.UNCERTAIN),
        )
        return (
            sa.update(delivery)
            .where(delivery.c.mailing_id == dead.c.mailing_id, delivery.c.subscriber_id == dead.c.subscriber_id)
            .values(state=fate, attempts=delivery.c.attempts + 1, token=0, lease=0)
            .returning(delivery.c.mailing_id, delivery.c.subscriber_id, delivery.c.state)
        )

    def _dead(self, state: RowState) -> sa.CTE:
        return (
            sa.select(delivery.c.mailing_id, delivery.c.subscriber_id)
            .where(IN_HAND, delivery.c.lease <= self.began, delivery.c.state == literal(state))
            .order_by(delivery.c.lease)
            .limit(MANY)
            .with_for_update(skip_locked=True, of=delivery)
            .cte("dead")
            .prefix_with("MATERIALIZED")
        )

    def _close(self) -> sa.Update:
        """What a cancelled or expired mailing had in workers' hands and got back ends as the mailing did."""
        queued, cancelled = RowState.QUEUED, MailingState.CANCELLED
        over = sa.select(mailing.c.id).where(mailing.c.state.in_([cancelled, MailingState.EXPIRED]))
        rest = (
            sa.select(delivery.c.mailing_id, delivery.c.subscriber_id)
            .where(delivery.c.mailing_id.in_(over), delivery.c.state == literal(queued))
            .order_by(delivery.c.mailing_id, delivery.c.lane, delivery.c.due)
            .limit(MANY)
            .with_for_update(skip_locked=True, of=delivery)
            .cte("rest")
            .prefix_with("MATERIALIZED")
        )
        was_cancelled = sa.select(mailing.c.id).where(mailing.c.state == cancelled)
        fate = sa.case(
            (delivery.c.mailing_id.in_(was_cancelled), step(queued, RowState.CANCELLED)),
            else_=step(queued, RowState.EXPIRED),
        )
        return (
            sa.update(delivery)
            .where(delivery.c.mailing_id == rest.c.mailing_id, delivery.c.subscriber_id == rest.c.subscriber_id)
            .values(state=fate)
        )

    def _held(self, state: RowState) -> sa.Update:
        """An UPDATE of the mailing's rows in `state` that carry the token: the fence."""
        return sa.update(delivery).where(
            delivery.c.mailing_id == number("p_mailing"),
            delivery.c.state == literal(state),
            delivery.c.token == number("p_token"),
        )

    def _keyed(self, rows: sa.Update, ids: sa.ColumnElement[int]) -> sa.Update:
        """Of the mailing's `rows` those whose person is in `ids`, a column that each of them is joined with.

        PostgreSQL does not see how few they are and would read all rows of the mailing to find them, until there are very many.
        """
        if not self.is_sqlite:
            rows = rows.where(delivery.c.subscriber_id == sa.any_(sa.func.array(sa.select(ids).scalar_subquery())))
        return rows.where(delivery.c.subscriber_id == ids)

    def _mailable(self, person: sa.ColumnElement[int], list_name: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        """Whether `person` may be mailed on that list: the same rule by which the audience was counted and frozen."""
        allowed = confirmed(list_name).where(subscriber.c.id == person, not_suppressed())
        if not self.is_sqlite:
            # Else PostgreSQL, which does not see how few rows are asked about, first finds everybody who may be mailed.
            allowed = allowed.offset(sa.literal_column("0"))
        return allowed.exists()


def _seconds(moment: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.floor(sa.extract("epoch", moment)), sa.BigInteger)
