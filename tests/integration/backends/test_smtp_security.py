"""TLS and logins, for real: certificates of an authority of our own, users, and what must never be said in clear."""

from smtpd import SmtpServer

import pytest

from mailer.backend import Sent
from mailer.errors import BackendMisconfigured, BackendUnavailable
from mailer.testing import make_message

USERS = {"ana": "sécret \\ pass"}


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_logs_in_under_tls(client, security, mechanism):
    with SmtpServer(security=security, users=USERS, mechanisms=(mechanism,)) as server:
        backend = client(server, user="ana", password=USERS["ana"])
        assert isinstance(backend.send(make_message(filling=100_000)), Sent)
        backend.close()
    assert server.recipients == ["reader1@example.org"]
    assert server.breaches == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_a_wrong_password_is_told_and_no_secret_with_it(client, mechanism):
    with SmtpServer(security="starttls", users=USERS, mechanisms=(mechanism,)) as server:
        backend = client(server, user="ana", password="gue55ed")
        with pytest.raises(BackendMisconfigured, match=r"our login as ana with: 535 5\.7\.8") as caught:
            backend.open()
    assert "gue55ed" not in str(caught.value) + caught.value.hint
    assert sum(command.startswith("AUTH") for command in server.commands) == 1


def test_a_mechanism_that_is_announced_and_then_unknown_is_passed_over(client):
    with SmtpServer("puzzles-at-auth", security="tls", users=USERS) as server:
        server.misbehaviour = ""
        announced = server.extensions
        server.mechanisms = ("LOGIN",)
        server.extensions = lambda *, tls: [*announced(tls=False), "AUTH PLAIN LOGIN"]
        backend = client(server, user="ana", password=USERS["ana"])
        assert isinstance(backend.send(make_message()), Sent)
        backend.close()
    assert [command.split()[1] for command in server.commands if command.startswith("AUTH")] == ["PLAIN", "LOGIN"]


@pytest.mark.parametrize(
    ("offered", "hint"),
    [
        (("GSSAPI",), "Known are PLAIN, LOGIN, CRAM-MD5; a relay that wants no login needs no user."),
        (("GSSAPI", "XOAUTH2"), "This one wants a token: set token_command."),
    ],
)
def test_no_common_mechanism_names_what_there_is(client, offered, hint):
    with (
        SmtpServer(security="tls", users=USERS, mechanisms=offered) as server,
        pytest.raises(BackendMisconfigured, match=f"it offers: {', '.join(offered)}") as caught,
    ):
        client(server, user="ana", password="x").open()
    assert caught.value.hint == hint


def test_in_clear_on_loopback_the_password_itself_is_not_said(client):
    with SmtpServer(users=USERS, auth_in_clear=True) as server:
        backend = client(server, user="ana", password=USERS["ana"])
        assert isinstance(backend.send(make_message()), Sent)
        backend.close()
    assert any(command.startswith("AUTH CRAM-MD5") for command in server.commands)


@pytest.mark.parametrize("pipelining", ["on", "off"])
def test_stripped_starttls_sends_no_mail_and_no_password(client, pipelining):
    with SmtpServer("strips-starttls", security="starttls", users=USERS, auth_in_clear=True) as server:
        backend = client(server, user="ana", password=USERS["ana"], pipelining=pipelining)
        with pytest.raises(BackendMisconfigured, match="does not offer STARTTLS"):
            backend.send(make_message())
    assert [command.split()[0] for command in server.commands] == ["EHLO"]
    assert server.accepted == []


def test_text_injected_before_tls_is_not_taken_for_an_answer(client):
    with (
        SmtpServer("injects-after-starttls", security="starttls") as server,
        pytest.raises(BackendUnavailable, match="text in clear after its answer to STARTTLS"),
    ):
        client(server).open()


def test_what_was_announced_before_tls_is_asked_again(client):
    with SmtpServer(security="starttls") as server:
        backend = client(server)
        backend.open()
        backend.close()
    assert [command.split()[0] for command in server.commands] == ["EHLO", "STARTTLS", "EHLO", "QUIT"]


@pytest.mark.parametrize(
    ("misbehaviour", "said", "advice"),
    [
        ("certificate-for-another-name", "localhost", "let host be the name that is in it"),
        ("certificate-expired", "expired", "renew it, unless this machine's clock is wrong"),
        ("certificate-untrusted", "issuer", "ca_file"),
    ],
)
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_bad_certificate_is_refused_and_explained(client, misbehaviour, said, advice, security):
    with (
        SmtpServer(misbehaviour, security=security) as server,
        pytest.raises(BackendMisconfigured, match="cannot be trusted") as caught,
    ):
        client(server).open()
    assert said in str(caught.value)
    assert advice in caught.value.hint
    assert server.accepted == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_tls_of_long_ago_is_refused_and_explained(client, security):
    with (
        SmtpServer("old-tls", security=security) as server,
        pytest.raises(BackendMisconfigured, match=f"localhost port {server.port} knows no TLS that is safe") as caught,
    ):
        client(server).open()
    assert "TLS 1.2" in caught.value.hint


def test_our_own_authority_is_not_trusted_unasked(client):
    with SmtpServer(security="tls") as server, pytest.raises(BackendMisconfigured, match="cannot be trusted"):
        client(server, ca_file="").open()


def test_tls_to_a_port_that_does_not_speak_it(client):
    with SmtpServer() as server:
        backend = client(server, security="tls", command_timeout=60.0)
        with pytest.raises(BackendMisconfigured, match="answers with something that is no TLS") as caught:
            backend.open()
    assert 'usual is 587 with security = "starttls"' in caught.value.hint


def test_clear_to_a_port_that_speaks_tls_runs_out_of_time(client):
    with (
        SmtpServer(security="tls") as server,
        pytest.raises(BackendUnavailable, match=r"did not answer within 0\.3 seconds") as caught,
    ):
        client(server, security="none", command_timeout=0.3).open()
    assert 'set security = "tls"' in caught.value.hint
