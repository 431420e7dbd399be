"""Against aiosmtpd: a server that others wrote, reading the same RFCs."""

import asyncio
import contextlib
import ssl
import threading

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult

from mailer.backend import Refused, Sent
from mailer.backends.smtp import SmtpBackend
from mailer.errors import BackendMisconfigured
from mailer.testing import make_message


class Inbox:
    def __init__(self):
        self.messages = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 -- aiosmtpd's name
        if address.startswith("nobody"):
            return "550 5.1.1 no such person"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.messages.append((envelope.mail_from, *envelope.rcpt_tos, envelope.original_content))
        return "250 2.0.0 taken"


def judge(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"ana", b"secret"), handled=False)


@pytest.fixture
def relay(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    inbox = Inbox()
    settings = {"require_starttls": True, "auth_required": True, "authenticator": judge, "enable_SMTPUTF8": True}
    with serving(lambda: SMTP(inbox, tls_context=context, **settings)) as port:
        options = {"port": port, "ca_file": str(tmp_path / "ca.pem"), "user": "ana", "password": "secret"}
        yield inbox, {"host": "localhost", "command_timeout": 10.0} | options


@contextlib.contextmanager
def serving(protocol):
    """The port of an asyncio server that runs on a thread of its own; aiosmtpd's controller wants a port that is known before."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(protocol, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()


def test_mail_goes_through_starttls_and_login(relay):
    inbox, options = relay
    backend = SmtpBackend(options)
    nobody = make_message(2, recipient="nobody@example.org")
    messages = [make_message(1), nobody, make_message(3, filling=200_000), make_message(4, eight_bit=True)]
    receipts = list(backend.send_many(iter(messages)))
    backend.close()
    assert [type(receipt) for receipt in receipts] == [Sent, Refused, Sent, Sent]
    assert receipts[1].bad_address
    assert inbox.messages == [("news@example.org", m.recipient, m.content) for m in messages if m is not nobody]


def test_a_wrong_password(relay):
    backend = SmtpBackend(relay[1] | {"password": "guess"})
    with pytest.raises(BackendMisconfigured, match="our login as ana"):
        backend.open()
