"""The staging tables of an import: made for one connection, filled batch by batch.

On SQLite they live in a file, so that memory stays flat however long the import is.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from mailer.domain.imports import ImportRow
from mailer.domain.person import Subscription
from mailer.storage import import_sql as sql
from mailer.storage.bulk import insert_rows
from mailer.storage.database import compact_json
from mailer.storage.subscribers import signed
from mailer.storage.suppressions import erased_key
from mailer.storage.tables import mailing_list, suppression


@contextmanager
def staging_tables(connection: sa.Connection, *, dry_run: bool) -> Iterator[None]:
    """There while the block runs. What stands and what is set on the connection ends with it: nobody uses it again."""
    try:
        _make_staging_tables(connection, dry_run=dry_run)
        yield
    finally:
        connection.invalidate()


def _make_staging_tables(connection: sa.Connection, *, dry_run: bool) -> None:
    if connection.dialect.name == "sqlite":
        _set_up_sqlite(connection)
    with connection.begin():
        if connection.dialect.name == "postgresql":
            # A batch fits, so that judging it does not write to the disk. The session's first temporary table settles it.
            connection.execute(sa.text("SET temp_buffers = '128MB'"))
        for template in sql.STAGING:
            connection.execute(sql.statement(connection, template))
        if connection.dialect.name == "postgresql" and not dry_run:
            connection.execute(sa.text(sql.DRAW_IDS))


def _set_up_sqlite(connection: sa.Connection) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    for pragma in (
        # Indexes of addresses and public ids are written all over: a tenth of the time of a long list. More gains nothing.
        "cache_size=-32768",
        # It would look up, for every row, the list and person that it names. All of them were found or made in the
        # transaction that writes the row, nobody else writes during it, and an import deletes nothing.
        "foreign_keys=OFF",
    ):
        driver.execute(f"PRAGMA {pragma}").close()  # has to be outside a transaction


def vouch_for_references(connection: sa.Connection, lists: Iterable[int]) -> None:
    """Until the end of this transaction PostgreSQL need not look up, for every row, the list and person that it names.

    That look-up is half of an import's time. All of them were found or made in this transaction; locked, they cannot go
    before it ends. Only the owner of the server may do so, as in docker-compose.yml; for others PostgreSQL looks them up.
    """
    if connection.dialect.name == "postgresql" and connection.scalar(sa.text(sql.MAY_VOUCH)):
        for statement, ids in zip(sql.LOCK_REFERENCES, ({"lists": [*lists]}, {}), strict=True):
            connection.execute(sa.text(statement), ids)
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))


@contextmanager
def looking_up(connection: sa.Connection) -> Iterator[None]:
    """PostgreSQL looks a batch up in an index, row by row: by itself it would rather read everybody there is, each time."""
    if connection.dialect.name == "postgresql":
        for join in ("hashjoin", "mergejoin"):
            connection.execute(sa.text(f"SET LOCAL enable_{join} = off"))
        yield
        for join in ("hashjoin", "mergejoin"):
            connection.execute(sa.text(f"RESET enable_{join}"))
    else:
        yield


def ahead(connection: sa.Connection) -> int | None:
    """On SQLite, what makes the line of somebody new their id; PostgreSQL has drawn the ids."""
    return connection.scalar(sa.text(sql.AHEAD)) if connection.dialect.name == "sqlite" else None


def attributes_json(attributes: Mapping[str, Any]) -> str:
    """What `compact_json` writes, at a fifth of the cost for a file's attributes, which are text."""
    try:
        return "{" + ",".join([f'"{name}":{encode_basestring(value)}' for name, value in attributes.items()]) + "}"
    except TypeError:  # not text
        return compact_json(attributes)


def _public_ids() -> Iterator[int]:
    """Random, signed, 64 bits; a thousand for each question to the system."""
    while True:
        yield from struct.unpack("1000q", os.urandom(8000))


@dataclass(slots=True)
class Lists:
    """Their ids by name; new ones are made, but by a dry run, which takes numbers that nobody has."""

    connection: sa.Connection
    make: bool
    known: dict[str, int] = field(default_factory=dict)

    def id(self, name: str) -> int:
        if name not in self.known:
            columns = mailing_list.c
            found = self.connection.scalar(sa.select(columns.id).where(columns.name == name))
            if found is None and self.make:
                found = self.connection.scalar(mailing_list.insert().values(name=name).returning(columns.id))
            self.known[name] = found or -1 - len(self.known)
        return self.known[name]


@dataclass(slots=True)
class Staged:
    """What the batch at hand brings beside people, and so what there is to be done. erased: whether anybody ever was."""

    erased: bool
    topics: bool = False
    suppressed: bool = False


class Staging:
    """Fills the tables with one batch after the other."""

    def __init__(
        self, connection: sa.Connection, *, make: bool, tags: tuple[str, ...], fields: frozenset[str] | None
    ) -> None:
        """make: whether lists and tags that are not there are made. tags: what every row gets. fields: as an ImportPlan's.

        Columns that a file has not are not handed over row by row: each would cost as much as one that it has.
        """
        self._plain = ("line", "email", *(name for name in sql.TEXT_COLUMNS if fields is None or name in fields))
        self._rare = fields is None or "joined_at" in fields
        self._connection = connection
        self.lists = Lists(connection, make)
        # A list has few combinations of tags.
        self._tags = lru_cache(maxsize=10_000)(lambda own: compact_json(sorted({*own, *tags})))
        self._fresh = _public_ids()
        self._given: set[int] = set()  # public ids that the batch at hand brings

    def fill(self, rows: Iterable[tuple[ImportRow, str]]) -> Staged:
        """Replace what is staged by `rows`: each with the key of its address, which no other has."""
        empty = (
            "DELETE FROM {}" if self._connection.dialect.name == "sqlite" else "TRUNCATE {}"
        )  # else the dead rows stay
        for name in sql.PER_BATCH:
            self._connection.execute(sa.text(empty.format(name)))
        # Kept aside: on PostgreSQL nothing else can be asked while rows are copied.
        subscriptions: list[tuple[int, Subscription]] = []
        topics: list[tuple[int, str]] = []
        self._given.clear()
        staged = Staged(erased=self._anybody_erased())
        rare = self._rare or staged.erased
        columns = (*self._plain, *sql.ROW_COLUMNS, *(sql.RARE_COLUMNS if rare else ()))
        made = self._rows(rows, subscriptions, topics, staged, rare=rare)
        insert_rows(self._connection, "import_row", columns, made)
        members = [self._subscription(line, one) for line, one in subscriptions]
        insert_rows(self._connection, "import_subscription", sql.SUBSCRIPTION_COLUMNS, members)
        insert_rows(self._connection, "import_topics", sql.TOPIC_COLUMNS, topics)
        if self._given:
            self._renew_taken()
        staged.topics = bool(topics)
        return staged

    def _rows(
        self,
        rows: Iterable[tuple[ImportRow, str]],
        subscriptions: list[tuple[int, Subscription]],
        topics: list[tuple[int, str]],
        staged: Staged,
        *,
        rare: bool,
    ) -> Iterator[tuple[object, ...]]:
        plain = attrgetter(*self._plain)
        for row, key in rows:
            if row.memberships:
                subscriptions.extend((row.line, one) for one in row.memberships)
            if row.topics:
                topics.append((row.line, compact_json(row.topics)))
            yield (
                *plain(row),
                key,
                next(self._fresh) if row.public_id is None else self._public_id(signed(row.public_id)),
                attributes_json(row.attributes) if row.attributes else "{}",
                self._tags(row.tags),
                *(self._rarely(row, key, staged) if rare else ()),
            )

    def _rarely(self, row: ImportRow, key: str, staged: Staged) -> tuple[object, ...]:
        if row.suppressed:
            staged.suppressed = True
        return (
            erased_key(key) if staged.erased else "",
            self._moment(row.joined_at) if row.joined_at else None,
            row.suppressed.value if row.suppressed else None,
        )

    def _public_id(self, wanted: int) -> int:
        """The one that the file gives, to the first who has it there."""
        if wanted in self._given:
            return next(self._fresh)
        self._given.add(wanted)
        return wanted

    def _renew_taken(self) -> None:
        """No link may come to mean another person than it was mailed to."""
        lines = self._connection.scalars(sa.text(sql.TAKEN_PUBLIC_IDS)).all()
        if lines:
            renewed = [(line, next(self._fresh)) for line in lines]
            insert_rows(self._connection, "import_renewal", sql.RENEWAL_COLUMNS, renewed)
            self._connection.execute(sa.text(sql.RENEW_PUBLIC_IDS))

    def _subscription(self, line: int, one: Subscription) -> tuple[object, ...]:
        times = self._moment(one.consented_at), self._moment(one.changed_at)
        return line, self.lists.id(one.list_name), one.status.value, one.consent, *times

    def _moment(self, at: datetime) -> object:
        """An instant as the driver takes it; SQLite's as SQLAlchemy writes them, so that they compare."""
        utc = at.astimezone(UTC)
        return utc.strftime("%Y-%m-%d %H:%M:%S.%f") if self._connection.dialect.name == "sqlite" else utc

    def _anybody_erased(self) -> bool:
        found = sa.select(1).where(suppression.c.reason == "erased").limit(1)
        return self._connection.scalar(found) is not None
