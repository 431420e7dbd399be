"""How people are read for an edition: of each only what it needs, straight from the driver's rows.

This is on the path of every message. What has to be looked up elsewhere (lists, earlier mailings) is read for all at once.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa

from mailer.domain.mailing import REACHED
from mailer.domain.person import full_name
from mailer.domain.subscriber import STANDARD_FIELDS, Recipient, SubscriptionStatus, is_received, mailings_in
from mailer.storage.prepared import Prepared
from mailer.storage.rowset import among, packed_ids
from mailer.storage.tables import delivery, mailing_list, subscriber, subscription
from mailer.storage.types import unsigned

_PLAIN = ("first_name", "last_name", "language", "timezone", "country")
_NAMES = ("name", "first_name", "last_name")
_CHOSEN = ("tags", "topics")
#: The part of `json.loads` that reads a document that begins with its first character, as all do that we write.
_read_document = json.JSONDecoder().raw_decode


@cache
def reader(needs: frozenset[str], *, is_sqlite: bool) -> "Reader":
    """One for each set of fields: what there is to think about is thought about once."""
    return Reader(needs, is_sqlite=is_sqlite)


class Reader:
    """Reads people with the fields of `needs` that they have. Threads may share it."""

    def __init__(self, needs: frozenset[str], *, is_sqlite: bool) -> None:
        self._needs, self._is_sqlite = needs, is_sqlite
        self._columns: dict[str, sa.ColumnElement[Any]] = {
            name: subscriber.c[name] for name in ("id", "public_id", "email")
        }
        self._plain = [(name, self._read(name)) for name in _PLAIN if name in needs]
        self._names = [self._read(name) for name in _NAMES if "name" in needs]
        self._joined_at = self._read("joined_at") if "joined_at" in needs else 0
        self._chosen = [(name, self._read(name)) for name in _CHOSEN if name in needs]
        elsewhere = STANDARD_FIELDS - {"attributes"}
        others = any(need not in elsewhere and not is_received(need) for need in needs)
        self._attributes = self._read("attributes") if others else 0
        self._mailings = mailings_in(needs)
        chosen = sa.select(*self._columns.values())
        self._by_id = Prepared(chosen.where(among(subscriber.c.id, "p_ids", is_sqlite=is_sqlite)))
        self._by_email = Prepared(chosen.where(subscriber.c.email_key == sa.bindparam("p_email_key", type_=sa.Text)))

    def _read(self, name: str) -> int:
        """The column `name` is read too; its place in a row. Documents and days come as text, from either engine."""
        if name in (*_CHOSEN, "attributes"):
            self._columns[name] = sa.cast(subscriber.c[name], sa.Text)
        elif name == "joined_at":
            self._columns[name] = self._day(subscriber.c.created_at)
        else:
            self._columns[name] = subscriber.c[name]
        return list(self._columns).index(name)

    def _day(self, instant: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
        """The day of an instant in UTC, as in ISO 8601."""
        if self._is_sqlite:
            return sa.func.substr(instant, 1, 10, type_=sa.Text)
        return sa.func.to_char(sa.func.timezone("UTC", instant), "YYYY-MM-DD", type_=sa.Text)

    def by_ids(self, connection: sa.Connection, ids: Sequence[int]) -> list[Recipient]:
        """Those of `ids` who are still there, in no order."""
        return self._people(connection, self._by_id(connection, p_ids=packed_ids(ids)))

    def by_email(self, connection: sa.Connection, key: str) -> Recipient | None:
        """The person whose address has that key."""
        return next(iter(self._people(connection, self._by_email(connection, p_email_key=key))), None)

    def _people(self, connection: sa.Connection, rows: Sequence[tuple[Any, ...]]) -> list[Recipient]:
        values = {"p_ids": packed_ids(row[0] for row in rows)}
        lists = _grouped(connection.execute(self._lists, values)) if "lists" in self._needs else {}
        received = _grouped(connection.execute(self._received, values)) if self._mailings else {}
        people = []
        for row in rows:
            person, fields = row[0], self._fields(row)
            if "lists" in self._needs:
                fields["lists"] = lists.get(person, ())
            had = received.get(person, ()) if received else ()
            people.append(Recipient(person, unsigned(row[1]), row[2], fields, had))
        return people

    def _fields(self, row: tuple[Any, ...]) -> dict[str, object]:
        fields: dict[str, object] = {}
        needs = self._needs
        if self._attributes:
            attributes, _end = _read_document(row[self._attributes])
            fields = {name: value for name, value in attributes.items() if name in needs}
            if "attributes" in needs:
                fields["attributes"] = attributes
        for name, place in self._plain:
            if row[place]:
                fields[name] = row[place]
        if "email" in needs:
            fields["email"] = row[2]
        if self._names and (whole := full_name(*(row[place] for place in self._names))):
            fields["name"] = whole
        if self._joined_at:
            fields["joined_at"] = row[self._joined_at]
        for name, place in self._chosen:
            fields[name] = tuple(sorted(_read_document(row[place])[0]))
        return fields

    def _among(self, column: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
        return among(column, "p_ids", is_sqlite=self._is_sqlite)

    @cached_property
    def _lists(self) -> sa.Select[int, str]:
        confirmed = subscription.c.status == SubscriptionStatus.CONFIRMED.value
        query = sa.select(subscription.c.subscriber_id, mailing_list.c.name).join(mailing_list)
        return query.where(self._among(subscription.c.subscriber_id), confirmed)

    @cached_property
    def _received(self) -> sa.Select[int, int]:
        """Those of the mailings that reached each person, or may have. One look-up by the ledger's key for each of both."""
        query = sa.select(delivery.c.subscriber_id, delivery.c.mailing_id)
        return query.where(
            delivery.c.mailing_id.in_(self._mailings),
            self._among(delivery.c.subscriber_id),
            delivery.c.state.in_(sorted(REACHED)),
        )


def _grouped(rows: Iterable[Any]) -> dict[int, tuple[Any, ...]]:
    """What stands beside each person, sorted in Python: the engines sort text differently."""
    found: dict[int, list[Any]] = {}
    for person, value in rows:
        found.setdefault(person, []).append(value)
    return {person: tuple(sorted(values)) for person, values in found.items()}
