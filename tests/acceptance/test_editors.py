"""What `config schema` gives to editors is where they look, and points at what is there."""

import json
import re

import pytest

from sending_world import Commands


@pytest.fixture
def mailer(tmp_path):
    commands = Commands(tmp_path)
    assert commands("init", "--no-input").code == 0
    return commands


def test_a_new_project_has_its_schemas_and_its_files_name_them(mailer, tmp_path):
    settings = (tmp_path / "mailer.toml").read_text().splitlines()
    segments = (tmp_path / "subscribers" / "segments.yaml").read_text().splitlines()
    named = settings[0].removeprefix("#:schema "), segments[0].removeprefix("# yaml-language-server: $schema=")
    # Both count from the folder of the file that names them.
    for file in (tmp_path / named[0], tmp_path / "subscribers" / named[1]):
        assert json.loads(file.read_text())["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_schemas_are_written_anew_and_vs_code_finds_what_check_says(mailer, tmp_path):
    schema = tmp_path / ".mailer" / "schemas" / "campaign.schema.json"
    schema.write_text("{}")
    done = mailer("config", "schema", "--vscode")
    assert done.code == 0
    assert len(done.out.splitlines()) == 5
    assert json.loads(schema.read_text())["title"] == "Front matter of a campaign"
    letter = tmp_path / "campaigns" / "welcome.md"
    letter.write_text(letter.read_text().replace("headline:", "hedline:"))
    number = 1 + [text.partition(":")[0] for text in letter.read_text().splitlines()].index("hedline")
    (task,) = json.loads((tmp_path / ".vscode" / "tasks.json").read_text())["tasks"]
    assert task["command"] == "mailer --no-color check"
    pattern = task["problemMatcher"]["pattern"]
    lines = mailer("--no-color", "check").out.splitlines()
    found = next(
        match for line in lines if (match := re.fullmatch(pattern["regexp"], line)) and int(match[2]) == number
    )
    assert found[pattern["file"]] == "campaigns/welcome.md"
    assert found[pattern["severity"]] == "error"
    assert found[pattern["message"]] == 'unknown key "hedline"'
    assert found[pattern["code"]] == "front-matter"


def test_a_set_up_of_ones_own_stays(mailer, tmp_path):
    (tmp_path / ".vscode").mkdir()
    (tmp_path / ".vscode" / "tasks.json").write_text("mine")
    done = mailer("config", "schema", "--vscode")
    assert done.code == 4
    assert "docs/editors.md" in done.err
    assert sorted(path.name for path in (tmp_path / ".vscode").iterdir()) == ["tasks.json"]
    assert (tmp_path / ".vscode" / "tasks.json").read_text() == "mine"
