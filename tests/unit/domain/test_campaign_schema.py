"""The schema of campaign files agrees with what the program reads: editors neither cry wolf nor keep silent."""

import re
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft7Validator
from pydantic import TypeAdapter, ValidationError

from mailer.domain import campaign_types
from mailer.domain.campaign_kinds import KINDS
from mailer.domain.campaign_schema import campaign_schema
from mailer.sources.new_campaign import skeleton
from mailer.sources.yaml_loader import read_yaml

ROOT = Path(__file__).parents[3]
SCHEMA = campaign_schema()
VALIDATOR = Draft7Validator(SCHEMA)
LETTER = {"kind": "article", "subject": "A subject", "headline": "A headline"}


def front_matter(text):
    """As the program reads it, and so as an editor of YAML 1.2 does."""
    return read_yaml(text.split("\n---\n", 1)[0].removeprefix("---\n")).value


def found(values):
    return sorted("/".join(map(str, error.absolute_path)) or error.validator for error in VALIDATOR.iter_errors(values))


def test_it_is_a_schema_and_every_reference_in_it_leads_somewhere():
    Draft7Validator.check_schema(SCHEMA)
    assert "$defs" not in str(SCHEMA)
    for name in KINDS:  # an unknown reference raises
        assert "required" in found({"kind": name})


@pytest.mark.parametrize("path", sorted((ROOT / "campaigns").glob("*.md")), ids=lambda path: path.stem)
def test_every_example_fits(path):
    assert [error.message for error in VALIDATOR.iter_errors(front_matter(path.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_new_writes_fits(kind):
    assert [
        error.message for error in VALIDATOR.iter_errors(front_matter(skeleton(kind, today=date(2024, 11, 22))))
    ] == []


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"kind": "artcle"}, "kind"),
        ({"kicker": 7}, "kicker"),
        ({"preheadr": "x"}, "additionalProperties"),
        ({"image": {"src": "a.jpg"}}, "image"),
        ({"published": "tomorrow"}, None),  # a date is its reader's business: JSON Schema only names the format
        ({"list": "Not A Name"}, "list"),
        ({"tracking": True}, "tracking"),
        ({"topics": "peru"}, "topics"),
        ({"canonical_url": "example.org"}, "canonical_url"),
        ({"fund": {"name": "F"}}, "fund"),
    ],
)
def test_what_check_refuses_is_underlined_where_it_stands(changed, place):
    assert found(LETTER) == []
    assert set(found(LETTER | changed)) == ({place} if place else set())


def patterns(node):
    if isinstance(node, dict):
        yield from [node["pattern"]] if isinstance(node.get("pattern"), str) else []
        yield from (found for part in node.values() for found in patterns(part))
    elif isinstance(node, list):
        yield from (found for part in node for found in patterns(part))


def test_patterns_escape_nothing_that_ecmascript_does_not_know():
    # With the flag u, which validators in editors use, any other escape makes the whole schema unusable.
    escaped = {letter for pattern in patterns(SCHEMA) for letter in re.findall(r"\\(.)", pattern)}
    assert escaped
    assert escaped <= set("dswDSWbB^$\\.*+?()[]{}|/")


def test_the_kind_chooses_what_else_there_is():
    assert found(LETTER | {"kind": "petition"}) == ["required"]
    assert found(LETTER | {"petition": {}}) == ["additionalProperties"]


def test_every_field_says_what_it_is_for():
    for name, model in SCHEMA["definitions"].items():
        for field, schema in model.get("properties", {}).items():
            assert schema.get("description"), f"{name}.{field}"
            assert "title" not in schema or field == "title"


WORDS = [
    "22", "nearly 300", "Nearly 300", "hundreds", "more than 1,000", "some", "-3", "212.25", "18,000", "1.234", "£5", "2024",
    "2024-11", "2024-11-30", "2024-11-30 18:00", "2024-11-30T18:00+01:00", "30.11.2024", "18:00", "9:30", "news", "News", "a b",
    "en", "pt-BR", "EN", "GBP", "gbp", "https://www.example.org/a", "http://x", "www.example.org", "mailto:a@example.org",
    "news@example.org", "News <news@example.org>", "nobody", "",
]  # fmt: skip
TYPES = ("Amount", "Tally", "Moment", "PartialDay", "Slug", "Url", "TimeOfDay", "Language", "Currency", "Sender")


@pytest.mark.parametrize("name", TYPES)
def test_a_text_is_underlined_just_when_the_program_refuses_it(name):
    reader = TypeAdapter(getattr(campaign_types, name))
    schema = Draft7Validator(reader.json_schema())
    differ = []
    for word in WORDS:
        try:
            reader.validate_python(word)
            taken = True
        except ValidationError:
            taken = False
        if schema.is_valid(word) != taken:
            differ.append((word, taken))
    assert differ == []


@pytest.mark.parametrize("name", TYPES)
def test_every_example_of_a_type_can_be_read(name):
    reader = TypeAdapter(getattr(campaign_types, name))
    schema = reader.json_schema()
    for example in schema.get("examples", ()):
        reader.validate_python(example)
        assert Draft7Validator(schema).is_valid(example)
