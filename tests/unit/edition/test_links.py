import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition import links
from mailer.edition.links import Link, Purpose

KEY = b"a key of this project, 32 bytes."
public_ids = st.integers(min_value=0, max_value=2**64 - 1)
mailing_ids = st.integers(min_value=0, max_value=2**32 - 1)
purposes = st.sampled_from(Purpose)


@given(purposes, mailing_ids, public_ids)
def test_what_was_signed_is_read_back(purpose, mailing_id, public_id):
    token = links.sign(KEY, purpose, mailing_id, public_id)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    assert token[-1] not in "-_"  # linkifiers leave these out of an address in plain text
    assert links.verify(KEY, token) == Link(purpose=purpose, mailing_id=mailing_id, public_id=public_id)


@given(purposes, mailing_ids, public_ids, st.integers(min_value=0, max_value=36), st.data())
def test_one_changed_character_is_refused(purpose, mailing_id, public_id, place, data):
    token = links.sign(KEY, purpose, mailing_id, public_id)
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_").filter(lambda c: c != token[place]))
    assert links.verify(KEY, token[:place] + other + token[place + 1 :]) is None


@given(st.text(max_size=60))
def test_any_text_is_refused_without_an_exception(text):
    assert links.verify(KEY, text) is None
    assert links.delivery_of(KEY, text) is None


def test_a_shortened_or_lengthened_token_is_refused():
    token = links.sign(KEY, Purpose.LEAVE, 7, 42)
    for wrong in (token[:-1], token[1:], token[:20] + token[-1], token + "l", "A" + token, token + "\n", "", "l"):
        assert links.verify(KEY, wrong) is None


def test_a_token_of_another_key_is_refused():
    assert links.verify(b"another key", links.sign(KEY, Purpose.LEAVE, 7, 42)) is None


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("other", Purpose)
def test_a_token_opens_only_what_it_was_made_for(purpose, other):
    token = links.sign(KEY, purpose, 7, 42)
    link = links.verify(KEY, token[:-1] + other.value)
    assert (link is not None) is (purpose is other)


def test_a_message_key_is_no_link_and_a_link_no_message_key():
    _, message_key = links.Signer(KEY, 7).sign(42)
    assert links.delivery_of(KEY, message_key) == (7, 42)
    assert links.verify(KEY, message_key) is None
    assert all(links.verify(KEY, message_key[:-1] + purpose.value) is None for purpose in Purpose)
    assert links.delivery_of(KEY, links.sign(KEY, Purpose.LEAVE, 7, 42)) is None


def test_a_key_longer_than_blake2_takes_is_used_whole():
    long = b"k" * 200
    token = links.sign(long, Purpose.VIEW, 1, 2)
    assert links.verify(long, token)
    assert links.verify(long[:-1] + b"j", token) is None


def test_an_empty_key_signs_nothing():
    with pytest.raises(ValueError, match="empty key"):
        links.sign(b"", Purpose.LEAVE, 1, 2)


@pytest.mark.parametrize(("mailing_id", "public_id"), [(2**32, 1), (-1, 1), (1, 2**64), (1, -1)])
def test_numbers_that_do_not_fit_are_refused_instead_of_cut(mailing_id, public_id):
    with pytest.raises(OverflowError):
        links.sign(KEY, Purpose.LEAVE, mailing_id, public_id)
