"""The secret key: made once, private, and never one that could be guessed."""

import stat
import threading

import pytest

from mailer.app import App
from mailer.errors import SettingsError
from mailer.settings import Settings, WebSettings
from mailer.settings.secret_key import read_or_make_key


def test_a_key_is_made_once_and_nobody_else_can_read_it(tmp_path):
    path = tmp_path / ".mailer" / "secret.key"
    made = []
    threads = [threading.Thread(target=lambda: made.append(read_or_make_key(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert len(made[0]) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("content", [b"", b"\n", b"short", "schlüssel".encode() * 9])
def test_a_damaged_key_is_said_and_never_used_or_replaced(tmp_path, content):
    path = tmp_path / "secret.key"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"secret\.key"):
        read_or_make_key(path)
    assert path.read_bytes() == content


def test_a_folder_in_which_no_key_can_be_made(tmp_path):
    (tmp_path / ".mailer").write_text("a file")
    with pytest.raises(SettingsError, match="cannot be read or made"):
        read_or_make_key(tmp_path / ".mailer" / "secret.key")


def test_a_key_of_the_settings_that_could_be_guessed_is_refused_without_being_repeated():
    app = App(Settings(web=WebSettings(secret_key="hunter2"), origins={"web.secret_key": "MAILER_SECRET_KEY"}))
    with pytest.raises(SettingsError, match="in MAILER_SECRET_KEY has 7 characters") as caught:
        _ = app.secret_key
    assert "hunter2" not in caught.value.message + caught.value.hint
