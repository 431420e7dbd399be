"""What an import takes for an address, and that mail can be sent to whatever it takes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.envelope import envelope_address
from mailer.sources.addresses import NoAddress, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ana@example.org", "ana@example.org"),
        (" <ana@example.org>\u200b", "ana@example.org"),
        ("Ana Ruiz <ana@example.org>", "ana@example.org"),
        ("mailto:ana@example.org", "ana@example.org"),
        ("josé@bücher.example", "josé@xn--bcher-kva.example"),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org"),
        ("é" * 32 + "@example.org", "é" * 32 + "@example.org"),
    ],
)
def test_addresses(text, address):
    assert parse_address(text) == address == envelope_address(address)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no address"),
        ("ana", "has no @"),
        ("ana@localhost", "should have a period"),
        ('"ana ruiz"@example.org', "Quoting"),
        ("a..b@example.org", "two periods"),
        ("a" * 65 + "@example.org", "before the @-sign is too long (1 octets too many)"),
        ("é" * 33 + "@example.org", "before the @-sign is too long (2 octets too many)"),
        ("a@" + ".".join(["b" * 63] * 4) + ".org", "too long"),
    ],
)
def test_what_is_none_says_why(text, said):
    with pytest.raises(NoAddress) as caught:
        parse_address(text)
    assert said in str(caught.value)


@given(
    local=st.text(st.sampled_from("aZ9.+_é用'\"\u0301 "), min_size=1, max_size=80),
    domain=st.text(st.sampled_from("aZ9-.ü例"), min_size=1, max_size=250),
)
def test_mail_can_be_sent_to_whatever_is_taken(local, domain):
    with suppress(NoAddress):
        envelope_address(parse_address(f"{local}@{domain}.org"))
