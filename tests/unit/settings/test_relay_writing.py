"""A relay is added to mailer.toml as text: what somebody wrote there stays as it is."""

import stat
import tomllib

import pytest

from mailer.errors import SettingsError
from mailer.settings.relay_writing import store_relay, with_relay

VALUES = {"name": "main", "preset": "brevo", "user": 'a"b\\c', "weight": 3, "rate": 0.5}
TABLE = '[[relays]]\nname = "main"\npreset = "brevo"\nuser = "a\\"b\\\\c"\nweight = 3\nrate = 0.5\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", TABLE),
        ("# only a comment", f"# only a comment\n\n{TABLE}"),
        (
            '[web]\nport = 1\n\n# [[relays]]\n# name = "x"\n',
            f'[web]\nport = 1\n\n# [[relays]]\n# name = "x"\n\n{TABLE}',
        ),
        (
            '[[relays]]\nname = "one"  # keep\n[relays.options]\nkey = 1\n\n# about the web\n[web]\nport = 1\n',
            f'[[relays]]\nname = "one"  # keep\n[relays.options]\nkey = 1\n\n{TABLE}\n# about the web\n[web]\nport = 1\n',
        ),
        ("[web]\r\nport = 1\r\n", f"[web]\r\nport = 1\r\n\r\n{TABLE}".replace("\r\n", "\n").replace("\n", "\r\n")),
    ],
)
def test_it_comes_after_those_that_are_there_else_at_the_end(text, expected):
    new = with_relay(text, VALUES)
    assert new == expected
    assert tomllib.loads(new)["relays"][-1] == VALUES


@pytest.mark.parametrize("text", ['relays = [{name = "a"}]\n', 'relays = "x"\n[web]\nport = 1\n'])
def test_where_lines_cannot_be_added_it_says_what_to_write(text):
    with pytest.raises(SettingsError) as caught:
        with_relay(text, VALUES)
    assert TABLE in caught.value.hint


def test_both_files_are_private_as_they_should_be(tmp_path):
    (tmp_path / "real.toml").write_text("# mine\n")
    (tmp_path / "real.toml").chmod(0o640)
    (tmp_path / "mailer.toml").symlink_to("real.toml")
    store_relay(tmp_path, VALUES, password="s3cret")
    secret = tmp_path / ".mailer" / "relays" / "main.password"
    assert secret.read_text() == "s3cret\n"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (secret.parent, secret.parent.parent)} == {0o700}
    assert (tmp_path / "mailer.toml").is_symlink()
    assert (tmp_path / "real.toml").read_text() == f"# mine\n\n{TABLE}"
    assert stat.S_IMODE((tmp_path / "real.toml").stat().st_mode) == 0o640


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_neither_is_written_when_one_cannot_be(tmp_path, monkeypatch):
    (tmp_path / "mailer.toml").write_text("# mine\n")
    (tmp_path / ".mailer").write_text("a file where the folder should be")
    with pytest.raises(SettingsError, match="cannot be added"):
        store_relay(tmp_path, VALUES, password="s3cret")
    assert (tmp_path / "mailer.toml").read_text() == "# mine\n"
    assert files(tmp_path) == [".mailer", "mailer.toml"]


def test_a_password_does_not_stay_when_the_table_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "mailer.toml").write_text("# mine\n")
    replace, calls = type(tmp_path).replace, []

    def second_fails(path, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device", str(target))
        return replace(path, target)

    monkeypatch.setattr(type(tmp_path), "replace", second_fails)
    with pytest.raises(SettingsError, match="No space left"):
        store_relay(tmp_path, VALUES, password="s3cret")
    assert files(tmp_path) == ["mailer.toml"]
