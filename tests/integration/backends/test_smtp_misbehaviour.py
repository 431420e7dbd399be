"""Every misbehaviour of a relay, and what becomes of the message: with and without pipelining, never a hang.

After each the backend is usable: the fault strikes once, and the next message is sent.
"""

import itertools
from contextlib import closing
from smtpd import SmtpServer

import pytest

from mailer.backend import Deferred, Refused, Sent, Uncertain
from mailer.backends.smtp import SmtpBackend
from mailer.errors import BackendMisconfigured, BackendUnavailable
from mailer.testing import make_message
from smtp_page import PAGE, renewed
from smtpd_faults import FAULTS, MISBEHAVIOURS, ONLY_AT
from smtpd_outcomes import ENVELOPE, OUTCOMES
from waiting import with_enough_patience

#: These are no single event that is over afterwards.
HABITS = {name for name in MISBEHAVIOURS if "-at-" not in name}


def test_every_misbehaviour_has_an_outcome():
    assert set(OUTCOMES) == MISBEHAVIOURS


def test_the_page_shows_them_all():
    page = PAGE.read_text(encoding="utf-8")
    assert page == renewed(page), "run: python tests/smtp_page.py"


#: A deadline has to run out, and only there: elsewhere a busy machine must not look like a relay that hangs.
RUN_OUT = {"hangs", "drips", "loses-commands"}


def deadline(misbehaviour, seconds):
    """The option that sets the one that has to run out."""
    fault, _, stage = misbehaviour.partition("-at-")
    if fault not in RUN_OUT:
        return {}
    short = {"content": "final_timeout", "dot": "final_timeout", "quit": "quit_timeout"}.get(stage, "command_timeout")
    return {short: seconds}


def relay_and_client(misbehaviour, seconds=0.0, *, pipelining="on", **more):
    needs_tls = any(word in misbehaviour for word in ("tls", "certificate", "auth", "ehlo"))
    server = SmtpServer(
        misbehaviour,
        times=1,
        security="starttls" if needs_tls else "none",
        users={"ana": "secret"} if needs_tls else None,
        **more,
    )
    options = {"host": "localhost", "pipelining": pipelining, **deadline(misbehaviour, seconds)}
    if needs_tls:
        options |= {"security": "starttls", "user": "ana", "password": "secret"}
    else:
        options |= {"security": "none"}
    return server, options


def attempt(backend, message):
    """The kind of receipt or error."""
    try:
        return backend.send(message)
    except (BackendUnavailable, BackendMisconfigured) as error:
        return error


CASES = [
    pytest.param(name, pipelining, id=f"{name}-{pipelining}")
    for name, pipelining in itertools.product(sorted(OUTCOMES), ("on", "off"))
    if not name.endswith("-at-rset")  # see test_a_relay_that_cannot_forget
    if pipelining == "on"
    or name.rpartition("-")[2] in {*ENVELOPE, "content", "dot"}  # elsewhere there is no difference
]


@pytest.mark.parametrize(("misbehaviour", "pipelining"), CASES)
def test_what_becomes_of_a_message(misbehaviour, pipelining):
    with_enough_patience(lambda seconds: what_becomes_of_a_message(misbehaviour, pipelining, seconds))


def what_becomes_of_a_message(misbehaviour, pipelining, seconds):
    server, options = relay_and_client(misbehaviour, seconds, pipelining=pipelining)
    with server:
        options |= {"port": server.port, "ca_file": str(server.ca_file) if options["security"] != "none" else ""}
        with closing(SmtpBackend(options)) as backend:
            first = attempt(backend, make_message(1))
            assert type(first) is OUTCOMES[misbehaviour], first
            if isinstance(first, (Refused, Deferred, BackendUnavailable, BackendMisconfigured)):
                assert server.accepted == []
            if misbehaviour not in HABITS:
                assert isinstance(backend.send(make_message(2)), Sent)
                assert server.recipients[-1] == "reader2@example.org"
            backend.close()
    assert misbehaviour in HABITS or server.times == 0, "it never struck"
    assert server.breaches == []
    assert len(server.recipients) == len(set(server.recipients))


@pytest.mark.parametrize("pipelining", ["on", "off"])
@pytest.mark.parametrize("fault", sorted(set(FAULTS) - set(ONLY_AT)))
def test_a_relay_that_cannot_forget(fault, pipelining):
    """RSET after a refused message goes wrong: the next one travels over a connection of its own."""
    with_enough_patience(lambda seconds: the_next_travels_by_another(fault, pipelining, seconds))


def the_next_travels_by_another(fault, pipelining, seconds):
    nobody = {"nobody@example.org": "550 5.1.1 no such person"}
    server, options = relay_and_client(f"{fault}-at-rset", seconds, pipelining=pipelining, rcpt=nobody)
    with server:
        messages = [make_message(1, recipient="nobody@example.org"), make_message(2), make_message(3)]
        with closing(SmtpBackend(options | {"port": server.port})) as backend:
            receipts = list(backend.send_many(iter(messages)))
    assert [type(receipt) for receipt in receipts] == [Refused, Sent, Sent]
    assert server.recipients == ["reader2@example.org", "reader3@example.org"]
    assert server.breaches == []


@pytest.mark.parametrize("pipelining", ["on", "off"])
@pytest.mark.parametrize(
    ("stage", "fault"),
    list(itertools.product(("mail", "rcpt", "data", "dot"), ("closes", "drops", "halves", "garbles", "repeats"))),
)
def test_in_the_middle_of_many_nobody_is_lost_or_repeated(stage, fault, pipelining):
    server, options = relay_and_client("", pipelining=pipelining)
    with server:
        backend = SmtpBackend(options | {"port": server.port})
        receipts = []
        for number, receipt in enumerate(backend.send_many(make_message(n) for n in range(1, 13)), 1):
            receipts.append((number, receipt))
            if number == 5:  # strikes message 6 or, when its envelope travels with the one before, message 7
                server.times, server.misbehaviour = 1, f"{fault}-at-{stage}"
        backend.close()
    assert server.times == 0, "it never struck"
    fates = {f"reader{number}@example.org": type(receipt) for number, receipt in receipts}
    assert len(fates) == 12
    assert sum(fate is not Sent for fate in fates.values()) <= 1
    for recipient, fate in fates.items():
        arrived = server.recipients.count(recipient)
        assert arrived == (fate is Sent) or (fate is Uncertain and arrived == 1), (recipient, fate)
    assert server.breaches == []


@pytest.mark.parametrize("security", ["none", "tls"])
@pytest.mark.parametrize("pipelining", ["on", "off"])
@pytest.mark.parametrize("misbehaviour", ["closes-after-50", "drops-after-50"])
def test_a_relay_that_allows_fifty_messages_a_connection_puts_nobody_off(client, misbehaviour, pipelining, security):
    with SmtpServer(misbehaviour, security=security) as server:
        backend = client(server, pipelining=pipelining)
        receipts = list(backend.send_many(make_message(number) for number in range(120)))
        backend.close()
    assert {type(receipt) for receipt in receipts} == {Sent}
    assert server.recipients == [f"reader{number}@example.org" for number in range(120)]
    assert server.connections == 3
    assert server.breaches == []


@pytest.mark.parametrize("misbehaviour", ["merges-answers", "loses-commands"])
def test_where_pipelining_is_done_badly_it_can_be_switched_off(client, misbehaviour):
    with SmtpServer(misbehaviour) as server:

        def says_what_to_do(seconds):
            said = attempt(client(server, command_timeout=seconds), make_message(1))
            assert 'set pipelining = "off"' in getattr(said, "text", "") + getattr(said, "hint", "")

        with_enough_patience(says_what_to_do)
        backend = client(server, pipelining="off")
        assert {type(receipt) for receipt in backend.send_many(make_message(n) for n in (1, 2, 3))} == {Sent}
        backend.close()
    assert server.breaches == []


def test_a_greylisted_recipient_is_mailed_at_the_next_try_and_the_answer_is_kept_whole(client):
    with SmtpServer("greylists") as server:
        backend = client(server)
        first, second = backend.send(make_message(1)), backend.send(make_message(1))
        backend.close()
    assert first == Deferred(code=450, enhanced="4.7.1", text="greylisted for 60 seconds: come back later")
    assert isinstance(second, Sent)
