"""Messages and addresses out of the ordinary."""

from smtpd import SmtpServer

import pytest

from mailer.backend import Refused, Sent
from mailer.domain.message import OutgoingMessage
from mailer.errors import BackendMisconfigured
from mailer.testing import assert_finished, make_message


def test_too_big_a_message_is_not_even_offered(client):
    with SmtpServer(size_limit=5000) as server:
        backend = client(server)
        receipts = list(backend.send_many(iter([make_message(1), make_message(2, filling=9000), make_message(3)])))
        backend.close()
    assert [type(receipt) for receipt in receipts] == [Sent, Refused, Sent]
    assert receipts[1].enhanced == "5.3.4"
    assert not any("reader2" in command for command in server.commands)


def test_a_relay_that_finds_it_too_big_after_all_refuses_it_for_good(client):
    with SmtpServer("no-size", size_limit=5000) as server:
        receipt = client(server).send(make_message(filling=9000))
    assert receipt == Refused(code=552, enhanced="5.3.4", text="too big")


def test_eight_bit_goes_where_it_is_taken(client):
    message = make_message(eight_bit=True)
    with SmtpServer() as server:
        assert isinstance(client(server).send(message), Sent)
    assert server.accepted[0].content == message.content
    assert "BODY=8BITMIME" in next(command for command in server.commands if command.startswith("MAIL"))
    with SmtpServer("no-8bitmime") as server:
        assert client(server).send(message).enhanced == "5.6.3"
    assert server.breaches == []


def test_addresses_beyond_ascii(client):
    foreign = make_message(1, recipient="josé@example.org")
    with SmtpServer() as server:
        assert [type(r) for r in client(server).send_many(iter([foreign, make_message(2)]))] == [Sent, Sent]
    assert server.recipients == ["josé@example.org", "reader2@example.org"]
    assert server.accepted[0].content == foreign.content
    mails = [command for command in server.commands if command.startswith("MAIL")]
    assert ["SMTPUTF8" in mail for mail in mails] == ["BODY=8BITMIME" in mail for mail in mails] == [True, False]
    assert server.breaches == []


@pytest.mark.parametrize("lacking", ["no-smtputf8", "no-8bitmime", "no-ehlo"])
def test_where_they_cannot_be_carried_that_recipient_alone_is_refused(client, lacking):
    messages = [make_message(1), make_message(2, recipient="josé@example.org"), make_message(3)]
    with SmtpServer(lacking) as server:
        receipts = list(client(server).send_many(iter(messages)))
    assert [type(receipt) for receipt in receipts] == [Sent, Refused, Sent]
    assert receipts[1].enhanced == ("5.6.3" if lacking == "no-8bitmime" else "5.6.7")
    assert not receipts[1].bad_address
    assert not any("jos" in command for command in server.commands)
    assert server.breaches == []


@pytest.mark.parametrize(
    "recipient",
    ["a@example.org>\r\nRCPT TO:<b@example.org", "a b@example.org", "a@example.org\n", "nobody", "", "<a@example.org>", "a\ud800@b.example"],
)  # fmt: skip
def test_no_address_can_speak_to_the_relay(client, recipient):
    template = make_message(1)
    message = OutgoingMessage.whole(key="k", sender=template.sender, recipient=recipient, content=template.content)
    with SmtpServer() as server:
        receipts = list(client(server).send_many(iter([make_message(2), message, make_message(3)])))
    assert [type(receipt) for receipt in receipts] == [Sent, Refused, Sent]
    assert receipts[1].enhanced == "5.1.3"
    assert server.recipients == ["reader2@example.org", "reader3@example.org"]


def test_a_sender_that_is_none_stops_the_mailing_rather_than_each_message(client):
    template = make_message(1)
    message = OutgoingMessage.whole(key="k", sender="news@", recipient=template.recipient, content=template.content)
    with SmtpServer() as server, pytest.raises(BackendMisconfigured, match="envelope sender"):
        client(server).send(message)


def test_content_without_a_line_end_still_ends(client):
    message = OutgoingMessage.whole(key="k", sender="", recipient="a@example.org", content=b"Subject: cut\r\n\r\nshort")
    with SmtpServer() as server:
        assert isinstance(client(server, final_timeout=60.0).send(message), Sent)
    assert server.accepted[0].content == message.content + b"\r\n"
    assert server.accepted[0].sender == ""


def test_the_suite_knows_an_unfinished_message():
    template = make_message(1)
    assert_finished(template)
    for content in (
        b"no end",
        b"bare\nfeed\r\n",
        b"..\r\n",
        b".\r\n",
        b"a\r\n.b\r\n",
        b"x" * 999 + b"\r\n",
        b"\xc3\r\n",
    ):
        broken = OutgoingMessage.whole(key="k", sender="a@example.org", recipient="b@example.org", content=content)
        with pytest.raises(AssertionError):
            assert_finished(broken)
