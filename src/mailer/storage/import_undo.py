"""Taking an import back: what it made and nobody has touched since goes; what was mailed or changed since stays.

Values that the import changed in people who were here before are not kept anywhere and so cannot be put back, but for
what they want to hear of.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mailer.errors import MailerError, UnknownName
from mailer.storage.history import import_named
from mailer.storage.import_sql import statement
from mailer.storage.tables import import_batch

# A row of the ledger is found by mailing and person, so first come the mailings that can have one: in the undoing of a fresh
# import these are few, or none.
_SINCE = """SELECT m.id FROM mailing m WHERE EXISTS (SELECT 1 FROM delivery n WHERE n.mailing_id = m.id
    AND n.subscriber_id >= (SELECT min(s.id) FROM subscriber s WHERE s.import_id = :batch))"""
_MAILED = f"""EXISTS (SELECT 1 FROM delivery d
    WHERE d.mailing_id IN ({_SINCE}) AND d.subscriber_id = subscriber.id)"""
#: Whatever happens to a person writes an event, but that an import brought them.
_CHANGED = "EXISTS (SELECT 1 FROM subscriber_event e WHERE e.subscriber_id = subscriber.id)"
_SINCE_ON_LIST = """SELECT m.id, l.id FROM mailing m JOIN list l ON l.name = m.list_name
    JOIN import_batch b ON b.id = :batch AND m.created_at >= b.started_at"""
_MAILED_ON_LIST = f"""EXISTS (SELECT 1 FROM delivery d
    WHERE (d.mailing_id, subscription.list_id) IN ({_SINCE_ON_LIST}) AND d.subscriber_id = subscription.subscriber_id)"""
_UNTOUCHED_MEMBER = f"""subscription.import_id = :batch AND subscription.status = 'confirmed'
    AND NOT {_MAILED_ON_LIST}"""

#: A tag came with an import if that brought the person, or gave it to them; who got it anew since, keeps it.
_CAME = """subscriber.import_id = :batch OR t.value IN (SELECT a.value FROM tag_change c, {each}(c.added) AS a
    WHERE c.import_id = :batch AND c.subscriber_id = subscriber.id)"""
_ANEW = """t.value IN (SELECT e.detail FROM subscriber_event e WHERE e.subscriber_id = subscriber.id AND e.kind = 'tagged'
        AND e.id > coalesce((SELECT max(i.id) FROM subscriber_event i WHERE i.subscriber_id = subscriber.id
            AND i.kind = 'imported' AND i.detail LIKE :own), 0))
    OR t.value IN (SELECT a.value FROM tag_change c, {each}(c.added) AS a
        WHERE c.import_id > :batch AND c.subscriber_id = subscriber.id)"""
_GIVEN_TAGS = """subscriber.import_id = :batch
    OR subscriber.id IN (SELECT c.subscriber_id FROM tag_change c WHERE c.import_id = :batch)"""
_COUNT_TAGS = f"SELECT coalesce(sum({{length}}(tags)), 0) FROM subscriber WHERE {_GIVEN_TAGS}"
_TAKE_TAGS = f"""UPDATE subscriber SET tags = (SELECT {{collected}} FROM {{each}}(subscriber.tags) AS t
    WHERE NOT ({_CAME}) OR {_ANEW}) WHERE {_GIVEN_TAGS}"""

_UNTOUCHED_TOPICS = """FROM topic_change c JOIN subscriber s ON s.id = c.subscriber_id
    WHERE c.import_id = :batch AND s.topics = c.given"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """people, memberships, tags: what was removed. topics: of how many people who stay the choice was put back.

    mailed, changed: new people who stay, and why. updated: as above.
    """

    batch: int
    file: str
    people: int
    memberships: int
    tags: int
    topics: int
    mailed: int
    changed: int
    updated: int


def undo_import(connection: sa.Connection, batch: int, *, at: datetime) -> Undone:
    """Raises UnknownName for a batch that never was, MailerError for one that was taken back already."""
    found = connection.execute(sa.select(import_batch).where(import_batch.c.id == batch)).first()
    if found is None:
        raise UnknownName(f"There is no import {batch}.", hint=_recent(connection))
    if found.undone_at is not None:
        raise MailerError(f"Import {batch} was taken back on {found.undone_at:%Y-%m-%d} already.")
    people = _run(
        connection, f"DELETE FROM subscriber WHERE import_id = :batch AND NOT {_MAILED} AND NOT {_CHANGED}", batch
    )
    mailed = _count(connection, f"import_id = :batch AND {_MAILED}", batch)
    changed = _count(connection, f"import_id = :batch AND NOT {_MAILED}", batch)
    _write_history(connection, batch, at=at)
    memberships = _run(connection, f"DELETE FROM subscription WHERE {_UNTOUCHED_MEMBER}", batch)
    tags = _take_tags(connection, batch)
    topics = _run(
        connection,
        f"UPDATE subscriber SET topics = (SELECT c.before {_UNTOUCHED_TOPICS} AND s.id = subscriber.id) "
        f"WHERE id IN (SELECT s.id {_UNTOUCHED_TOPICS})",
        batch,
    )
    connection.execute(import_batch.update().where(import_batch.c.id == batch).values(undone_at=at))
    return Undone(
        batch=batch,
        file=found.file,
        people=people,
        memberships=memberships,
        tags=tags,
        topics=topics,
        mailed=mailed,
        changed=changed,
        updated=found.counts.get("updated", 0),
    )


def _write_history(connection: sa.Connection, batch: int, *, at: datetime) -> None:
    """Of everybody who stays and is about to lose something that the import brought."""
    event = f"""INSERT INTO subscriber_event (subscriber_id, at, kind, detail)
        SELECT subscriber_id, :at, 'changed', :detail FROM subscription WHERE {_UNTOUCHED_MEMBER}
        UNION SELECT c.subscriber_id, :at, 'changed', :detail {_UNTOUCHED_TOPICS}"""
    told = sa.text(event).bindparams(
        sa.bindparam("at", at, import_batch.c.started_at.type),
        sa.bindparam("detail", f"import {batch} was taken back"),
        sa.bindparam("batch", batch),
    )
    connection.execute(told)


def _take_tags(connection: sa.Connection, batch: int) -> int:
    """How many fewer all people have together."""
    before = _tags(connection, batch)
    connection.execute(statement(connection, _TAKE_TAGS), {"batch": batch, "own": import_named(batch, "%")})
    return before - _tags(connection, batch)


def _tags(connection: sa.Connection, batch: int) -> int:
    return int(connection.execute(statement(connection, _COUNT_TAGS), {"batch": batch}).scalar_one())


def _run(connection: sa.Connection, statement: str, batch: int) -> int:
    return connection.execute(sa.text(statement), {"batch": batch}).rowcount


def _count(connection: sa.Connection, condition: str, batch: int) -> int:
    return connection.scalar(sa.text(f"SELECT count(*) FROM subscriber WHERE {condition}"), {"batch": batch}) or 0


def _recent(connection: sa.Connection) -> str:
    query = sa.select(import_batch.c.id, import_batch.c.file).order_by(import_batch.c.id.desc()).limit(5)
    named = [f"{number} ({file})" for number, file in connection.execute(query)]
    return f"The last imports: {', '.join(named)}." if named else "Nothing has been imported yet."
