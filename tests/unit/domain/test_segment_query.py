from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain import segment as tree
from mailer.domain.segment import (
    All,
    AnyOf,
    Attribute,
    Field,
    Hears,
    Joined,
    JoinedWithin,
    Not,
    Op,
    Received,
    Speaks,
    Tagged,
)
from mailer.domain.segment_query import QueryError, describe, parse
from mailer.domain.segment_terms import Vocabulary
from mailer.domain.topics import Topics
from segment_trees import SEGMENTS

TOPICS = Topics({"peru": "Peru", "per": "Per", "peru-2": "Peru 2", "trade": "Trade and work"})
WORDS = Vocabulary(lists=frozenset({"news", "events"}), topics=TOPICS, zone=UTC)


@pytest.mark.parametrize(
    ("query", "meaning"),
    [
        ("tag:Donor", Tagged("donor")),
        ('tag:"big fish"', Tagged("big fish")),
        ("tag:a tag:b", All((Tagged("a"), Tagged("b")))),
        ("tag:a AND tag:b", All((Tagged("a"), Tagged("b")))),
        ("tag:a OR tag:b tag:c", AnyOf((Tagged("a"), All((Tagged("b"), Tagged("c")))))),
        ("country:(BR OR ar)", AnyOf((Field("country", Op.EQUALS, "BR"), Field("country", Op.EQUALS, "AR")))),
        ("-tag:a", Not(Tagged("a"))),
        ("topic:Peru", Hears("peru")),
        ('-topic:"Trade and work"', Not(Hears("trade"))),
        ("NOT (tag:a OR tag:b)", Not(AnyOf((Tagged("a"), Tagged("b"))))),
        ("language:PT_br", Speaks("pt-BR")),
        ("received:fighting-fund", Received("fighting-fund")),
        ("joined:30d", JoinedWithin(30)),
        ("joined:8w", JoinedWithin(56)),
        ("attr.age:>=30", Attribute("age", Op.AT_LEAST, 30)),
        ("attr.age:30", Attribute("age", Op.EQUALS, 30)),
        ('attr.age:"30"', Attribute("age", Op.EQUALS, "30")),
        ("attr.zip:01234", Attribute("zip", Op.EQUALS, "01234")),
        ("attr.member:true", Attribute("member", Op.EQUALS, True)),
        ("attr.city:*", Attribute("city", Op.EXISTS, True)),
        ("-attr.city:*", Not(Attribute("city", Op.EXISTS, True))),
        ("attr.city:!=Leeds", Not(Attribute("city", Op.EQUALS, "Leeds"))),
        ("attr.gift:>=2024-11-01", Attribute("gift", Op.SINCE, "2024-11-01")),
        ("attr.gift:<=2024-11-01", Attribute("gift", Op.BEFORE, "2024-11-02")),
        ("email:*@Example.org", Field("email", Op.ENDS_WITH, "@example.org")),
        ('name:"Ana R"*', Field("name", Op.STARTS_WITH, "Ana R")),
        ("name:*O'Brien*", Field("name", Op.CONTAINS, "O'Brien")),
        ("everyone", tree.Everyone()),
    ],
)
def test_a_query_means(query, meaning):
    assert parse(query, WORDS) == meaning


def test_days_begin_in_the_projects_zone():
    words = Vocabulary(zone=ZoneInfo("America/Lima"))
    assert [tree.instant_text(part.at) for part in parse("joined:2024-01-31", words).parts] == [
        "2024-01-31T05:00:00Z",
        "2024-02-01T05:00:00Z",
    ]
    assert isinstance(parse("joined:>=2024-01-31", words), Joined)


@pytest.mark.parametrize(
    ("query", "message", "column"),
    [
        ("", "something is missing", 0),
        ("tag:", "needs a value", 4),
        ("climate", "alone means nothing", 0),
        ("tag:a (tag:b", "never closed", 6),
        ("tag:a)", "never opened", 5),
        ('tag:"a', "never closed", 4),
        ("tag:a OR", "something is missing", 8),
        ("tga:a", "nothing to test", 0),
        ("tag:a list:nwes", 'no list "nwes"', 6),
        ("segment:nope", 'no segment "nope"', 0),
        ("tag:a topic:preu", 'no topic "preu"', 6),
        ("topic:>3", "cannot be tested with >", 0),
        ("attr.age:>old", "neither a number nor a day", 0),
        ("tag:>3", "cannot be tested with >", 0),
        ("joined:someday", "is no day", 0),
        ("joined:>=0000-00-00", "is no day", 0),
        ("joined:>9999-12-31", "too far away", 0),
        ("attr.é:x", "alone means nothing", 0),
        ("NOT", "NOT what", 0),
        ("(" * 200 + "tag:a" + ")" * 200, "too many parentheses", 51),
    ],
)
def test_a_query_that_cannot_be_read_says_where_and_what(query, message, column):
    with pytest.raises(QueryError, match=message) as caught:
        parse(query, WORDS)
    assert caught.value.column == column


def test_a_slip_of_the_pen_gets_a_suggestion():
    with pytest.raises(QueryError) as caught:
        parse("contry:BR", WORDS)
    assert caught.value.hint == 'did you mean "country"? an attribute is written "attr.contry"'


@settings(max_examples=150, deadline=None)
@given(SEGMENTS)
def test_what_is_described_reads_back_as_the_same_tree(segment):
    written = describe(normal(segment))
    assert parse(written, WORDS) == normal(segment), written


def normal(segment):
    """Spellings that a person cannot write are not made by a person either: addresses are in small letters."""
    match segment:
        case tree.All(parts):
            return All(tuple(map(normal, parts)))
        case tree.AnyOf(parts):
            return AnyOf(tuple(map(normal, parts)))
        case tree.Not(part):
            return Not(normal(part))
        case Field("email", op, str(value)):
            return Field("email", op, value.casefold())
        case Field("country", op, str(value)) if op is Op.EQUALS:
            return Field("country", op, "BR" if value else value)
        case Field(name, op, str(value)) | Attribute(name, op, str(value)) if not value.strip():
            return type(segment)(name, op, "x")
        case _:
            return segment


@settings(max_examples=100, deadline=None)
@given(SEGMENTS)
def test_a_stored_tree_reads_back_as_the_same_tree(segment):
    assert tree.from_json(tree.to_json(segment)) == segment


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('tag:list()" OR-*<>=a1.\\é')))
def test_no_text_makes_anything_but_a_tree_or_a_clear_refusal(query):
    try:
        found = parse(query, WORDS)
    except QueryError as error:
        where, what = error.column, error.message
        assert 0 <= where <= len(query)
        assert what
    else:
        assert parse(describe(found), WORDS) == found
