import pytest

from mailer.backends.smtp import SmtpBackend
from mailer.backends.smtp_options import SmtpOptions
from mailer.errors import SettingsError
from mailer.settings import RelaySettings


def test_takes_a_relay_s_settings_and_leaves_those_of_others():
    relay = RelaySettings(host="smtp.example.org", user="ana", password="s3cret", rate=5.0)
    options = SmtpOptions.read({name: getattr(relay, name) for name in RelaySettings.__slots__})
    assert (options.host, options.port, options.security, options.user) == ("smtp.example.org", 587, "starttls", "ana")
    assert (options.command_timeout, options.final_timeout) == (60.0, 300.0)
    assert "s3cret" not in repr(options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "no host"),
        ({"host": "relay.example.org", "port": 0}, "port is 0"),
        ({"host": "relay.example.org", "port": 70000}, "port is 70000"),
        ({"host": "relay.example.org", "port": "25"}, "port is not a whole number"),
        ({"host": "relay.example.org", "pipelining": True}, "pipelining is not text in quotes"),
        ({"host": "relay.example.org", "pipelining": "yes"}, 'pipelining is "yes"'),
        ({"host": "relay.example.org", "security": "ssl"}, 'security is "ssl"'),
        ({"host": "relay.example.org", "security": "none"}, "may not go there in clear"),
        ({"host": "127.0.0.1.example.org", "security": "none"}, "may not go there in clear"),
        ({"host": "localhost", "messages_per_connection": 0}, "messages_per_connection"),
        ({"host": "localhost", "user": "a\0b"}, "NUL"),
        ({"host": "localhost", "user": "a\1b", "token": "t"}, "^A"),
        ({"host": "localhost", "user": "ana", "token": "t", "password": "12345"}, "has password and token"),
        ({"host": "localhost", "user": "ana", "token_file": "t", "token_command": "c"}, "token_file and token_command"),
        ({"host": "localhost", "token": "t"}, "a token and no user"),
        ({"host": "localhost", "user": "ana", "token": "12345 or so"}, "token is none"),
        ({"host": "localhost", "user": "ana", "token_command": "say 'so"}, "No closing quotation"),
        ({"host": "localhost", "password": 12345}, "password is not text in quotes"),
        ({"host": "localhost", "final_timeout": "5"}, "final_timeout is not a number"),
        ({"host": "localhost", "ehlo_name": "a\r\nMAIL FROM:<b@example.org>"}, "ehlo_name"),
        ({"host": "localhost", "ehlo_name": "a" * 256}, "ehlo_name"),
        ({"host": "localhost", "ca_file": "/nowhere/ca.pem"}, "ca_file /nowhere/ca.pem cannot be used: No such file"),
        ({"host": "localhost", "ca_file": __file__}, "cannot be used"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_sent(options, said):
    with pytest.raises(SettingsError) as caught:
        SmtpBackend(options)
    assert said in str(caught.value)
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "127.8.8.8"])
def test_clear_is_for_this_machine(host):
    assert SmtpOptions.read({"host": host, "security": "none"}).security == "none"


def test_a_whole_number_of_seconds_is_a_number_of_seconds():
    assert SmtpOptions.read({"host": "localhost", "final_timeout": 5}).final_timeout == 5.0
