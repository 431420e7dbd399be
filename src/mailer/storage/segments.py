"""A segment's tree as one SQL predicate that gives the same people on SQLite and PostgreSQL.

Every form below is never NULL, so `not` is the exact complement, and never fails, whatever an attribute holds: a naive
`attrs["age"].as_integer() >= 30` fails the whole query on PostgreSQL for one "abc", and on SQLite counts text above any
number. The pairs were compared over odd documents (missing, null, booleans, arrays, text that looks like numbers).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from mailer.domain import segment as tree
from mailer.domain.mailing import RowState
from mailer.domain.segment import Op, Segment, Value
from mailer.domain.subscriber import SubscriptionStatus
from mailer.storage import tables
from mailer.storage.database import compact_json
from mailer.storage.tables import subscriber

#: How people write yes and no in a column, beside JSON's own true and false.
YES, NO = ("true", "yes", "y", "1"), ("false", "no", "n", "0")

# {path} is '$."name"' and {name} is 'name': both checked, never a person's text. :v is bound.
# On SQLite {type} and {value} are json_type() and json_extract() of the attribute; on PostgreSQL {type}, {value} and
# {text} are jsonb_typeof(), -> and ->>.
_SQLITE_NUMBER_TEXT = (
    "{type} = 'text' AND length({value}) <= 16 AND {value} GLOB '[-0-9]*' AND {value} GLOB '*[0-9]'"
    " AND {value} NOT GLOB '*[^-0-9.]*' AND {value} NOT GLOB '?*-*' AND {value} NOT GLOB '*.*.*' AND {value} NOT GLOB '-.*'"
)
_PG_NUMBER_TEXT = "{type} = 'string' AND length({text}) <= 16 AND {text} ~ '^-?[0-9]+(\\.[0-9]+)?$'"
_SQLITE_DATE = "{type} = 'text' AND {value} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'"
_PG_DATE = "{type} = 'string' AND {text} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}'"
_SQLITE_CONTAINS = (
    "({type} = 'text' AND instr({value}, :v) > 0) OR ({type} = 'array' AND EXISTS (SELECT 1 FROM"
    " json_each(subscriber.attributes, {path}) AS e WHERE e.type = 'text' AND e.value = :v))"
)
_PG_CONTAINS = (
    "CASE {type} WHEN 'string' THEN position(CAST(:v AS text) in {text}) > 0 WHEN 'array' THEN"
    " jsonb_path_exists({value}, 'strict $[*] ? (@ == $v)', jsonb_build_object('v', CAST(:v AS text)), true) END"
)

_TEXT_FORMS: dict[Op, tuple[str, str]] = {
    Op.EQUALS: ("{type} = 'text' AND {value} = :v", "{type} = 'string' AND {text} = CAST(:v AS text)"),
    Op.CONTAINS: (_SQLITE_CONTAINS, _PG_CONTAINS),
    Op.STARTS_WITH: (
        "{type} = 'text' AND substr({value}, 1, length(:v)) = :v",
        "{type} = 'string' AND starts_with({text}, CAST(:v AS text))",
    ),
    Op.ENDS_WITH: (
        "{type} = 'text' AND substr({value}, -length(:v)) = :v",
        "{type} = 'string' AND right({text}, length(CAST(:v AS text))) = CAST(:v AS text)",
    ),
    Op.EXISTS: (
        "{type} <> 'null' AND ({type} <> 'text' OR trim({value}) <> '')",
        "{type} <> 'null' AND ({type} <> 'string' OR btrim({text}) <> '')",
    ),
    Op.BEFORE: (_SQLITE_DATE + " AND {value} < :v", _PG_DATE + ' AND {text} COLLATE "C" < CAST(:v AS text)'),
    Op.SINCE: (_SQLITE_DATE + " AND {value} >= :v", _PG_DATE + ' AND {text} COLLATE "C" >= CAST(:v AS text)'),
}


def _number_forms(op: Op) -> tuple[str, str]:
    """JSON numbers, and text that is plainly a number (`-?digits[.digits]`, at most 16 characters)."""
    jsonpath = "==" if op is Op.EQUALS else op.value
    sqlite = (
        f"({{type}} IN ('integer', 'real') AND {{value}} {op.value} :v)"
        f" OR ({_SQLITE_NUMBER_TEXT} AND CAST({{value}} AS REAL) {op.value} :v)"
    )
    postgresql = (
        # `strict`: without it PostgreSQL looks inside arrays; the type guard: null <> 30 would be true.
        f'jsonb_path_exists(subscriber.attributes, \'strict $."{{name}}" ? (@.type() == "number" && @ {jsonpath} $v)\','
        " jsonb_build_object('v', CAST(:v AS numeric)), true)"
        f" OR CASE WHEN {_PG_NUMBER_TEXT} THEN CAST({{text}} AS double precision) {op.value}"
        " CAST(:v AS double precision) ELSE false END"
    )
    return sqlite, postgresql


def _boolean_forms(*, value: bool) -> tuple[str, str]:
    words = ", ".join(f"'{word}'" for word in (YES if value else NO))
    json = str(value).lower()
    return (
        f"{{type}} = '{json}' OR ({{type}} = 'text' AND lower({{value}}) IN ({words}))",
        f"{{value}} = CAST('{json}' AS jsonb) OR ({{type}} = 'string' AND lower({{text}}) IN ({words}))",
    )


class PerEngine(sa.ColumnElement[bool]):
    """One test in each engine's words; the compiler of the engine picks its own."""

    inherit_cache = False
    type = sa.Boolean()

    def __init__(self, sqlite: str, postgresql: str, value: object = None) -> None:
        self.forms = {"sqlite": self._bound(sqlite, value), "postgresql": self._bound(postgresql, value)}

    @staticmethod
    def _bound(sql: str, value: object) -> sa.TextClause:
        clause = sa.text(sql)
        return clause.bindparams(sa.bindparam("v", value, unique=True)) if ":v" in sql else clause


@compiles(PerEngine)
def _compile_per_engine(element: PerEngine, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.forms[compiler.dialect.name], **options))


def attribute_test(name: str, op: Op, value: Value) -> sa.ColumnElement[bool]:
    """The test of one attribute; `name` has only letters, digits, `_`, `-` and spaces."""
    if isinstance(value, bool) and op is Op.EQUALS:
        forms = _boolean_forms(value=value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        forms = _number_forms(op)
    else:
        forms = _TEXT_FORMS[op]
    sqlite = forms[0].format(
        name=name,
        path=f"'$.\"{name}\"'",
        type=f"json_type(subscriber.attributes, '$.\"{name}\"')",
        value=f"json_extract(subscriber.attributes, '$.\"{name}\"')",
    )
    postgresql = forms[1].format(
        name=name,
        type=f"jsonb_typeof(subscriber.attributes -> '{name}')",
        value=f"(subscriber.attributes -> '{name}')",
        text=f"(subscriber.attributes ->> '{name}')",
    )
    return PerEngine(f"coalesce({sqlite}, 0)", f"coalesce({postgresql}, false)", value)


_NAME = "coalesce(nullif(subscriber.name, ''), trim(subscriber.first_name || ' ' || subscriber.last_name))"
_FIELD_FORMS: dict[Op, tuple[str, str]] = {
    Op.EQUALS: ("{field} = :v", "{field} = CAST(:v AS text)"),
    Op.CONTAINS: ("instr({field}, :v) > 0", "position(CAST(:v AS text) in {field}) > 0"),
    Op.STARTS_WITH: ("substr({field}, 1, length(:v)) = :v", "starts_with({field}, CAST(:v AS text))"),
    Op.ENDS_WITH: (
        "substr({field}, -length(:v)) = :v",
        "right({field}, length(CAST(:v AS text))) = CAST(:v AS text)",
    ),
    Op.EXISTS: ("trim({field}) <> ''", "trim({field}) <> ''"),
}


def _field_test(name: str, op: Op, value: Value) -> sa.ColumnElement[bool]:
    field = {"name": _NAME, "email": "subscriber.email_key"}.get(name, f"subscriber.{name}")
    sqlite, postgresql = _FIELD_FORMS[op]
    return PerEngine(f"({sqlite.format(field=field)})", f"({postgresql.format(field=field)})", value)


def _hears(topic: str) -> sa.ColumnElement[bool]:
    """A topic is small letters, digits and hyphens, so that one in quotes is itself and no part of another."""
    return PerEngine(
        "(subscriber.topics = '[]' OR instr(subscriber.topics, '\"' || :v || '\"') > 0)",
        "(subscriber.topics = '[]' OR subscriber.topics @> jsonb_build_array(CAST(:v AS text)))",
        topic,
    )


def _tagged(tag: str) -> sa.ColumnElement[bool]:
    """Tags have no commas, and quotation marks within one are escaped: after `[` or `,` a whole one begins."""
    return PerEngine(
        "(instr(subscriber.tags, '[' || :v) > 0 OR instr(subscriber.tags, ',' || :v) > 0)",
        "(subscriber.tags @> CAST(:v AS jsonb))",
        compact_json(tag),
    )


def _joined(op: Op, at: datetime) -> sa.ColumnElement[bool]:
    return subscriber.c.created_at < at if op is Op.BEFORE else subscriber.c.created_at >= at


def _speaks(language: str) -> sa.ColumnElement[bool]:
    return sa.or_(subscriber.c.language == language, _field_test("language", Op.STARTS_WITH, f"{language}-"))


def on_list(name: str) -> sa.Select[int]:
    """Ids of the confirmed members of a list, mailable or not."""
    return (
        sa.select(tables.subscription.c.subscriber_id)
        .join(tables.mailing_list)
        .where(tables.mailing_list.c.name == name, tables.subscription.c.status == SubscriptionStatus.CONFIRMED.value)
    )


def _received(slug: str) -> sa.Select[int]:
    delivery, mailing = tables.delivery, tables.mailing
    return (
        sa.select(delivery.c.subscriber_id)
        .join(mailing, mailing.c.id == delivery.c.mailing_id)
        .where(mailing.c.slug == slug, delivery.c.state == RowState.SENT.value)
    )


def predicate(segment: Segment, *, now: datetime) -> sa.ColumnElement[bool]:
    """The condition on `subscriber` rows; `now` resolves "the last 30 days". Never NULL."""
    match tree.resolved(segment, now):
        case tree.All(parts):
            return sa.and_(sa.true(), *(predicate(part, now=now) for part in parts))
        case tree.AnyOf(parts):
            return sa.or_(sa.false(), *(predicate(part, now=now) for part in parts))
        case tree.Not(part):
            return sa.not_(predicate(part, now=now))
        case tree.Everyone():
            return sa.true()
        case leaf:
            return _leaf(leaf)


def _leaf(leaf: Segment) -> sa.ColumnElement[bool]:
    memberships: dict[type, Callable[[Any], sa.Select[int]]] = {
        tree.OnList: lambda it: on_list(it.name),
        tree.Received: lambda it: _received(it.slug),
    }
    if type(leaf) in memberships:
        return subscriber.c.id.in_(memberships[type(leaf)](leaf))
    match leaf:
        case tree.Tagged(tag):
            return _tagged(tag)
        case tree.Hears(topic):
            return _hears(topic)
        case tree.Speaks(language):
            return _speaks(language)
        case tree.Joined(op, at):
            return _joined(op, at)
        case tree.Field(name, op, value):
            return _field_test(name, op, value)
        case tree.Attribute(name, op, value):
            return attribute_test(name, op, value)
    raise TypeError(type(leaf).__name__)
