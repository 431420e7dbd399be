"""A Jinja second stage over the same trees of nodes says, letter by letter, what the program says."""

from email import message_from_bytes, policy

from hypothesis import given, settings
from hypothesis import strategies as st

from edition_oracle import (
    AT,
    ATTR,
    KEY,
    PLAIN,
    TEXT,
    URL,
    URLQ,
    const,
    default,
    edition,
    field,
    filtered,
    jinja_environment,
    jinja_source,
    recipient,
)
from hostile import HOSTILE
from mailer.edition.format import For, If, Static, dump, load
from mailer.edition.program import Program

words = st.one_of(st.sampled_from(list(HOSTILE.values())), st.text(max_size=6), st.sampled_from(["Ana", "Perú", ""]))
people = st.builds(
    lambda name, tags, topics, total, missing: recipient(
        tags=tuple(tags), topics=tuple(topics), total=total, **({} if missing else {"first_name": name})
    ),
    words,
    st.lists(st.sampled_from(["donor", "press", "local"]), max_size=3),
    st.lists(words, max_size=4),
    st.integers(-5, 100_000),
    st.booleans(),
)
statics = st.sampled_from(["", "\n", "a ", ".", " \n", "From ", "ñ = ", "x" * 80, "\nDear ", "{{ x }} {% if %}"]).map(
    Static
)
values = st.sampled_from(
    [
        field("first_name"),
        default("first_name", "friend"),
        filtered("upper", default("first_name", "x")),
        filtered("join", field("topics"), " & "),
        filtered("number", field("total")),
        ("concat", const("£"), field("total")),
        ("cond", ("gt", field("total"), const(10)), const("gifts"), const("gift")),
    ]
)
loop_values = st.sampled_from(
    [
        ("var", "item"),
        ("field", ("var", "loop"), "index"),
        ("field", ("var", "loop"), "last"),
        default("first_name", "x"),
    ]
)
tests = st.sampled_from(
    [
        ("in", const("donor"), field("tags")),
        ("lt", field("total"), const(100)),
        field("first_name"),
        ("not", field("topics")),
        ("and", field("tags"), ("eq", filtered("length", field("topics")), const(2))),
    ]
)


def trees(contexts, values, depth):
    leaves = st.one_of(statics, st.builds(lambda hole, expr: hole(expr), st.sampled_from(contexts), values))
    if depth == 0:
        return st.lists(leaves, max_size=5).map(tuple)
    inner = trees(contexts, values, depth - 1)
    in_loop = trees(contexts, loop_values, depth - 1)
    branches = st.lists(st.tuples(tests, inner), min_size=1, max_size=3).map(tuple)
    return st.lists(
        st.one_of(
            leaves,
            st.builds(If, branches, inner),
            st.builds(For, st.just("item"), st.sampled_from([field("topics"), field("tags")]), in_loop, inner),
        ),
        max_size=4,
    ).map(tuple)


JINJA = jinja_environment()


@settings(max_examples=50)
@given(trees([PLAIN, URLQ], values, 2), trees([TEXT, ATTR, URL, URLQ], values, 2), people)
def test_the_program_says_what_jinja_says(text, html, person):
    program = Program(load(dump(edition(text=text, html=html))), key=KEY, mailing_id=1)
    expected = [JINJA.from_string(jinja_source(nodes)).render(subscriber=person.fields) for nodes in (text, html)]
    assert [program.text(person), program.html(person)] == expected
    found = message_from_bytes(program.message(person, at=AT).content, policy=policy.default)
    assert [part.get_content().replace("\r\n", "\n") for part in found.iter_parts()] == expected
