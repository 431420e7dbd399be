"""The code of a proof: short, readable, and of this issue alone."""

from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.approval_code import LENGTH, approval_code, same_code

KEY = b"a key of this project, 32 bytes."
ISSUE = {
    "schedule_id": 7,
    "occurrence": "2026-11-27T09:00",
    "sources": "ab" * 32,
    "items": ("campaign:a", "campaign:b"),
}
texts = st.text(max_size=20)
issues = st.fixed_dictionaries(
    {
        "schedule_id": st.integers(1, 10**9),
        "occurrence": texts,
        "sources": texts,
        "items": st.lists(texts, max_size=4).map(tuple),
    }
)


def code(**other):
    return approval_code(KEY, **ISSUE | other)


@given(issues)
def test_it_can_be_read_aloud(issue):
    made = approval_code(KEY, **issue)
    assert len(made) == LENGTH
    assert not set(made) & set("01OIL")
    assert made.isascii()
    assert made.isalnum()
    assert made == made.upper()


def test_anything_else_has_another():
    others = [
        code(schedule_id=8),
        code(occurrence="2026-12-04T09:00"),
        code(sources="cd" * 32),
        code(items=("campaign:a",)),
        code(items=("campaign:b", "campaign:a")),
        code(items=("campaign:ac", "ampaign:b")),
        approval_code(b"another key of 32 bytes, by far.", **ISSUE),
    ]
    assert len({code(), *others}) == 1 + len(others)


def test_the_same_has_the_same_on_every_machine():
    assert code() == code()


def test_it_is_taken_as_people_type_it():
    made = code()
    assert same_code(made, made)
    assert same_code(f" {made[:3].lower()}-{made[3:].lower()}\n", made)
    assert not same_code(made[:-1], made)
    assert not same_code("", made)


@given(st.text())
def test_whatever_is_typed_is_taken_for_right_or_wrong(typed):
    assert same_code(typed, code()) in (True, False)
