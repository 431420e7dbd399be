"""Mending a campaign's file: what is meant in one way only, and not one character more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.mend import mend


def mended(body):
    return mend(body, 1)[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It was the the end.", "It was the end."),
        ("The the end.", "The end."),
        ("in such crimes in such crimes.", "in such crimes."),
        ("A hard\u00a0space.", "A hard space."),
        ("Gone\u00a0\u00a0\nthere\u00a0 \u00a0", "Gone\nthere"),
        ("soft\u00adhy\u200bphen", "softhyphen"),
        ("one \r\ntwo\t\n", "one\r\ntwo\n"),
        ("They gave £ 11,791.", "They gave £11,791."),
        ("“ It was”, she said: ‘ no’.", "“It was”, she said: ‘no’."),
        ('“This” and "that", ("so").', "“This” and “that”, (“so”)."),
    ],
)
def test_slips_are_mended(before, after):
    assert mended(before) == after
    assert mended(after) == after


@pytest.mark.parametrize(
    "body",
    [
        "They had had enough. That that is, is. Duran Duran sang. 20 20 is a year.",
        "A line break  \nin Markdown.",
        '"This" and "that".',
        'Curly “here”, 5" there, a"b.',
        '“x” {{ button(label="the the", url="https://a.example/£ 5") }}',
        '“x” {% call quote(by="A  A") %}\n“Yes.”\n{% endcall %}',
        "“x” `the the` and\n\n```\nthe the\u00a0\n```\n",
        '“x” ![the sea](sea.jpg "a | b") [x](https://a.example/the the)',
        "{# the the #} https://a.example/the",
    ],
)
def test_what_could_be_meant_is_left_alone(body):
    assert mended(body) == body


def test_the_front_matter_and_the_line_ends_stay(tmp_path):
    text = "\ufeff---\r\nsubject: The the\u00a0end\r\n---\r\nThe the end.\r\nAnd\u00a0so.\rLast"
    after, changed = mend(text, 4)
    assert after == "\ufeff---\r\nsubject: The the\u00a0end\r\n---\r\nThe end.\r\nAnd so.\rLast"
    assert [(one.line, one.before, one.after) for one in changed] == [
        (4, "The the end.", "The end."),
        (5, "And\u00a0so.", "And so."),
    ]


@given(st.text(alphabet='ab "“”‘\u00a0\u200b£5.{%}`]()\r\n<>', max_size=60))
def test_no_line_comes_or_goes(body):
    after, changed = mend(body, 1)
    assert [mark for mark in after if mark in "\r\n"] == [mark for mark in body if mark in "\r\n"]
    assert (after == body) == (not changed)
