"""The test server itself, against the standard library's client: an independent reading of the same RFCs."""

import smtplib
import ssl
import subprocess
import sys
from pathlib import Path
from smtpd import SmtpServer

import pytest

from smtpd_faults import MISBEHAVIOURS

MESSAGE = b"Message-ID: <1@example.org>\r\nSubject: hello\r\n\r\n.dot\r\n..two\r\nend\r\n"


def send(server, *, recipient="ana@example.org", content=MESSAGE):
    with smtplib.SMTP(server.host, server.port, timeout=60) as client:
        client.sendmail("news@example.org", [recipient], content)


def test_takes_a_message_and_keeps_it_as_it_was():
    with SmtpServer() as server:
        send(server)
    assert [(m.sender, m.recipient, m.content) for m in server.accepted] == [
        ("news@example.org", "ana@example.org", MESSAGE)
    ]
    assert server.breaches == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_knows_its_users_and_talks_tls(mechanism):
    with (
        SmtpServer(security="starttls", users={"ana": "secret"}, mechanisms=(mechanism,)) as server,
        smtplib.SMTP("localhost", server.port, timeout=60) as client,
    ):
        client.starttls(context=ssl.create_default_context(cafile=server.ca_file))
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("ana", "guess")
        client.login("ana", "secret")
        client.sendmail("news@example.org", ["ana@example.org"], MESSAGE)
    assert server.recipients == ["ana@example.org"]
    assert server.breaches == []


def test_refuses_whom_it_is_told_to():
    with SmtpServer(rcpt={"nobody@example.org": "550 5.1.1 no such person"}) as server:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(server, recipient="nobody@example.org")
        send(server)
    assert server.recipients == ["ana@example.org"]


def test_a_fault_strikes_as_often_as_it_is_told_to():
    with SmtpServer("defers-at-dot", times=1) as server:
        with pytest.raises(smtplib.SMTPDataError):
            send(server)
        send(server)
    assert server.recipients == ["ana@example.org"]


def test_notes_a_client_that_breaks_the_rules():
    with SmtpServer() as server, smtplib.SMTP(server.host, server.port, timeout=60) as client:
        client.ehlo()
        client.mail("a@example.org")
        client.rcpt("b@example.org")
        client.docmd("DATA")
        client.send(b"bare\nfeed\r\n.\r\n")
        client.getreply()
    assert server.breaches == ["a bare CR or LF in the content"]


def test_as_a_script_it_writes_down_what_it_takes(tmp_path):
    log = tmp_path / "accepted.txt"
    script = Path(__file__).parent.parent / "smtpd.py"
    command = [sys.executable, str(script), "--log", str(log), "--delay", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline())
            with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
                client.sendmail("news@example.org", ["ana@example.org", "ben@example.org"], MESSAGE)
            assert log.read_text() == "ana@example.org <1@example.org>\nben@example.org <1@example.org>\n"
        finally:
            process.kill()


def test_as_a_script_it_does_not_outlive_who_started_it():
    script = Path(__file__).parent.parent / "smtpd.py"
    starter = f"import subprocess, sys; subprocess.Popen([sys.executable, {str(script)!r}]); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert int(process.stdout.readline())
        process.kill()
        assert process.stdout.read() == b""  # ends when the last of those that may write to it does


def test_a_misbehaviour_that_nobody_knows_is_an_error():
    with pytest.raises(ValueError, match="no misbehaviour"):
        SmtpServer("sulks-at-dawn")
    assert "drops-at-dot" in MISBEHAVIOURS
