"""The schema of mailer.toml agrees with its reader."""

import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, Draft7Validator

from mailer.errors import InputProblems, SettingsError
from mailer.settings import load
from mailer.settings.schema import settings_schema

SCHEMA = settings_schema()
VALIDATOR = Draft7Validator(SCHEMA)
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("validator", [Draft4Validator, Draft7Validator], ids=["draft 4", "draft 7"])
def test_it_is_a_schema_for_old_and_new_editors(validator):
    validator.check_schema(SCHEMA)
    assert validator(SCHEMA).is_valid({"brand": {"accent": "#b3261e"}})
    assert not validator(SCHEMA).is_valid({"brand": {"accent": "red"}})


def test_the_example_project_fits():
    document = tomllib.loads((ROOT / "mailer.toml").read_text(encoding="utf-8"))
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        '[brand]\naccent = "#B3261E"\naccent_dark = ""\n',
        '[web]\npublic_url = "https://mail.example.org"\n',
        '[sending]\nlease_seconds = 30\nbreaker = "off"\n',
        '[[relays]]\nhost = "smtp.example.org"\nrate = 2\nsecurity = "tls"\n',
        '[subscribers.lists.news]\ntitle = "News"\n',
        '[brand]\naccent = "red"\n',
        '[brand]\nacent = "#b3261e"\n',
        '[web]\npublic_url = "mail.example.org"\n',
        '[sending]\nlease_seconds = "30"\n',
        "[sending]\nlease_seconds = -1\n",
        '[sending]\nbreaker = "perhaps"\n',
        '[[relays]]\nsecurity = "ssl"\n',
        '[relays]\nhost = "x"\n',
        '[subscribers.topics]\nperu = "Peru"\n',
        "[subscribers.topics]\nperu = 1\n",
        '[subscribers.topics]\n"Peru!" = "Peru"\n',
        '[subscribers.topics]\nperu = ""\n',
        '[subscribers]\ntopics = ["peru"]\n',
        '[subscribers.lists."Big News"]\ntitle = "News"\n[subscribers.lists.news]\n',
        "[nonsense]\n",
    ],
)
def test_a_file_is_underlined_just_when_the_program_refuses_it(tmp_path, text):
    (tmp_path / "mailer.toml").write_text(text)
    try:
        load(tmp_path, {})
        taken = True
    except (InputProblems, SettingsError):
        taken = False
    assert VALIDATOR.is_valid(tomllib.loads(text)) is taken
