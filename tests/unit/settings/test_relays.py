"""[[relays]]: presets, names, and every problem at the line of its own table."""

from dataclasses import fields
from pathlib import Path

import pytest

from mailer.errors import InputProblems
from mailer.settings import RelaySettings, load
from mailer.settings.relay_presets import PRESETS
from mailer.settings.relay_rules import faults
from mailer.settings.relays import joint_speed

ROOT = Path(__file__).parents[3]


def read(folder, text, environ=None):
    (folder / "mailer.toml").write_text(text, encoding="utf-8")
    return load(folder, environ or {})


def problems(folder, text):
    with pytest.raises(InputProblems) as caught:
        read(folder, text)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_preset_fills_in_what_the_table_does_not_set(tmp_path):
    settings = read(tmp_path, '[[relays]]\npreset = "smtp2go"\nuser = "news"\nrate = 3\n')
    (relay,) = settings.relays
    assert (relay.name, relay.host, relay.port, relay.security) == ("smtp2go", "mail.smtp2go.com", 587, "starttls")
    assert relay.rate == 3.0
    assert settings.origins["relays.0.host"] == "preset smtp2go"
    assert settings.origins["relays.0.rate"] == "mailer.toml"
    assert settings.lines["relays.0.rate"] == 4


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_makes_a_relay_that_can_be_used(tmp_path, name):
    preset = PRESETS[name]
    host = 'host = "smtp.example.org"\n' if preset.host_form else ""
    (relay,) = read(tmp_path, f'[[relays]]\npreset = "{name}"\n{host}').relays
    assert set(preset.fills) <= {field.name for field in fields(RelaySettings)}
    assert not list(faults(relay))
    assert relay.security in ("starttls", "tls")
    assert relay.speed <= 50
    assert 1 <= relay.connections <= 4
    assert preset.title
    assert preset.login
    assert preset.key


def test_a_preset_whose_host_differs_by_account_says_what_it_looks_like(tmp_path):
    with pytest.raises(InputProblems, match=r"email-smtp\.REGION\.amazonaws\.com"):
        read(tmp_path, '[[relays]]\npreset = "ses"\n')


def test_every_problem_stands_at_the_line_of_its_own_table(tmp_path):
    text = """\
[[relays]]
name = "main"
host = "smtp.example.org"
port = 0
weight = 1001

[[relays]]
name = "main"
host = "smtp.example.net"
security = "none"
user = "me"
password = "s3cret"
password_file = "there"
rat = 5

[[relays]]
name = "Third One"
host = 5

[[relays]]
name = "fourth"
messages_per_connection = 0
password_file = "there"

[[relays]]
name = "fifth"
preset = "sess"
host = "smtps://smtp.example.org"
"""
    found = problems(tmp_path, text)
    assert sorted(line for line, _ in found) == [4, 5, 8, 10, 13, 14, 17, 18, 20, 20, 22, 27, 28]
    assert "s3cret" not in str(found)


def test_two_relays_without_a_name_are_told_apart_by_nobody(tmp_path):
    text = '[[relays]]\nhost = "a.example.org"\n[[relays]]\nhost = "b.example.org"\n'
    assert problems(tmp_path, text) == [(3, 'two relays are called "relay"')]


def test_a_key_of_the_wrong_type_is_told_once(tmp_path):
    assert [line for line, _ in problems(tmp_path, '[[relays]]\nhost = 5\nport = "x"\n')] == [2, 3]


@pytest.mark.parametrize("text", ['relays = "smtp.example.org"\n', 'relays = ["smtp.example.org"]\n'])
def test_relays_are_tables(tmp_path, text):
    assert problems(tmp_path, text) == [(1, "relays is a list of tables")]


def test_inline_tables_are_read_too(tmp_path):
    settings = read(tmp_path, 'relays = [{name = "a", host = "::1"}, {name = "b", host = "::1"}]\n')
    assert [relay.name for relay in settings.relays] == ["a", "b"]
    assert settings.origins["relays.1.host"] == "mailer.toml"


def test_a_variable_replaces_them_all_and_where_they_came_from(tmp_path):
    text = '[[relays]]\nname = "a"\nhost = "::1"\n[[relays]]\nname = "b"\nhost = "::1"\n'
    settings = read(tmp_path, text, {"MAILER_SMTP_URL": "smtp://127.0.0.1:2525"})
    assert [(relay.host, relay.port) for relay in settings.relays] == [("127.0.0.1", 2525)]
    assert settings.origins["relays"] == "MAILER_SMTP_URL"
    assert not [name for name in settings.origins if name.startswith("relays.")]


@pytest.mark.parametrize(
    ("host", "hosts", "stays"),
    [
        ("127.0.0.1", ("127.0.0.1",), True),
        ("127.0.0.1, ::1", ("127.0.0.1", "::1"), True),
        ("127.0.0.1, smtp.example.org", ("127.0.0.1", "smtp.example.org"), False),
        ("[::1]", ("::1",), True),  # as it stands in a URL
        (" , ", (), False),
    ],
)
def test_several_servers_of_one_account_stay_here_only_if_all_do(host, hosts, stays):
    relay = RelaySettings(host=host)
    assert relay.hosts == hosts
    assert relay.on_loopback is stays


def test_a_plugin_gets_options_of_its_own_which_are_never_shown(tmp_path):
    text = '[[relays]]\nbackend = "carrier"\n[relays.options]\nkey = "s3cret-key"\nbirds = 3\nway = "home"\n'
    settings = read(tmp_path, text)
    (relay,) = settings.relays
    assert relay.options == {"key": "s3cret-key", "birds": 3, "way": "home"}
    assert "s3cret" not in repr(relay)
    assert "s3cret-key" in settings.secrets, "it is taken out of logs"
    assert "home" not in settings.secrets
    assert problems(tmp_path, '[[relays]]\nbackend = "carrier"\noptions = [1]\n') == [(3, "this takes a table")]


@pytest.mark.parametrize("name", PRESETS)
def test_the_page_about_relays_has_each_preset_as_it_is(name):
    preset, page = PRESETS[name], (ROOT / "docs" / "relays.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
    for part in (
        preset.title,
        preset.fills.get("host") or preset.host_form,
        f"{preset.fills['rate']:g}/s, {preset.fills['connections']}",
    ):
        assert f"| {part} |" in row


@pytest.mark.parametrize(
    ("relays", "speed"),
    [
        ([(None, 10.0), (None, 5.0)], 15.0),
        ([(None, 10.0), (0, 5.0)], 10.0),
        ([(0, 10.0)], 10.0),
        ([(3, 9.0), (1, 9.0)], 12.0),
        ([(1, 5.0), (None, 50.0)], 10.0),
        ([(1, 5.0), (1, 0.0)], 10.0),
        ([(None, 5.0), (None, 0.0)], 0.0),
        ([(2, 0.0), (1, 0.0)], 0.0),
        ([], 0.0),
    ],
)
def test_together_they_are_as_fast_as_their_shares_let_them(relays, speed):
    """A rate of 0 stands for a relay on this machine, which takes as many as there are."""
    made = [RelaySettings(host="smtp.example.org" if rate else "::1", weight=one, rate=rate) for one, rate in relays]
    assert joint_speed(made) == pytest.approx(speed)
