"""Login by token, for real: XOAUTH2 and OAUTHBEARER under TLS, and what happens when a token has run out."""

import shlex
import sys
from smtpd import SmtpServer

import pytest

from mailer.backend import Sent
from mailer.errors import BackendMisconfigured
from mailer.testing import make_message

USER, TOKEN = "ana@example.org", "ya29.short_one"
BOTH = ("XOAUTH2", "OAUTHBEARER")


def logins(server):
    return [command.split(" ")[1] for command in server.commands if command.startswith("AUTH")]


def serving(token=TOKEN, mechanisms=BOTH):
    return SmtpServer(security="starttls", users={USER: token}, mechanisms=mechanisms)


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text("ya29.stale\n")
    return path


def renewing(path, *tokens):
    """A command that prints the next of `tokens` each time."""
    program = (
        f"import pathlib; p = pathlib.Path({str(path)!r}); n = len(p.read_text()) if p.exists() else 0\n"
        f"p.write_text('x' * (n + 1)); print({tokens!r}[min(n, {len(tokens) - 1})])"
    )
    return shlex.join([sys.executable, "-c", program])


@pytest.mark.parametrize("mechanism", BOTH)
@pytest.mark.parametrize("token", [TOKEN, "long." * 500])
def test_logs_in(client, mechanism, token):
    """A token of 2,500 letters makes the command too long, so it follows an empty challenge (RFC 4954 §4)."""
    with serving(token, (mechanism,)) as server:
        backend = client(server, user=USER, token=token)
        assert isinstance(backend.send(make_message()), Sent)
        backend.close()
    assert logins(server) == [mechanism]
    assert server.breaches == []


@pytest.mark.parametrize("mechanism", BOTH)
def test_a_token_that_is_refused_is_explained_and_stays_unsaid(client, mechanism):
    with serving("another", (mechanism,)) as server:
        backend = client(server, user=USER, token=TOKEN)
        with pytest.raises(BackendMisconfigured, match=r"our login as ana@example\.org with: 535 5\.7\.8") as caught:
            backend.open()
    assert caught.value.hint == f"It says of the token: {'401' if mechanism == 'XOAUTH2' else 'invalid_token'}."
    assert TOKEN not in str(caught.value)
    assert logins(server) == [mechanism]
    assert server.breaches == []


def test_a_token_that_is_refused_is_renewed_once(client, tmp_path):
    with serving() as server:
        backend = client(server, user=USER, token_command=renewing(tmp_path / "n", "ya29.stale", TOKEN))
        assert isinstance(backend.send(make_message()), Sent)
        backend.close()
    assert logins(server) == ["XOAUTH2", "XOAUTH2"]
    assert server.connections == 1
    assert server.breaches == []


def test_and_not_twice(client, tmp_path):
    with serving() as server:
        backend = client(server, user=USER, token_command=renewing(tmp_path / "n", "first", "second", "third"))
        with pytest.raises(BackendMisconfigured):
            backend.open()
    assert len(logins(server)) == 2


def test_each_connection_logs_in_with_the_token_of_the_moment(client, token_file):
    with serving() as server:
        backend = client(server, user=USER, token_file=str(token_file), messages_per_connection=1)
        with pytest.raises(BackendMisconfigured):
            backend.open()
        token_file.write_text(TOKEN)
        assert isinstance(backend.send(make_message(1)), Sent)
        server.users[USER] = "rotated"
        token_file.write_text("rotated")
        assert isinstance(backend.send(make_message(2)), Sent)
    assert server.breaches == []


def test_a_token_is_never_said_as_a_password(client):
    with (
        serving(mechanisms=("PLAIN", "LOGIN")) as server,
        pytest.raises(BackendMisconfigured, match="offers no way to log in") as caught,
    ):
        client(server, user=USER, token=TOKEN).open()
    assert caught.value.hint == "This one wants a password: set password_file."
    assert logins(server) == []


def test_stripped_starttls_gets_no_token(client):
    server = SmtpServer(
        "strips-starttls", security="starttls", users={USER: TOKEN}, mechanisms=BOTH, auth_in_clear=True
    )
    with server, pytest.raises(BackendMisconfigured, match="does not offer STARTTLS"):
        client(server, user=USER, token=TOKEN).open()
    assert logins(server) == []
