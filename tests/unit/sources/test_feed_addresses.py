"""Which addresses are anybody's to connect to, and how an address is asked for."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.sources.feeds.addresses import is_public, web_address
from mailer.sources.feeds.answers import Unread

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::1",
    "2001:0:7f00:1::1",
    "2001:db8::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "localhost",
    "nonsense",
]
PUBLIC = [
    "93.184.216.34",
    "8.8.8.8",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "172.32.0.1",
    "100.128.0.1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_private_is_left_alone(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_may_be_asked(address):
    assert is_public(address)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_address_in_the_clothes_of_the_other_family_is_judged_alike(address):
    number = int(address)
    for wrapped in (0xFFFF << 32 | number, 0x64FF9B << 96 | number):
        assert is_public(str(IPv6Address(wrapped))) == is_public(str(address))


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://example.org", ("example.org", 443, "/", "example.org")),
        ("HTTP://Example.ORG:80/a?b=c#d", ("example.org", 80, "/a?b=c", "example.org")),
        ("https://example.org:8443/a b", ("example.org", 8443, "/a%20b", "example.org:8443")),
        ("https://bücher.example/ñ?q=ä", ("xn--bcher-kva.example", 443, "/%C3%B1?q=%C3%A4", "xn--bcher-kva.example")),
        ("https://example.org/%C3%B1/@ana.rss", ("example.org", 443, "/%C3%B1/@ana.rss", "example.org")),
        ("http://[2606:4700::1111]/", ("2606:4700::1111", 80, "/", "[2606:4700::1111]")),
    ],
)
def test_an_address_is_asked_for_as_it_is_meant(url, asked):
    found = web_address(url)
    assert (found.host, found.port, found.target, found.host_header) == asked
    assert web_address(found.url) == found


@given(st.text(max_size=60) | st.text(alphabet="htps:/@[]?#.%\r\n\t é1", max_size=40).map("http://".__add__))
def test_no_text_makes_a_header_of_its_own(text):
    try:
        found = web_address(text, base="https://example.org/")
    except Unread:
        return
    for part in (found.host, found.target, found.host_header, found.url):
        assert part.isascii()
        assert part.isprintable()
        assert " " not in part
