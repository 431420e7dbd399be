"""YAML without surprises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.sources.yaml_loader import read_yaml


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("01234", "01234"),
        ("2024-11-30", "2024-11-30"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        (".inf", ".inf"),
        ("1e3", "1e3"),
        ("<<", "<<"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("42", 42),
        ("-7", -7),
        ("212.25", 212.25),
        ("'42'", "42"),
        ('"true"', "true"),
        ("|\n  two\n  lines", "two\nlines\n"),
    ],
)
def test_a_plain_word_means_what_it_looks_like(word, value):
    document = read_yaml(f"a: {word}\n")
    assert document.faults == ()
    assert document.value == {"a": value}
    assert type(document.value["a"]) is type(value)


def test_every_key_and_item_has_its_line_and_column():
    lines = read_yaml("a: 1\nb:\n  c: x\n  d:\n    - y\n    - e: z\n").lines
    assert lines == {
        ("a",): (1, 1),
        ("b",): (2, 1),
        ("b", "c"): (3, 3),
        ("b", "d"): (4, 3),
        ("b", "d", 0): (5, 7),
        ("b", "d", 1): (6, 7),
        ("b", "d", 1, "e"): (6, 7),
    }


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3", 3, '"a" is there twice'),
        ("a: &x 1\nb: *x", 2, "references"),
        ("a: !!python/object:os.system x", 1, "tags"),
        ("a: !foo x", 1, "tags"),
        ("? [1, 2]\n: x", 1, "a key is a single word"),
        ("a: b: c", 1, "not YAML"),
        ("a: 1\n\tb: 2", 2, "not YAML"),
        ('a: "x" y', 1, "not YAML"),
        ("a: @x", 1, "not YAML"),
        ("a: [1,\nb: 2", 2, "not YAML"),
        ("a: \x01", 1, "a control character"),
        ("[" * 3000, 1, "too many brackets"),
    ],
)
def test_what_hides_something_is_a_fault_with_its_line(text, line, words):
    (fault,) = read_yaml(text).faults
    assert fault.line == line
    assert words in fault.message


def test_what_can_be_read_is_read_beside_the_faults():
    document = read_yaml("a: 1\na: 2\nb: 3")
    assert document.value == {"a": 1, "b": 3}


@given(st.text(max_size=200))
def test_any_text_is_read_or_has_faults(text):
    document = read_yaml(text)
    assert (
        document.faults or document.value is None or isinstance(document.value, str | int | float | bool | list | dict)
    )


@pytest.mark.parametrize("escape", ["\\0", "\\e", "\\x85", "\\L", "\\ud800", "\\x7f"])
def test_an_escape_for_what_no_mail_can_hold_is_refused_with_its_line(escape):
    document = read_yaml(f'a: 1\nb: "He{escape}llo"\n')
    (fault,) = document.faults
    assert (fault.line, fault.hint) == (2, "delete its escape")
    assert "the invisible character U+" in fault.message
    assert document.value["b"] == "Hello"
