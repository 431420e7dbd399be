import pytest

from mailer.backend import Deferred, Refused, Sent
from mailer.backends import smtp_verdicts as verdicts
from mailer.backends.smtp_replies import GarbledReply, LinkLost, Reply
from mailer.errors import BackendMisconfigured, BackendUnavailable


def reply(text):
    return Reply(int(text[:3]), (text[4:].encode(),))


@pytest.mark.parametrize(
    ("text", "bad_address"),
    [
        ("550 5.1.1 no such mailbox", True),
        ("550 5.1.2 no such domain", True),
        ("553 5.1.3 bad syntax", True),
        ("556 5.1.10 null MX", True),
        ("550 no such mailbox", False),  # text decides nothing
        ("550 5.7.1 policy", False),
        ("550 5.2.1 disabled", False),
        ("450 5.1.1 contradicts itself", None),
        ("450 4.1.1 not now", None),
        ("552 5.2.2 full", None),  # RFC 5321 §4.5.3.1.10
        ("552 too many recipients", None),
    ],
)
def test_recipient(text, bad_address):
    """bad_address None: it was not refused at all, only put off."""
    verdict = verdicts.of_recipient(reply(text))
    if bad_address is None:
        assert isinstance(verdict, Deferred)
    else:
        assert isinstance(verdict, Refused)
        assert verdict.bad_address is bad_address


@pytest.mark.parametrize("code", [250, 251, 252])
def test_every_2yz_is_a_yes(code):
    assert verdicts.of_recipient(Reply(code, (b"",))) is None
    assert verdicts.of_sender(Reply(code, (b"",))) is None
    assert isinstance(verdicts.of_content(Reply(code, (b"",))), Sent)


@pytest.mark.parametrize("text", ["530 5.7.0 Authentication required", "530 5.7.0 Must issue a STARTTLS command first"])
def test_a_relay_that_wants_a_login_first_is_explained(text):
    with pytest.raises(BackendMisconfigured) as caught:
        verdicts.of_sender(reply(text))
    assert "set user and password_file" in caught.value.hint
    assert 'security = "starttls"' in caught.value.hint


@pytest.mark.parametrize("text", ["550 5.7.1 sender refused", "530 5.7.0 log in first", "555 unknown parameter"])
def test_a_refused_sender_is_about_us(text):
    with pytest.raises(BackendMisconfigured, match="our sender address"):
        verdicts.of_sender(reply(text))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("450 4.7.1 slow down", Deferred),
        ("452 4.3.1 no room", Deferred),
        ("552 too much", Deferred),
        ("552 5.3.4 too big", Refused),  # RFC 1870 §6.1: about this message
        ("550 5.6.7 no UTF-8 addresses", Refused),
    ],
)
def test_a_sender_that_is_not_taken_this_time(text, kind):
    assert isinstance(verdicts.of_sender(reply(text)), kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("451 4.3.0 x", Deferred), ("554 5.5.1 x", Refused), ("421 x", Deferred)],
)
def test_data(text, kind):
    assert verdicts.of_data(reply("354 go")) is None
    assert isinstance(verdicts.of_data(reply(text)), kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("250 2.0.0 ok", Sent),
        ("421 4.3.2 closing", Deferred),
        ("451 4.7.1 greylisted", Deferred),
        ("552 5.2.2 over quota", Deferred),
        ("552 5.3.4 too big", Refused),
        ("554 5.7.1 spam", Refused),
        ("599 x", Refused),
    ],
)
def test_content(text, kind):
    verdict = verdicts.of_content(reply(text))
    assert type(verdict) is kind
    assert verdict.code == int(text[:3])


@pytest.mark.parametrize(
    ("judge", "text"),
    [
        (verdicts.of_sender, "354 go on"),
        (verdicts.of_recipient, "399 what"),
        (verdicts.of_data, "250 recipient ok"),
        (verdicts.of_data, "355 what"),
        (verdicts.of_content, "354 go on"),
    ],
)
def test_neither_yes_nor_no_ends_the_conversation(judge, text):
    with pytest.raises(GarbledReply, match=f'answered "{text}", which makes no sense there'):
        judge(reply(text))


def test_a_relay_that_closes_at_mail_says_nothing_about_the_message():
    with pytest.raises(LinkLost, match=r"421 4\.3\.2 later"):
        verdicts.of_sender(reply("421 4.3.2 later"))


def test_a_bad_address_is_learnt_from_rcpt_alone():
    """After the content, 5.1.1 may be about somebody else: a forwarding that failed further on."""
    assert verdicts.of_content(reply("550 5.1.1 x")) == Refused(code=550, enhanced="5.1.1", text="x")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("554 no service", BackendMisconfigured),
        ("535 5.7.8 no", BackendMisconfigured),
        ("421 4.3.2 later", BackendUnavailable),
        ("454 4.7.0 later", BackendUnavailable),
        ("399 what", BackendUnavailable),
    ],
)
def test_about_us(text, kind):
    error = verdicts.about_us(reply(text), "EHLO")
    assert type(error) is kind
    assert str(error) == f"The relay answered EHLO with: {text}"
