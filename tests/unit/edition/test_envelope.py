import pytest

from mailer.edition.envelope import ascii_address
from mailer.errors import EditionError


@pytest.mark.parametrize(
    ("address", "laid"),
    [
        ("ana@example.org", "ana@example.org"),
        ("o'brien+news=x@mail.example.org", "o'brien+news=x@mail.example.org"),
        ("Ana.B@Example.ORG", "Ana.B@Example.ORG"),
        ("ana@ñandú.example", "ana@xn--and-6ma2c.example"),
        ("ana@例え.test", "ana@xn--r8jz45g.test"),
        (f"{'a' * 64}@example.org", f"{'a' * 64}@example.org"),
        (f"ana@{'b' * 63}.{'c' * 63}.example.org", f"ana@{'b' * 63}.{'c' * 63}.example.org"),
    ],
)
def test_addresses_that_smtp_takes(address, laid):
    assert ascii_address(address) == laid


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
    ],
)
def test_addresses_that_it_does_not_take_are_refused_without_being_shown(address):
    with pytest.raises(EditionError) as refusal:
        ascii_address(address)
    assert not address or address not in refusal.value.message


def test_letters_before_the_at_need_smtputf8():
    with pytest.raises(EditionError, match="SMTPUTF8"):
        ascii_address("ñandú@example.org")
