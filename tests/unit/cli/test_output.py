"""What people and relays say is printed as words, and commands no terminal."""

import pytest

from mailer.cli.output import Output
from mailer.errors import MailerError

HOSTILE = "Ana\x1b]0;owned\x07 \x1b[2J\x9b2J \rBob \u202etxt.exe \x1b[31mred\x1b[0m\tend\nnext"
SHOWN = "Ana\ufffd]0;owned\ufffd \ufffd[2J\ufffd2J \ufffdBob \ufffdtxt.exe \x1b[31mred\x1b[0m\tend\nnext"


@pytest.mark.parametrize("way", ["data", "say", "warn", "error"])
def test_no_text_can_command_the_terminal_and_colours_pass(capsys, monkeypatch, way):
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_: False)
    output = Output()
    getattr(output, way)(MailerError(HOSTILE, hint=HOSTILE) if way == "error" else HOSTILE)
    said = "".join(capsys.readouterr())
    assert SHOWN in said
    assert "\r" not in said
    if way == "error":
        assert said.count(SHOWN) == 2
