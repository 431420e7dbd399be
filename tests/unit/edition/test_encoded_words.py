import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import HOSTILE
from mailer.edition.encoded_words import fold, phrase, unstructured
from mailer.edition.escaping import plain

texts = st.one_of(
    st.lists(
        st.sampled_from(["a", "é", "Ж", "👩🏽\u200d🌾", " ", "  ", ".", "_", "?", "=", "=?", "word", "x" * 90]),
        max_size=40,
    ).map("".join),
    st.text(max_size=120),
    st.sampled_from(list(HOSTILE.values())),
).map(plain)


def parsed(field):
    message = email.message_from_bytes(field.encode("ascii") + b"\r\n\r\n", policy=email.policy.default)
    [(_, value)] = message.items()
    assert not value.defects
    return value


def check_lines(field):
    for number, line in enumerate(field.split("\r\n")):
        assert len(line) <= 78
        assert line.strip()
        assert line.isprintable()
        assert line.isascii()
        assert (line[0] == " ") is (number > 0)


@given(texts)
def test_a_subject_reads_as_it_was_written(text):
    field = unstructured("Subject", text)
    if text.strip(" "):
        check_lines(field)
    assert parsed(field) == text.strip(" ")


@given(texts)
def test_encoded_words_are_short_and_hold_whole_characters(text):
    for word in unstructured("Subject", text).split("\r\n "):
        if word.startswith("=?"):
            assert len(word) <= 75
            email.header.make_header(email.header.decode_header(word))


def test_a_plain_subject_stays_plain():
    assert unstructured("Subject", "The fund needs you") == "Subject: The fund needs you"


def test_a_long_plain_subject_is_folded_at_blanks():
    field = unstructured("Subject", "word " * 40)
    check_lines(field)
    assert "=?" not in field


def test_what_looks_encoded_is_encoded_again():
    assert parsed(unstructured("Subject", "=?utf-8?q?x?=")) == "=?utf-8?q?x?="


@given(texts)
def test_a_display_name_is_one_word_and_names_one_mailbox(text):
    name = phrase(text)
    field = fold("From", f"{name} <news@example.org>".strip())
    addresses = parsed(field).addresses
    assert [address.addr_spec for address in addresses] == ["news@example.org"]
    shown = " ".join(text.split())
    # Python's parser inserts a blank between two encoded words, so a name that needs two is cut to one.
    assert addresses[0].display_name == shown or shown.startswith(addresses[0].display_name)
    assert name.count("=?utf-8?") <= 1


@pytest.mark.parametrize(
    ("name", "laid"),
    [
        ("News and action", "News and action"),
        ("Bread & Roses Co-op", "Bread & Roses Co-op"),
        ("Workers, United", '"Workers, United"'),
        ('The "Star" \\ co', '"The \\"Star\\" \\\\ co"'),
        ("Solidarität", "=?utf-8?q?Solidarit=C3=A4t?="),
        ("Солидарность", "=?utf-8?b?0KHQvtC70LjQtNCw0YDQvdC+0YHRgtGM?="),
        ("", ""),
    ],
)
def test_display_names(name, laid):
    assert phrase(name) == laid


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Солидарность с народами Центральной Америки", "Солидарность с народами"),
        ("Ж" * 30, "Ж" * 22),
    ],
)
def test_a_long_name_loses_its_last_words(name, kept):
    laid = phrase(name)
    assert len(laid) <= 75
    assert parsed(f"From: {laid} <a@example.org>").addresses[0].display_name == kept


def test_a_field_without_blanks_moves_to_the_next_line():
    field = fold("List-Unsubscribe", "<https://mail.example.org/" + "x" * 49 + ">, <mailto:leave@example.org>")
    assert field.split("\r\n")[0] == "List-Unsubscribe:"
    check_lines(field)
