"""Round trips: one a message where the relay allows it, four where it does not; refusals in between harm nobody."""

from smtpd import SmtpServer

import pytest

from mailer.backend import Deferred, Refused, Sent
from mailer.testing import make_message


def messages(count):
    return iter([make_message(number) for number in range(1, count + 1)])


def turns(client, server, count, **options):
    """How often the client had to wait for an answer, greetings and farewell aside."""
    backend = client(server, **options)
    backend.open()
    before = server.turns
    assert all(isinstance(receipt, Sent) for receipt in backend.send_many(messages(count)))
    spent = server.turns - before
    backend.close()
    return spent


def test_pipelined_a_message_costs_one_round_trip(client):
    with SmtpServer() as server:
        assert turns(client, server, 50) == 51  # the first envelope has none to travel with
        assert len(server.accepted) == 50
    assert server.breaches == []


def test_one_by_one_it_costs_four(client):
    with SmtpServer("no-pipelining") as server:
        assert turns(client, server, 10) == 40
    assert server.breaches == []


def test_pipelining_can_be_switched_off(client):
    with SmtpServer() as server:
        assert turns(client, server, 10, pipelining="off") == 40


def test_one_by_one_a_refusal_ends_the_questions(client):
    with SmtpServer("no-pipelining", rcpt={"reader1@example.org": "550 5.1.1 no such person"}) as server:
        assert isinstance(client(server).send(make_message(1)), Refused)
        assert [command.split()[0] for command in server.commands] == ["EHLO", "MAIL", "RCPT"]


@pytest.mark.parametrize("pipelining", ["on", "off"])
@pytest.mark.parametrize("stage", ["rcpt", "data", "dot"])
def test_a_relay_that_closes_is_quoted(client, stage, pipelining):
    with SmtpServer(f"closes-at-{stage}") as server:
        receipt = client(server, pipelining=pipelining).send(make_message(1))
    assert receipt == Deferred(code=421, enhanced="4.3.2", text="shutting down")


def test_refused_recipients_between_others_cost_one_round_trip_each_and_nobody_else(client):
    refused = {f"reader{n}@example.org": "550 5.1.1 no such person" for n in (1, 4, 5, 10)}
    with SmtpServer(rcpt=refused) as server:
        receipts = []
        backend = client(server)
        receipts.extend(backend.send_many(messages(10)))
        backend.close()
    assert [n for n, receipt in enumerate(receipts, 1) if isinstance(receipt, Refused)] == [1, 4, 5, 10]
    assert [receipt.bad_address for receipt in receipts if isinstance(receipt, Refused)] == [True] * 4
    assert server.recipients == [f"reader{n}@example.org" for n in (2, 3, 6, 7, 8, 9)]
    assert server.connections == 1
    assert server.breaches == []


@pytest.mark.parametrize("pipelining", ["on", "off"])
def test_a_lone_dot_goes_where_content_was_awaited_for_nobody(client, pipelining):
    """RFC 2920 §3.1."""
    server = SmtpServer("takes-data-without-recipients", rcpt={"reader2@example.org": "550 5.1.1 no such person"})
    with server:
        backend = client(server, pipelining=pipelining)
        receipts = list(backend.send_many(messages(3)))
        backend.close()
    assert [type(receipt) for receipt in receipts] == [Sent, Refused, Sent]
    assert server.recipients == ["reader1@example.org", "reader3@example.org"]
    assert server.connections == 1
    assert server.breaches == []


def test_what_the_relay_said_is_kept(client):
    replies = {
        "reader1@example.org": "250-2.0.0 taken\r\n250 2.0.0 as 4F2A",
        "reader2@example.org": "452 4.2.2 mailbox full",
        "reader3@example.org": "552 too much",
        "reader4@example.org": "554 5.7.1 not today",
    }
    with SmtpServer(dot=replies) as server:
        backend = client(server)
        receipts = list(backend.send_many(messages(4)))
        backend.close()
    assert receipts == [
        Sent(code=250, enhanced="2.0.0", text="taken as 4F2A"),
        Deferred(code=452, enhanced="4.2.2", text="mailbox full"),
        Deferred(code=552, text="too much"),
        Refused(code=554, enhanced="5.7.1", text="not today"),
    ]
