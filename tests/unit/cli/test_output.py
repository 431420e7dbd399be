"""What people and relays say is printed as words, and commands no terminal; a list is written as it comes."""

import json

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


def test_a_list_is_written_item_by_item(capsys):
    output = Output()
    output.as_json = True
    written = [""]

    def items():
        for number in range(3):
            yield {"email": f"person{number}@example.org", "name": "Ana\n"}
            written.append(written[-1] + capsys.readouterr().out)

    output.list_document("subscribers", items())
    assert all(f"person{number}@example.org" in written[number + 1] for number in range(3))
    assert json.loads(written[-1] + capsys.readouterr().out) == {"subscribers": list(items())}


def test_a_list_without_items_is_a_document_too(capsys):
    output = Output()
    output.list_document("subscribers", [])
    assert capsys.readouterr().out == ""
    output.as_json = True
    output.list_document("subscribers", [])
    assert json.loads(capsys.readouterr().out) == {"subscribers": []}
