"""What a backend is told of its relay."""

import pytest

from mailer.errors import BackendMisconfigured
from mailer.settings import RelaySettings
from mailer.settings.relay_options import has_password, options_for


def test_files_are_seen_from_the_project_and_the_password_is_read_from_its_own(tmp_path):
    (tmp_path / "secret").write_text("pass word\n")
    relay = RelaySettings(
        host="smtp.example.org", user="me", password_file="secret", ca_file="ca.pem", path="/srv/mail"
    )
    options = options_for(relay, tmp_path)
    assert options["password"] == "pass word"
    assert options["ca_file"] == str(tmp_path / "ca.pem")
    assert options["path"] == "/srv/mail"
    assert options["token_file"] == ""
    assert has_password(relay, tmp_path)
    assert "pass word" not in repr(relay)


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"p\xc3\xa4ss word \r\n", "p\u00e4ss word "),
        (b"\xef\xbb\xbfsecret\r\n", "secret"),
    ],  # as Windows' editors save it
)
def test_a_password_is_the_line_without_its_end(tmp_path, content, password):
    (tmp_path / "secret").write_bytes(content)
    relay = RelaySettings(host="smtp.example.org", user="me", password_file="secret")
    assert options_for(relay, tmp_path)["password"] == password


def test_a_plugin_finds_its_own_options_among_them():
    options = options_for(RelaySettings(backend="birds", options={"birds": 3}), None)
    assert options["birds"] == 3
    assert "options" not in options


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_password_that_cannot_be_read_is_our_fault_and_says_where_it_should_be(tmp_path, content):
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    relay = RelaySettings(name="main", host="smtp.example.org", user="me", password_file="secret")
    with pytest.raises(BackendMisconfigured, match="password of the relay main cannot be read from secret") as caught:
        options_for(relay, tmp_path)
    assert "relay test main" in caught.value.hint


def test_whether_there_is_something_to_log_in_with(tmp_path):
    assert not has_password(RelaySettings(user="me"), tmp_path)
    assert not has_password(RelaySettings(user="me", password_file="none"), tmp_path)
    assert has_password(RelaySettings(user="me", password="x"), tmp_path)
    assert has_password(RelaySettings(user="me", token_command="print-token"), tmp_path)
