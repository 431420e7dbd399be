"""Every misbehaviour of a relay, and what becomes of the message: with and without pipelining, never a hang.

After each the backend is usable: the fault strikes once, and the next message is sent.
"""

import itertools
from smtpd import SmtpServer

import pytest

from mailer.backend import Deferred, Refused, Sent, Uncertain
from mailer.backends.smtp import SmtpBackend
from mailer.errors import BackendMisconfigured, BackendUnavailable
from mailer.testing import make_message
from smtpd_faults import FAULTS, MISBEHAVIOURS

GETTING_THERE = ("connect", "ehlo", "starttls", "auth")
ENVELOPE = ("mail", "rcpt", "data")
NO_ANSWER = ("drops", "resets", "hangs", "drips", "floods", "garbles", "halves")

OUTCOMES = {
    **{f"{fault}-at-{stage}": BackendUnavailable for fault in FAULTS for stage in GETTING_THERE},
    **{f"refuses-at-{stage}": BackendMisconfigured for stage in GETTING_THERE},
    **{f"{fault}-at-{stage}": Deferred for fault in FAULTS for stage in ENVELOPE},
    # Nothing of the message was known yet but its sender: it is not what was at fault.
    **{f"{fault}-at-mail": BackendUnavailable for fault in (*NO_ANSWER, "closes", "puzzles")},
    "refuses-at-mail": BackendMisconfigured,
    "refuses-at-rcpt": Refused,
    "refuses-at-data": Refused,
    # It was all handed to the system before the link broke, so nobody here can know that the relay did not get it.
    **{f"{fault}-at-content": Uncertain for fault in ("drops", "resets", "hangs")},
    **{f"{fault}-at-dot": Uncertain for fault in NO_ANSWER},
    "refuses-at-dot": Refused,
    "defers-at-dot": Deferred,
    "closes-at-dot": Deferred,
    "puzzles-at-dot": Uncertain,
    **{f"{fault}-at-quit": Sent for fault in FAULTS},
    **{f"rambles-at-{stage}": Sent for stage in (*GETTING_THERE, *ENVELOPE, "dot")},
    # The message itself got a clear answer; what comes after goes over another connection.
    "repeats-at-dot": Sent,
    "strips-starttls": BackendMisconfigured,
    "injects-after-starttls": BackendUnavailable,
    "certificate-for-another-name": BackendMisconfigured,
    "certificate-expired": BackendMisconfigured,
    "certificate-untrusted": BackendMisconfigured,
    "no-auth": BackendMisconfigured,
    "reads-slowly": Sent,
    "no-pipelining": Sent,
    "no-8bitmime": Sent,
    "no-size": Sent,
    "no-smtputf8": Sent,
    "takes-data-without-recipients": Sent,
    "no-ehlo": BackendMisconfigured,
}
#: After a refused message only: see test_a_relay_that_cannot_forget.
AT_RSET = {f"{fault}-at-rset" for fault in FAULTS}
#: These are no single event that is over afterwards.
HABITS = {name for name in MISBEHAVIOURS if "-at-" not in name}


def test_every_misbehaviour_has_an_outcome():
    assert set(OUTCOMES) | AT_RSET == MISBEHAVIOURS


def patience(misbehaviour):
    """Short deadlines where one has to run out, and only there: elsewhere a busy machine must not look like a relay that hangs."""
    fault, _, stage = misbehaviour.partition("-at-")
    if fault not in {"hangs", "drips"}:
        return {}
    short = {"content": "final_timeout", "dot": "final_timeout", "quit": "quit_timeout"}.get(stage, "command_timeout")
    return {short: 0.4}


def relay_and_client(misbehaviour, *, pipelining="on", **more):
    needs_tls = any(word in misbehaviour for word in ("starttls", "certificate", "auth", "ehlo"))
    server = SmtpServer(
        misbehaviour,
        times=1,
        security="starttls" if needs_tls else "none",
        users={"ana": "secret"} if needs_tls else None,
        **more,
    )
    options = {"host": "localhost", "pipelining": pipelining, **patience(misbehaviour)}
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
    if pipelining == "on"
    or name.rpartition("-")[2] in {*ENVELOPE, "content", "dot"}  # elsewhere there is no difference
]


@pytest.mark.parametrize(("misbehaviour", "pipelining"), CASES)
def test_what_becomes_of_a_message(misbehaviour, pipelining):
    server, options = relay_and_client(misbehaviour, pipelining=pipelining)
    with server:
        options |= {"port": server.port, "ca_file": str(server.ca_file) if options["security"] != "none" else ""}
        backend = SmtpBackend(options)
        first = attempt(backend, make_message(1))
        assert type(first) is OUTCOMES[misbehaviour], first
        if isinstance(first, (Refused, Deferred, BackendUnavailable, BackendMisconfigured)):
            assert server.accepted == []
        if misbehaviour not in HABITS:
            assert isinstance(backend.send(make_message(2)), Sent)
            assert server.recipients[-1] == "reader2@example.org"
        backend.close()
        backend.close()
    assert server.breaches == []
    assert len(server.recipients) == len(set(server.recipients))


@pytest.mark.parametrize("pipelining", ["on", "off"])
@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_relay_that_cannot_forget(fault, pipelining):
    """RSET after a refused message goes wrong: the next one travels over a connection of its own."""
    nobody = {"nobody@example.org": "550 5.1.1 no such person"}
    server, options = relay_and_client(f"{fault}-at-rset", pipelining=pipelining, rcpt=nobody)
    with server:
        backend = SmtpBackend(options | {"port": server.port})
        messages = [make_message(1, recipient="nobody@example.org"), make_message(2), make_message(3)]
        receipts = list(backend.send_many(iter(messages)))
        backend.close()
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
