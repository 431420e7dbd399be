"""Random segments and random people for property tests: odd on purpose."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from mailer.domain import segment as tree
from mailer.domain.segment import NUMERIC, TEXT_FIELDS, Op

NOW = datetime(2024, 11, 22, 9, tzinfo=UTC)
NAMES = ("age", "city", "since", "topics")
# No NUL: neither database holds it in JSON. No surrogates: they are no text.
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=6)
ODD = [
    *[
        "30",
        "-1",
        "007",
        "3.50",
        "1e3",
        "12345678901234567",
        "-",
        ".5",
        "-.5",
        "5.",
        "1.2.3",
        "--1",
        "1-2",
        "+3",
        "0x1f",
        "abc",
        "Ab",
        "ab",
        "yes",
        "No",
        "TRUE",
        "1",
        "0",
    ],
    *["2024-01-31", "2024-01-31T10:00", "2024-1-3", "9999-99-99", "É", "é", "%", "_"],
    *("30 ", " 30", "30\n", "3\n0", "\n"),
]
WORDS = st.sampled_from([*ODD, " ", ""])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 30, 2.5, 1e15, -0.1]),
    st.integers(-100, 100),
    WORDS,
    TEXT,
)
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.sampled_from(["a", "age"]), SCALARS, max_size=1)
)
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4)
DAYS = st.sampled_from(["2024-01-31", "2024-02-01", "1999-12-31"])
MOMENTS = st.integers(-100, 5).map(lambda days: NOW + timedelta(days=days))
TOPICS = ("peru", "per", "peru-2", "trade")
#: None is a part of another, however they are written down.
TAGS = ("donor", "big fish", "don", 'a"donor', "donor\\", "é donor")
LISTS, SLUGS = ("news", "events"), ("appeal", "report")
LANGUAGES = ("", "es", "pt", "pt-BR", "en-GB")

_names = st.sampled_from(NAMES)
_wanted = st.one_of(TEXT, WORDS.filter(str.strip))
_text_ops = st.sampled_from([Op.EQUALS, Op.CONTAINS, Op.STARTS_WITH, Op.ENDS_WITH])
_numbers = st.one_of(st.sampled_from([0, 1, 7, 30, 2.5, 3.5, 1000]), st.integers(-100, 100))
LEAVES = st.one_of(
    st.just(tree.Everyone()),
    st.sampled_from(TAGS).map(tree.Tagged),
    st.sampled_from(TOPICS).map(tree.Hears),
    st.sampled_from(LISTS).map(tree.OnList),
    st.sampled_from(SLUGS).map(tree.Received),
    st.sampled_from(["es", "pt", "pt-BR", "en"]).map(tree.Speaks),
    st.builds(tree.Joined, st.sampled_from([Op.BEFORE, Op.SINCE]), MOMENTS),
    st.integers(1, 99).map(tree.JoinedWithin),
    st.builds(tree.Field, st.sampled_from(TEXT_FIELDS), _text_ops, _wanted),
    st.sampled_from([*TEXT_FIELDS, "language"]).map(lambda name: tree.Field(name, Op.EXISTS, True)),
    st.builds(tree.Attribute, _names, _text_ops, _wanted),
    _names.map(lambda name: tree.Attribute(name, Op.EXISTS, True)),
    st.builds(tree.Attribute, _names, st.sampled_from([*sorted(NUMERIC), Op.EQUALS]), _numbers),
    st.builds(tree.Attribute, _names, st.just(Op.EQUALS), st.booleans()),
    st.builds(tree.Attribute, _names, st.sampled_from([Op.BEFORE, Op.SINCE]), DAYS),
)
SEGMENTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(tree.Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: tree.All(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: tree.AnyOf(tuple(parts))),
    ),
    max_leaves=4,
)
