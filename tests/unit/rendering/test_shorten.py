"""A standfirst cut to two lines reads on its own, and stays well-formed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mailer.rendering.shorten import ELLIPSIS, shortened, without_links

PARSER = MarkdownIt("commonmark")


def cut(markdown, most):
    return shortened(without_links(PARSER.parseInline(markdown)[0].children), most)


def words(tokens):
    return "".join(token.content or " " * (token.type == "softbreak") for token in tokens)


@pytest.mark.parametrize(
    ("markdown", "most", "expected"),
    [
        ("Short enough.", 13, "Short enough."),
        ("It fits not. It is far longer than it may be.", 20, "It fits not."),
        ("No. It is far longer than it may be.", 20, "No. It is far longer…"),
        ("“Is it so?” she asked them, and then all was quiet", 20, "“Is it so?”"),
        ("one, two, three and more", 9, "one, two…"),
        ("x" * 90, 20, "x" * 20 + "…"),
        ("a [link](https://example.org) stays words", 100, "a link stays words"),
        ("a line\nand the next one goes on", 15, "a line and the…"),
    ],
)
def test_it_is_cut_after_a_sentence_else_after_a_word(markdown, most, expected):
    assert words(cut(markdown, most)) == expected


def test_what_was_opened_before_the_cut_is_closed():
    tokens = cut("some *words and **more words** that go on and on*, and so forth", 22)
    assert [token.type for token in tokens if token.nesting] == ["em_open", "strong_open", "strong_close", "em_close"]
    assert words(tokens) == "some words and more…"


@given(st.text(alphabet="ab *_.!?\n“”`[]()", max_size=120), st.integers(1, 60))
def test_whatever_is_written_the_cut_is_short_closed_and_a_beginning(markdown, most):
    whole = words(without_links(PARSER.parseInline(markdown)[0].children or []))
    tokens = cut(markdown, most)
    found = words(tokens)
    assert len(found) <= most + len(ELLIPSIS)
    assert sum(token.nesting for token in tokens) == 0
    assert whole.startswith(found.removesuffix(ELLIPSIS)) or found == whole
