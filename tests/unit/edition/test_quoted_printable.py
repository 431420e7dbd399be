import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from mailer.edition import quoted_printable

#: Text that finds the edges: line ends, blanks before them, dots, "From ", "=", characters of one to four bytes.
awkward = st.lists(
    st.one_of(
        st.sampled_from(
            ["\n", " ", "\t", ".", "From ", "From", "=", "é", "€", "👩🏽\u200d🌾", "x" * 74, "x" * 75, "ü" * 40]
        ),
        st.text(max_size=4),
    ),
    max_size=30,
).map("".join)


def decoded(encoded):
    return quopri.decodestring(encoded).decode().replace("\r\n", "\n")


def in_utf8(text):
    """`text` as it can be encoded at all, with LF line ends."""
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n")


def check_lines(encoded):
    assert encoded == b"" or encoded.endswith(b"\r\n")
    assert b"\r" not in encoded.replace(b"\r\n", b"")
    assert b"\n" not in encoded.replace(b"\r\n", b"")
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
        assert line.isascii()
        assert all(32 <= byte < 127 or byte == 9 for byte in line)


@given(awkward)
def test_a_run_decodes_to_its_text(text):
    encoded = quoted_printable.run(text)
    check_lines(encoded)
    assert decoded(encoded) == in_utf8(text)


@given(st.text(max_size=100))
def test_a_value_decodes_to_its_text(text):
    encoded = quoted_printable.value(text)
    check_lines(encoded)
    assert decoded(encoded) == in_utf8(text)


@given(st.lists(st.tuples(st.booleans(), awkward), max_size=8))
def test_runs_and_values_join_in_any_order(pieces):
    encoded = b"".join(
        quoted_printable.value(text) if is_value else quoted_printable.run(text) for is_value, text in pieces
    )
    check_lines(encoded)
    # Each piece is normalised by itself: a CR at the end of one and an LF at the start of the next are two line ends.
    assert quopri.decodestring(encoded).decode().replace("\r\n", "\n") == "".join(in_utf8(text) for _, text in pieces)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_values(text):
    for encoded in (quoted_printable.value(text), quoted_printable.run(f"{text}\n{text} \n")):
        check_lines(encoded)
    assert decoded(quoted_printable.value(text)) == in_utf8(text)


def test_b2a_qp_left_a_dot_at_the_start_of_a_wrapped_line():
    # The C encoder wraps after 75 characters whatever comes next; patched afterwards it once left a dot in column 0.
    text = "x" * 75 + "." + "y" * 74 + ".z"
    assert quoted_printable.run(text).split(b"\r\n") == [b"x" * 75 + b"=", b"=2E" + b"y" * 72 + b"=", b"yy.z=", b""]


def test_a_break_never_cuts_a_character():
    for shift in range(8):
        for line in quoted_printable.run("x" * shift + "👩" * 40).split(b"=\r\n"):
            quopri.decodestring(line).decode()


def test_an_empty_piece_lays_nothing():
    assert quoted_printable.run("") == b""
    assert quoted_printable.value("") == b""
