"""How fast mail may leave, as it is written in mailer.toml, and every slip told at its line."""

import pytest

from mailer.domain.provider import Provider
from mailer.errors import InputProblems
from mailer.settings import load
from mailer.settings.relay_rules import PROVIDERS

RELAY = '[[relays]]\nname = "north"\nhost = "smtp.example.org"\n'


def loaded(folder, text):
    (folder / "mailer.toml").write_text(text)
    return load(folder, {})


def problems(folder, text):
    with pytest.raises(InputProblems) as caught:
        loaded(folder, text)
    return [(one.line, one.message, one.hint) for one in caught.value.problems]


def test_limits_are_read(tmp_path):
    text = f"""{RELAY}provider_rates = {{gmail = 5, other = 0.5}}
daily_quota = 900
warm_up = 50
quota_zone = "UTC"
[sending]
window = "22:00-06:30"
window_zone = "America/Lima"
rate_per_mailing = 2
"""
    settings = loaded(tmp_path, text)
    [relay] = settings.relays
    assert relay.provider_rates == {"gmail": 5.0, "other": 0.5}
    assert (relay.daily_quota, relay.warm_up, relay.warm_up_growth, relay.quota_zone) == (900, 50, 1.5, "UTC")
    sending = settings.sending
    assert (sending.window, sending.window_zone, sending.rate_per_mailing) == ("22:00-06:30", "America/Lima", 2.0)


def test_the_groups_are_those_of_the_ledger():
    assert set(PROVIDERS) == {one.word for one in Provider}


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("provider_rates = {gmial = 2}", 'names "gmial"', "it takes gmail, outlook"),
        ("provider_rates = {gmail = -1}", "has gmail = -1", "below zero"),
        ('provider_rates = {gmail = "fast"}', "takes a number", ""),
        ("provider_rates = 5", "takes a table", ""),
        ("warm_up_growth = 0.5", "is 0.5", "1 to 10"),
        ("warm_up = -1", "is -1", "below zero"),
        ("daily_quota = 1.5", "takes a whole number", ""),
        ('quota_zone = "Europe/Lodnon"', 'is "Europe/Lodnon"', "did you mean Europe/London"),
    ],
)
def test_a_slip_in_a_relays_limits_is_told_at_its_line(tmp_path, line, message, hint):
    [(number, said, advice)] = problems(tmp_path, RELAY + line)
    assert number == 4
    assert message in said
    assert hint in advice


@pytest.mark.parametrize("hours", ["8-20", "08:00", "08:00-24:00", "08:00 - 20:00", "20:00-08:60", "night"])
def test_hours_are_two_times_of_the_day(tmp_path, hours):
    [(number, said, advice)] = problems(tmp_path, f'[sending]\nwindow = "{hours}"\n')
    assert number == 2
    assert hours in said
    assert "08:00-20:00" in advice
