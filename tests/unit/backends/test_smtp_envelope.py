import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.backend import Refused
from mailer.backends.smtp_envelope import Capabilities, envelope
from mailer.backends.smtp_replies import Reply
from mailer.domain.message import OutgoingMessage
from mailer.errors import BackendMisconfigured

EVERYTHING = Capabilities(pipelining=True, eight_bit=True, smtputf8=True, size_offered=True, size=1000)


def message(recipient="ana@example.org", *, sender="news@example.org", content=b"x\r\n", eight_bit=False):
    return OutgoingMessage.whole(key="k", sender=sender, recipient=recipient, content=content, eight_bit=eight_bit)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["hi"], Capabilities()),
        (["hi", "PIPELINING", "8BITMIME", "SMTPUTF8", "STARTTLS"],
         Capabilities(pipelining=True, eight_bit=True, smtputf8=True, starttls=True)),
        (["hi", "size 1000", "auth plain LOGIN"],
         Capabilities(size_offered=True, size=1000, auth=frozenset({"PLAIN", "LOGIN"}))),
        (["hi", "SIZE"], Capabilities(size_offered=True)),
        (["hi", "SIZE 0"], Capabilities(size_offered=True)),  # RFC 1870 §4: no limit
        (["hi", "SIZE many"], Capabilities(size_offered=True)),
        (["hi", "SIZE ٣"], Capabilities(size_offered=True)),
        (["hi", "AUTH=PLAIN", "AUTH CRAM-MD5"], Capabilities(auth=frozenset({"PLAIN", "CRAM-MD5"}))),
        (["PIPELINING"], Capabilities()),  # the first line is a greeting
        (["hi", "", "XTHING 1 2"], Capabilities()),
    ],
)  # fmt: skip
def test_what_the_relay_announces(lines, expected):
    assert Capabilities.of(Reply(250, tuple(line.encode() for line in lines))) == expected


def test_parameters_only_where_they_are_offered():
    said = b"MAIL FROM:<news@example.org>\r\nRCPT TO:<ana@example.org>\r\nDATA\r\n"
    assert envelope(message(), Capabilities()) == said
    assert mail(message(eight_bit=True)) == b"MAIL FROM:<news@example.org> SIZE=3 BODY=8BITMIME"
    assert b"SMTPUTF8" not in mail(message("ana@xn--bcher-kva.example"))
    assert mail(message("josé@example.org")).endswith(b" SIZE=3 SMTPUTF8")
    assert mail(message("josé@example.org", eight_bit=True)).endswith(b" BODY=8BITMIME SMTPUTF8")


def mail(one):
    """The first command for a message, to a relay that offers everything."""
    return envelope(one, EVERYTHING).splitlines()[0]


def test_the_empty_sender_is_the_null_path():
    assert mail(message(sender="")) == b"MAIL FROM:<> SIZE=3"


@pytest.mark.parametrize(
    "recipient",
    [
        "a@\u200b.example",
        "a@bücher.example",  # whoever built the message owed us its ASCII form
        "a@ex ample.org",
        "a@",
        "@b.example",
        "a@-ü.example",
        "a@" + "ü" * 70,
        "a" * 243 + "@example.org",
        "é" * 122 + "@example.org",
    ],
)
def test_what_is_no_address_is_refused_on_the_spot(recipient):
    assert envelope(message(recipient), EVERYTHING).enhanced == "5.1.3"


def test_a_sender_that_is_no_address():
    with pytest.raises(BackendMisconfigured):
        envelope(message(sender="a@example.org> X"), EVERYTHING)


def test_limits():
    assert b" SIZE=1000\r\n" in envelope(message(content=b"x" * 1000), EVERYTHING)
    assert envelope(message(content=b"x" * 1001), EVERYTHING).enhanced == "5.3.4"
    assert envelope(message(eight_bit=True), Capabilities()).enhanced == "5.6.3"
    assert envelope(message("josé@example.org"), Capabilities()).enhanced == "5.6.7"
    assert envelope(message("josé@example.org", eight_bit=True), Capabilities()).enhanced == "5.6.7"


def test_messages_that_are_too_large_by_different_sizes_have_one_cause_in_status():
    causes = {envelope(message(content=b"x" * size), EVERYTHING) for size in (1001, 1007)}
    assert [cause.text for cause in causes] == ["The message is larger than the 1,000 octets that the relay takes."]


@given(
    st.text(max_size=40), st.sampled_from(["@example.org", "@xn--bcher-kva.example", "", "@", ">", "\r\n@a.example"])
)
def test_nothing_but_three_lines_whatever_the_address(local, rest):
    found = envelope(message(local + rest), EVERYTHING)
    if isinstance(found, Refused):
        return
    _, rcpt, data, nothing = found.split(b"\r\n")
    assert (data, nothing) == (b"DATA", b"")
    assert rcpt.startswith(b"RCPT TO:<")
    assert rcpt.endswith(b">")
    assert rcpt.count(b"<") == rcpt.count(b">") == 1
    assert not any(byte <= 32 for byte in rcpt[9:-1])
