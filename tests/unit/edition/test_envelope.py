import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.edition.envelope import ascii_address, envelope_address
from mailer.errors import EditionError


@pytest.mark.parametrize(
    ("address", "laid"),
    [
        ("ana@example.org", "ana@example.org"),
        ("o'brien+news=x@mail.example.org", "o'brien+news=x@mail.example.org"),
        ("Ana.B@Example.ORG", "Ana.B@Example.ORG"),
        ("ana@ñandú.example", "ana@xn--and-6ma2c.example"),
        ("ana@例え.test", "ana@xn--r8jz45g.test"),
        ("ana@straße.example", "ana@xn--strae-oqa.example"),  # IDNA 2008: ß is a letter of its own
        ("ana@ÑANDÚ.example", "ana@xn--and-6ma2c.example"),  # UTS 46: as a browser reads it
        ("ana@例え。test", "ana@xn--r8jz45g.test"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
        (f"ana@{'b' * 63}.{'c' * 63}.example.org", f"ana@{'b' * 63}.{'c' * 63}.example.org"),
    ],
)
def test_addresses_that_smtp_takes(address, laid):
    assert ascii_address(address) == envelope_address(address) == laid


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "@example.org",
        "ana@",
        "ana@example..org",
        "ana@-example.org",
        ".ana@example.org",
        "a..b@example.org",
        "ana b@example.org",
        "ana@example.org>",
        "<ana@example.org",
        "ana@example.org\r\nRCPT TO:<b@example.org>",
        "ana@example.org\n",
        "ana,ben@example.org",
        '"ana"@example.org',
        "ana@[127.0.0.1]",
        "ana@exa_mple.org",
        "ana@\ud83d.example",
        f"{'a' * 65}@example.org",
        f"ana@{'b' * 64}.example",
        f"ana@{'.'.join(['b' * 60] * 5)}",
        "ana@☃.example",
        f"{'ñ' * 33}@example.org",  # 66 octets
        "an\u00a0a@example.org",
        "an\u202ea@example.org",
        "an\x85a@example.org",
        "an\ud83da@example.org",
        "ñandú\n@example.org",
    ],
)
def test_addresses_that_it_does_not_take_are_refused_without_being_shown(address):
    with pytest.raises(EditionError) as refusal:
        envelope_address(address)
    assert not address or address not in refusal.value.message


@pytest.mark.parametrize(
    ("address", "laid"),
    [
        ("ñandú@example.org", "ñandú@example.org"),
        ("josé.ñ+x@ñandú.example", "josé.ñ+x@xn--and-6ma2c.example"),
        ("用户@例え.test", "用户@xn--r8jz45g.test"),
        (f"{'ñ' * 32}@example.org", f"{'ñ' * 32}@example.org"),
    ],
)
def test_letters_before_the_at_are_for_relays_with_smtputf8(address, laid):
    assert envelope_address(address) == laid
    with pytest.raises(EditionError, match="SMTPUTF8"):
        ascii_address(address)  # our own address stands in everybody's mail


@given(st.text(max_size=30), st.sampled_from(["@example.org", "@bücher.example", "", "\r\n@a.example"]))
def test_whatever_comes_out_can_stand_in_a_line(local, rest):
    try:
        laid = envelope_address(local + rest)
    except EditionError:
        return
    assert laid.isprintable()
    assert not set(laid) & set(' <>()[]:;,"\\')
    assert laid.rpartition("@")[2].isascii()
