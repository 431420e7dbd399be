"""One login: what a relay may ask, and what is told when it comes to nothing."""

import base64

import pytest

from mailer.backends.smtp_login import Login
from mailer.backends.smtp_options import SmtpOptions
from mailer.backends.smtp_replies import ReplyParser
from mailer.errors import BackendError, BackendMisconfigured

OPTIONS = SmtpOptions.read({"host": "relay.example", "user": "ana", "password": "sécret"})


def reply(text):
    parser = ReplyParser()
    parser.feed(f"{text}\r\n".encode())
    return parser.next()


def said(answers, *offered):
    """What the client says to a relay that gives these answers."""
    commands, left = [], list(answers)

    def command(line):
        commands.append(line)
        return reply(left.pop(0))

    Login(command, OPTIONS, None).run(frozenset(offered), encrypted=True)
    return commands


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("prompt", ["334 VXNlcm5hbWU6", "334 VXNlcm5hbWU6 ", "334 ", "334"])
def test_prompts_of_any_wording(prompt):
    commands = said([prompt, prompt, "235 2.7.0 welcome"], "LOGIN")
    assert commands == ["AUTH LOGIN", encoded("ana"), encoded("sécret")]


def test_a_relay_that_waits_for_the_answer_to_an_empty_challenge_of_its_own():
    with pytest.raises(BackendMisconfigured, match=r"our login as ana with: 501 5\.5\.4 cancelled") as caught:
        said(["334 ", "501 5.5.4 cancelled"], "PLAIN")
    assert 'It asked "", to which PLAIN has no answer.' in caught.value.hint


def test_a_challenge_that_is_none_ends_the_exchange():
    with pytest.raises(BackendMisconfigured) as caught:
        said(["334 what?", "501 cancelled"], "CRAM-MD5")
    assert caught.value.hint == 'It asked "what?", to which CRAM-MD5 has no answer.'


def test_a_relay_that_takes_no_way_that_it_offers_is_quoted():
    """Microsoft 365, where logins by password were switched off."""
    off = "504 5.7.4 Unrecognized authentication type"
    with pytest.raises(BackendMisconfigured) as caught:
        said([off, off], "LOGIN", "PLAIN", "XOAUTH2")
    assert caught.value.message == f"The relay relay.example offers LOGIN, PLAIN to log in, and then takes none: {off}."
    assert "switched off" in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("534 5.7.9 a stronger mechanism, please", "BackendMisconfigured"),
        ("538 5.7.11 encryption required", "BackendMisconfigured"),
        ("432 4.7.12 a password transition is needed", "BackendUnavailable"),
        ("454 4.7.0 cannot look that up now", "BackendUnavailable"),
        ("421 4.3.2 shutting down", "BackendUnavailable"),
    ],
)
def test_answers_of_rfc_4954(answer, kind):
    with pytest.raises(BackendError, match=answer[:3]) as caught:
        said([answer], "PLAIN")
    assert type(caught.value).__name__ == kind
