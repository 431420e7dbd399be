"""A rehearsal: everything to one address, and nothing in it that acts for the person it was made for."""

from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from mailer.app import App
from mailer.backend import Refused, Sent, Uncertain
from mailer.backends.memory import MemoryBackend
from mailer.backends.redirect import RedirectBackend, redirected
from mailer.errors import BackendUnavailable
from mailer.settings import RelaySettings, SendingSettings, Settings
from mailer.testing import BackendContract, assert_finished, make_message

TO = "office@example.org"


class TestContract(BackendContract):
    def make(self):
        self.made = MemoryBackend()
        return RedirectBackend(self.made, TO)

    def delivered(self):
        return [(message.recipient, message.content) for message in self.made.messages]

    def arrives(self, message):
        return TO, redirected(message, TO).content

    def refusing(self):
        return RedirectBackend(MemoryBackend(receipts={TO: [Sent(), Refused(code=550), Sent()]}), TO)

    def unreachable(self):
        return RedirectBackend(MemoryBackend(receipts={TO: BackendUnavailable()}), TO)

    def silent(self):
        self.made = MemoryBackend(receipts={TO: [Uncertain(), Sent()]})
        return RedirectBackend(self.made, TO)


def parsed(message):
    return message_from_bytes(message.content, policy=policy.default)


def test_it_goes_to_the_one_address_and_says_for_whom_it_was():
    message = redirected(make_message(7), TO)
    assert message.recipient == TO
    assert message.key == "key-7"
    read = parsed(message)
    assert (read["To"], read["X-Original-To"], read["Subject"]) == (TO, "reader7@example.org", "[TEST] Number 7")
    assert message.content.partition(b"\r\n\r\n")[2] == make_message(7).content.partition(b"\r\n\r\n")[2]
    assert_finished(message)


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Subject: =?utf-8?q?=C2=A1Ya_basta!_?=\r\n =?utf-8?q?Cien_a=C3=B1os?=", "[TEST] ¡Ya basta! Cien años"),
        ("SUBJECT:no space", "[TEST] no space"),
        ("X-Other: there is none", "[TEST]"),
    ],
)
def test_any_subject_is_marked(subject, shown):
    content = f"From: a@example.org\r\n{subject}\r\n\r\nText\r\n".encode()
    message = redirected(make_message()._replace(parts=(content,), size=len(content)), TO)
    assert parsed(message)["Subject"] == shown
    assert_finished(message)


def test_what_would_act_for_the_person_or_no_longer_be_true_is_taken_out():
    content = (
        b"DKIM-Signature: v=1; a=rsa-sha256;\r\n\tb=abc\r\nFrom: a@example.org\r\n"
        b"List-Unsubscribe:\r\n <https://example.org/u/token>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        b"To: reader1@example.org\r\nSubject: Hello\r\n\r\nDKIM-Signature: in the body\r\n"
    )
    message = redirected(make_message()._replace(parts=(content,), size=len(content)), TO)
    assert parsed(message).keys() == ["To", "X-Original-To", "From", "Subject"]
    assert message.content.endswith(b"\r\n\r\nDKIM-Signature: in the body\r\n")


def test_a_refusal_of_the_one_address_marks_nobody_s_address_as_bad():
    refused = Refused(code=550, enhanced="5.1.1", bad_address=True)
    backend = RedirectBackend(MemoryBackend(receipts={TO: [refused, refused, Sent()]}), TO)
    assert backend.send(make_message(1)) == replace(refused, bad_address=False)
    assert list(backend.send_many(iter([make_message(2), make_message(3)]))) == [
        replace(refused, bad_address=False),
        Sent(),
    ]


def test_where_senders_name_people_a_rehearsal_has_one_of_its_own():
    app = App(
        Settings(
            sending=SendingSettings(redirect_to=TO),
            relays=(RelaySettings(backend="memory", envelope="verp", bounce_domain="bounce.example.org"),),
        )
    )
    backend = app.carrier(app.settings.relays[0])
    backend.send(make_message()._replace(sender="b+0123456789abcdef@bounce.example.org"))
    assert [one.sender for one in backend._backend.messages] == ["rehearsal@bounce.example.org"]
