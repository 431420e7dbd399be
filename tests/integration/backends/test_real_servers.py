"""Postfix and exim, as Debian ships them: what they are given comes to rest byte for byte, exactly once; their limits are told."""

import email
import email.policy
import time
from collections import Counter
from contextlib import contextmanager
from functools import cache

import pytest

from dovecot_auth import DovecotAuth
from edition_oracle import AT, KEY, PLAIN, TEXT, edition, field, recipient
from mailer.backend import Deferred, Refused, Sent
from mailer.domain.message import OutgoingMessage
from mailer.edition.format import Static
from mailer.edition.program import Program
from mailer.errors import BackendMisconfigured, BackendUnavailable
from mailer.testing import assert_finished, make_message
from real_servers import Exim, Postfix, or_skip

BOTH = pytest.mark.parametrize("name", ["postfix", "exim"])
KINDS = {"postfix": Postfix, "exim": Exim}
DOTS = ".\n..\n. a dot, a blank\n.leave\nFrom here on\n"


@contextmanager
def running(name, **settings):
    or_skip(KINDS[name])
    with KINDS[name](**settings) as server:
        yield server


@pytest.fixture
def with_login():
    """A postfix that wants a login, and who judges it."""
    or_skip(Postfix)
    with DovecotAuth({"ana": "secret", "bot@example.org": "ya29.token"}) as auth:
        settings = {
            "smtpd_sasl_auth_enable": "yes",
            "smtpd_sasl_type": "dovecot",
            "smtpd_sasl_path": auth.path,
            "smtpd_tls_auth_only": "yes",
            "smtpd_client_restrictions": "permit_sasl_authenticated, reject",
        }
        with Postfix(**settings) as server:
            yield server, auth


def letters(prefix, count):
    """Messages of campaigns, 1 to 150 KB, whose every line of text begins as badly as it can."""
    made = []
    for number in range(count):
        program = campaign(1 + 37 * (number % 11) ** 2 // 2)
        made.append(program.message(recipient(first_name="Zoë", email=f"{prefix}{number}@example.org"), at=AT))
        assert_finished(made[-1])
    return made


@cache
def campaign(length):
    parts = {
        "subject": (Static("Dots"),),
        "text": (Static(DOTS * length), PLAIN(field("first_name"))),
        "html": (Static(f"<p>\n{DOTS}</p>"), TEXT(field("first_name"))),
    }
    return Program(edition(**parts), key=KEY, mailing_id=length)


def arrived(server, messages, prefix):
    """What came to rest is what was given, once each."""
    found = server.delivered(len(messages), to=prefix)
    assert Counter(message.recipient for message in found) == Counter(message.recipient for message in messages)
    contents = {message.recipient: message for message in found}
    for message in messages:
        assert contents[message.recipient].content == message.content
        assert contents[message.recipient].sender == message.sender
    return contents


def patiently(connect):
    deadline = time.monotonic() + 60
    while True:
        try:
            return connect()
        except BackendUnavailable:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@BOTH
def test_two_hundred_letters_arrive_byte_for_byte_and_once(name, request, client):
    server = request.getfixturevalue(name)
    messages = letters("letter", 200)
    assert max(len(message.content) for message in messages) > 100_000
    backend = client(server, messages_per_connection=70)
    receipts = list(backend.send_many(iter(messages)))
    backend.close()
    assert [receipt for receipt in receipts if not isinstance(receipt, Sent)] == []
    found = arrived(server, messages, "letter")
    text = email.message_from_bytes(found["letter1@example.org"].content, policy=email.policy.default)
    assert DOTS in text.get_body(("plain",)).get_content().replace("\r\n", "\n")


@BOTH
def test_letters_of_any_script_before_the_at_and_eight_bit_content(name, request, client):
    server = request.getfixturevalue(name)
    messages = [
        make_message(1, recipient="utf-josé@example.org"),
        make_message(2, recipient="utf-jose@xn--bcher-kva.example", eight_bit=True),
        make_message(3, recipient="utf-用户@xn--bcher-kva.example", eight_bit=True, filling=50_000),
    ]
    backend = client(server)
    assert [type(receipt) for receipt in backend.send_many(iter(messages))] == [Sent] * 3
    backend.close()
    arrived(server, messages, "utf-")


def test_under_a_login_and_tls_at_postfix(with_login, client):
    server, auth = with_login
    messages = [make_message(number, recipient=f"in{number}@example.org") for number in range(30)]
    for way in ({"user": "ana", "password": "secret"}, {"user": "bot@example.org", "token": "ya29.token"}):
        backend = client(server, **way)
        taken, messages = messages[:15], messages[15:]
        assert {type(receipt) for receipt in backend.send_many(iter(taken))} == {Sent}
        backend.close()
    assert len(server.delivered(30)) == 30
    assert auth.asked == ["PLAIN", "XOAUTH2"]


@pytest.mark.parametrize(
    "way",
    [{"user": "ana", "password": "gue55"}, {"user": "bot@example.org", "token": "gue55"}],
    ids=["plain", "xoauth2"],
)
def test_a_wrong_secret_at_postfix(with_login, client, way):
    server, auth = with_login
    with pytest.raises(BackendMisconfigured, match=r"our login as \S+ with: 535 5\.7\.8") as caught:
        client(server, **way).open()
    assert "gue55" not in str(caught.value)
    assert len(auth.asked) == 1


def test_under_a_login_and_tls_at_exim(exim, client):
    backend = client(exim, user="ana", password="secret")
    messages = [make_message(number, recipient=f"login{number}@example.org") for number in range(15)]
    assert {type(receipt) for receipt in backend.send_many(iter(messages))} == {Sent}
    backend.close()
    found = arrived(exim, messages, "login")
    assert all(b"with esmtpsa" in message.trace for message in found.values())  # RFC 3848: TLS and AUTH
    with pytest.raises(BackendMisconfigured, match="our login as ana with: 535"):
        client(exim, user="ana", password="guess").open()


def test_postfix_takes_no_bare_line_feed(postfix, client):
    """It is as strict as it claims to be: what a plugin's message smuggles is refused, and nobody else's."""
    template = make_message(1)
    smuggled = template.content + b"the end\n.\r\nMAIL FROM:<x@example.org>\r\n"
    bad = OutgoingMessage.whole(key="k", sender=template.sender, recipient="bare1@example.org", content=smuggled)
    good = make_message(2, recipient="bare2@example.org")
    backend = client(postfix)
    receipts = list(backend.send_many(iter([bad, good])))
    backend.close()
    assert isinstance(receipts[0], Refused), receipts
    assert isinstance(receipts[1], Sent)
    arrived(postfix, [good], "bare")


@pytest.mark.parametrize(
    ("name", "setting"), [("postfix", "message_size_limit"), ("exim", "message_size_limit")], ids=["postfix", "exim"]
)
def test_too_big_a_message_is_refused_and_the_next_is_sent(name, setting, client):
    with running(name, **{setting: "20000"}) as server:
        backend = client(server)
        messages = [make_message(1), make_message(2, filling=30_000), make_message(3)]
        receipts = list(backend.send_many(iter(messages)))
        backend.close()
        assert [type(receipt) for receipt in receipts] == [Sent, Refused, Sent]
        assert receipts[1].enhanced == "5.3.4"
        assert not receipts[1].bad_address
        arrived(server, [messages[0], messages[2]], "reader")


def test_fifty_messages_a_connection_at_exim_put_nobody_off(client):
    with running("exim", smtp_accept_max_per_connection="50") as server:
        backend = client(server)
        messages = [make_message(number) for number in range(120)]
        receipts = list(backend.send_many(iter(messages)))
        backend.close()
        assert {type(receipt) for receipt in receipts} == {Sent}
        arrived(server, messages, "reader")


@pytest.mark.parametrize("pipelining", ["on", "off"])
def test_half_the_recipients_unknown_and_few_errors_allowed_at_postfix(client, pipelining):
    """After three errors it closes the connection with 421: that is nobody's fault but those three's."""
    known = {"virtual_mailbox_maps": "regexp:{{/^reader[0-9]*[02468]@/ all/}}", "smtpd_hard_error_limit": "3"}
    with running("postfix", **known) as server:
        backend = client(server, pipelining=pipelining)
        messages = [make_message(number) for number in range(40)]
        receipts = list(backend.send_many(iter(messages)))
        backend.close()
        assert [type(receipt) for receipt in receipts] == [Sent, Refused] * 20
        assert {(receipt.code, receipt.enhanced, receipt.bad_address) for receipt in receipts[1::2]} == {
            (550, "5.1.1", True)
        }
        arrived(server, messages[::2], "reader")


def test_a_limit_of_one_recipient_a_message_is_none(client):
    with running("postfix", smtpd_recipient_limit="1", smtpd_recipient_overshoot_limit="1") as server:
        backend = client(server)
        messages = [make_message(number) for number in range(10)]
        assert {type(receipt) for receipt in backend.send_many(iter(messages))} == {Sent}
        backend.close()
        arrived(server, messages, "reader")


def test_too_many_messages_in_a_while_are_put_off_by_postfix(client):
    with running("postfix", smtpd_client_message_rate_limit="5", anvil_rate_time_unit="600s") as server:
        backend = client(server)
        messages = [make_message(number) for number in range(8)]
        receipts = list(backend.send_many(iter(messages)))
        backend.close()
        assert [type(receipt) for receipt in receipts] == [Sent] * 5 + [Deferred] * 3
        assert {(receipt.code, receipt.enhanced) for receipt in receipts[5:]} == {(450, "4.7.1")}
        assert all("too much mail" in receipt.text for receipt in receipts[5:])
        arrived(server, messages[:5], "reader")


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("postfix", {"smtpd_client_connection_count_limit": "1"}),
        ("exim", {"smtp_accept_max": "1"}),
    ],
    ids=["postfix", "exim"],
)
def test_too_many_connections_are_nobody_s_fate(name, limit, client):
    with running(name, **limit) as server:
        first, second = client(server), client(server)
        patiently(first.open)  # the connection that saw it start may count still
        assert isinstance(first.send(make_message(1)), Sent)
        with pytest.raises(BackendUnavailable, match="421"):
            second.send(make_message(2))
        assert isinstance(first.send(make_message(3)), Sent)
        first.close()
        assert len(server.delivered(2)) == 2
