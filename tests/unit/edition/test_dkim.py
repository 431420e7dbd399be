"""Signatures (RFC 6376, RFC 8463): the documents' own vectors, and dkimpy as the judge of all else."""

import re
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes

import pytest
from dkim.canonicalization import Relaxed
from hypothesis import given, settings
from hypothesis import strategies as st

from edition_oracle import AT, HEADER, KEY, PLAIN, TEXT, default, edition, recipient
from hostile import HOSTILE
from mailer.edition.dispatch import Dispatch
from mailer.edition.dkim import OVERSIGNED, Algorithm, SelectedKey, Signer, relaxed
from mailer.edition.dkim_key import read_pem
from mailer.edition.format import Static
from mailer.edition.program import Program
from signing import ED25519, RSA, key, signer, tags, verdicts

# RFC 8463 §A.1 and §A.2: keys for examples, published.
RFC_RSA = b"""-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi
Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM
KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB
AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm
6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe
zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy
6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc
uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy
WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd
WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a
licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst
o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe
uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL
-----END RSA PRIVATE KEY-----
"""
#: nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A= behind the sixteen bytes that say what it is (RFC 8410 §7).
RFC_ED25519 = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
"""
RFC_FIELDS = b"""\
From: Joe SixPack <joe@football.example.com>\r
To: Suzie Q <suzie@shopping.example.net>\r
Subject: Is dinner ready?\r
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r
Message-ID: <20030712040037.46341.5F8J@football.example.com>\r
"""
RFC_SIGNATURES = {
    RSA: (
        b"""\
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r
 d=football.example.com; i=@football.example.com;\r
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r
 date : message-id : from : subject : date;\r
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
 b=""",
        "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2JzdA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=",
    ),
    ED25519: (
        b"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r
 d=football.example.com; i=@football.example.com;\r
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r
 subject : date : message-id : from : subject : date;\r
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r
 b=""",
        "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==",
    ),
}


@pytest.mark.parametrize(("algorithm", "pem"), [(RSA, RFC_RSA), (ED25519, RFC_ED25519)])
def test_the_signatures_of_rfc_8463_come_out_byte_for_byte(algorithm, pem):
    field, published = RFC_SIGNATURES[algorithm]
    data = relaxed(RFC_FIELDS) + relaxed(field + b"\r\n").removesuffix(b"\r\n")
    assert read_pem(pem, algorithm, where="the RFC").sign(data) == b64decode(published)


def test_rfc_6376_3_4_5_relaxed_header():
    assert relaxed(b"A: X\r\nB : Y\t\r\n\tZ  \r\n") == b"a:X\r\nb:Y Z\r\n"


fields = st.lists(
    st.tuples(
        st.from_regex(rb"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True),
        st.sampled_from([b":", b": ", b" : ", b":\t", b"  :"]),
        st.lists(
            st.sampled_from([b"a", b"b:c", b" ", b"\t", b"  ", b"\r\n ", b"\r\n\t", b"=", b"x y"]), max_size=9
        ).map(b"".join),
    ),
    min_size=1,
    max_size=5,
)


@given(fields)
def test_the_canonical_form_is_dkimpys(found):
    block = b"".join([name + colon + value + b"\r\n" for name, colon, value in found])
    theirs = Relaxed.canonicalize_headers(
        [(name, colon[colon.index(b":") + 1 :] + value + b"\r\n") for name, colon, value in found]
    )
    assert relaxed(block) == b"".join([name + b":" + value for name, value in theirs])


def signed(*algorithms, to=None, at=AT, signing=None, **parts):
    program = Program(edition(**parts), key=KEY, mailing_id=7)
    dispatch = Dispatch(signer=signing or signer(*algorithms))
    return program.message(to or recipient(first_name="Ana"), at=at, dispatch=dispatch).content


def test_both_signatures_hold_and_the_rsa_one_is_on_top():
    content = signed()
    assert verdicts(content) == [True, True]
    assert [tags(content, each)["a"] for each in (0, 1)] == ["rsa-sha256", "ed25519-sha256"]
    assert verdicts(signed(RSA)) == verdicts(signed(ED25519)) == [True]


def test_an_unsigned_message_is_the_signed_one_without_its_signature():
    plain = Program(edition(), key=KEY, mailing_id=7).message(recipient(first_name="Ana"), at=AT).content
    content = signed(RSA)
    assert content.endswith(plain)
    assert content.removesuffix(plain).startswith(
        b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=example.org;"
    )


def test_h13_every_field_is_signed_and_some_once_more():
    content = signed(RSA, meta={"reply_to": "hello@example.org", "unsubscribe_mailbox": "leave@example.org"})
    names = [name.lower() for name in message_from_bytes(content).keys()][1:]  # noqa: SIM118 (with its repetitions)
    found = tags(content)
    assert found["h"].split(":") == names + [name.decode() for name in OVERSIGNED]
    # RFC 8058 §4 asks for both fields of the way out; H13 for the rest.
    wanted = "from to subject date message-id reply-to mime-version content-type list-unsubscribe list-unsubscribe-post"
    assert set(names) >= {*wanted.split(), "list-id", "feedback-id"}
    assert "l" not in found
    assert found["t"] == str(int(AT.timestamp()))


def test_the_field_is_folded():
    for domain in ("example.org", "a-very-long-name-of-an-organisation.and-of-its-branch.example.org"):
        content = signed(signing=Signer(domain, [SelectedKey(selector="s" * 40, key=key(RSA))]))
        field = content.partition(b"\r\nFrom:")[0]
        assert max(map(len, field.split(b"\r\n"))) <= 78
        assert field.count(b"\r\n") == field.count(b"\r\n ")


@given(st.lists(st.from_regex(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True), min_size=2, max_size=3))
@settings(max_examples=30)
def test_the_field_reads_the_same_whatever_names_it_holds(labels):
    domain = ".".join(labels)
    content = signed(signing=Signer(domain, [SelectedKey(selector=labels[0], key=key(ED25519))]))
    found = tags(content)
    assert (found["d"], found["s"]) == (domain, labels[0])
    longest = max(map(len, content.partition(b"\r\nFrom:")[0].split(b"\r\n")))
    assert longest <= max(78, len(domain) + 4)  # a domain cannot be folded


names = st.one_of(st.sampled_from(list(HOSTILE.values())), st.text(max_size=30))
bodies = st.lists(
    st.one_of(
        st.sampled_from(["\n", "\n\n", " ", "From ", ".", "..\n", "ñ", "x" * 200, "Привет, ", "\t\n", "=", "=3D"]),
        st.text(max_size=20),
    ),
    max_size=8,
).map("".join)


@given(name=names, subject=names, text=bodies, html=bodies, public_id=st.integers(0, 2**64 - 1))
@settings(max_examples=60)
def test_whatever_is_in_it_the_message_is_signed_as_it_leaves(name, subject, text, html, public_id):
    greeting = default("first_name", "friend")
    content = signed(
        to=recipient(first_name=name, public_id=public_id),
        subject=(HEADER(greeting), Static(subject)),
        text=(Static(text), PLAIN(greeting), Static("\n")),
        html=(Static(html), TEXT(greeting)),
        from_name=name,
        meta={"list_title": subject},
    )
    assert verdicts(content) == [True, True]


def test_a_recipient_beyond_ascii():
    assert verdicts(signed(to=recipient(email="ñandú@example.net", first_name="Ana"))) == [True, True]


CONTENT = signed(meta={"reply_to": "hello@example.org"})
BODY_STARTS = CONTENT.index(b"\r\n\r\n") + 4


@given(st.integers(BODY_STARTS, len(CONTENT) - 1), st.integers(1, 255))
@settings(max_examples=60)
def test_any_changed_byte_of_the_body_is_seen(place, change):
    altered = bytearray(CONTENT)
    altered[place] ^= change
    assert verdicts(bytes(altered)) == [False, False]


HEADER_STARTS = CONTENT.index(b"\r\nFrom: ") + 2
FIELDS = [
    (found[1], HEADER_STARTS + found.start(2), found[2])
    for found in re.finditer(rb"(?m)^([A-Za-z-]+): (.*)\r$", CONTENT[HEADER_STARTS:BODY_STARTS])
]


@pytest.mark.parametrize(
    ("name", "place", "value"), FIELDS, ids=lambda value: value.decode() if isinstance(value, bytes) else ""
)
def test_any_changed_field_is_seen(name, place, value):
    del name
    altered = CONTENT[:place] + bytes([value[0] ^ 1]) + CONTENT[place + 1 :]
    assert verdicts(altered) == [False, False]


@pytest.mark.parametrize("name", ["From", "To", "Cc", "Subject", "Date", "Reply-To", "Content-Type"])
def test_no_second_field_can_be_put_in_front(name):
    place = HEADER_STARTS
    altered = CONTENT[:place] + f"{name}: somebody <else@example.com>\r\n".encode() + CONTENT[place:]
    assert verdicts(altered) == [False, False]


def test_what_a_relay_may_do_leaves_the_signatures_good():
    received = b"Received: from mailer by relay; Sat, 30 Nov 2024 09:30:00 +0000\r\n"
    assert verdicts(received + CONTENT) == [True, True]
    refolded = CONTENT.replace(b"\r\nList-Id: ", b"\r\nlist-id:\r\n\t ", 1)
    assert verdicts(refolded) == [True, True]
    assert verdicts(CONTENT + b"\r\n\r\n") == [True, True]  # simple: empty lines at the end do not count


def test_text_added_at_the_end_is_seen():
    assert verdicts(CONTENT + b"P.S. Send money.\r\n") == [False, False]


def test_another_domains_key_does_not_verify_it():
    stranger = Signer(
        "example.org", [SelectedKey(selector="test-rsa", key=read_pem(RFC_RSA, Algorithm.RSA, where="RFC"))]
    )
    assert verdicts(signed(signing=stranger)) == [False]


def test_threads_share_a_signer():
    ours, program = Dispatch(signer=signer()), Program(edition(), key=KEY, mailing_id=7)
    people = [recipient(public_id=number, email=f"person{number}@example.net") for number in range(80)]

    def message(person):
        return program.message(person, at=AT, dispatch=ours).content

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(message, people))
    assert made == [message(person) for person in people]
    assert verdicts(made[-1]) == [True, True]


def test_the_time_is_that_of_the_message():
    later = AT + timedelta(days=400)
    assert tags(signed(at=later))["t"] == str(int(later.timestamp()))
