"""Envelope senders: what each relay's rule makes of them, and what a bounce to one of them proves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edition_oracle import AT, KEY, edition, recipient
from mailer.edition.dispatch import PLAIN, Dispatch, dispatch_for
from mailer.edition.envelope import ascii_address
from mailer.edition.program import Program
from mailer.edition.sender import BounceAddresses, EnvelopeSender, Rule, delivery_of
from mailer.errors import EditionError
from mailer.settings import RelaySettings
from signing import signer

ids = st.integers(0, 2**64 - 1)
mailings = st.integers(0, 2**32 - 1)


def sender_of(relay, *, public_id=5, mailing_id=7, key=KEY):
    program = Program(edition(meta={"from_address": "news@example.org"}), key=key, mailing_id=mailing_id)
    to = recipient(public_id=public_id)
    return program.message(to, at=AT, dispatch=dispatch_for(relay, None)).sender


VERP = RelaySettings(envelope="verp", bounce_domain="Bounce.example.org")


def test_each_rule():
    assert sender_of(RelaySettings()) == "news@example.org"
    assert sender_of(RelaySettings(envelope="fixed", envelope_from="bounces@example.org")) == "bounces@example.org"
    local, _, domain = sender_of(VERP).partition("@")
    assert (local[:2], domain) == ("b+", "bounce.example.org")


def test_without_a_dispatch_it_is_the_from_address():
    assert Dispatch(sender=EnvelopeSender(rule=Rule.FROM), signer=None) == PLAIN
    message = Program(edition(), key=KEY, mailing_id=7).message(recipient(), at=AT)
    assert message.sender == "news@example.org"


@given(mailings, ids)
def test_h19_the_address_is_one_that_smtp_takes_and_tells_the_delivery(mailing_id, public_id):
    address = BounceAddresses(KEY, mailing_id).address("bounce.example.org", public_id)
    assert ascii_address(address) == address
    assert len(address.partition("@")[0]) <= 64
    for form in (address, address.upper(), address.partition("@")[0], address.replace("example.org", "example.net")):
        assert delivery_of(KEY, form) == (mailing_id, public_id)
    assert delivery_of(b"another key, as long as ours....", address) is None


def test_h19_it_is_one_message_s_alone_and_the_same_after_a_crash():
    assert sender_of(VERP) == sender_of(VERP)
    assert len({sender_of(VERP), sender_of(VERP, public_id=6), sender_of(VERP, mailing_id=8)}) == 3


@given(st.integers(0, 47), st.integers(1, 15))
def test_h19_a_forged_one_is_nobodys(place, change):
    local = BounceAddresses(KEY, 7).address("x.example", 5).partition("@")[0]
    digit = int(local[2 + place], 16) ^ change
    forged = f"{local[: 2 + place]}{digit:x}{local[3 + place :]}"
    assert delivery_of(KEY, forged) is None


@given(st.text(max_size=80))
def test_anything_else_is_nobodys(text):
    assert delivery_of(KEY, text) is None
    assert delivery_of(KEY, f"b+{text}@bounce.example.org") is None


def test_it_tells_nothing_that_the_message_tells_and_cannot_be_made_from_it():
    message = Program(edition(), key=KEY, mailing_id=7).message(
        recipient(public_id=5), at=AT, dispatch=dispatch_for(VERP, None)
    )
    mac = message.sender.partition("@")[0][-24:]
    assert mac.encode() not in message.content.lower()


def test_an_empty_key_makes_none():
    with pytest.raises(ValueError, match="empty key"):
        BounceAddresses(b"", 7)


def test_a_relay_that_signs_itself_gets_no_signature_of_ours():
    ours = signer()
    assert dispatch_for(RelaySettings(), ours).signer is ours
    assert dispatch_for(RelaySettings(dkim="off"), ours).signer is None


def test_what_was_made_to_be_signed_does_not_leave_without():
    meta = edition(meta={"signed": True}).meta
    dispatch_for(RelaySettings(), signer()).refuse_unsigned(meta)
    dispatch_for(RelaySettings(dkim="off"), None).refuse_unsigned(meta)
    dispatch_for(RelaySettings(), None).refuse_unsigned(edition().meta)
    with pytest.raises(EditionError, match="made to be signed") as refused:
        dispatch_for(RelaySettings(), None).refuse_unsigned(meta)
    assert "resume" in refused.value.hint
