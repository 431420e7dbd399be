"""The schema of segments.yaml agrees with its reader."""

from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from mailer.domain.segment_schema import segment_schema
from mailer.errors import InputProblems
from mailer.settings import Settings
from mailer.sources.segment_files import read_segments
from mailer.sources.yaml_loader import read_yaml

ROOT = Path(__file__).parents[3]
VALIDATOR = Draft7Validator(segment_schema())
FILES = [ROOT / "subscribers" / "segments.yaml", ROOT / "src/mailer/cli/scaffold/segments.yaml"]


def test_it_is_a_schema():
    Draft7Validator.check_schema(segment_schema())


@pytest.mark.parametrize("path", FILES, ids=["example", "scaffold"])
def test_our_own_files_fit(path):
    assert [error.message for error in VALIDATOR.iter_errors(read_yaml(path.read_text(encoding="utf-8")).value)] == []


@pytest.mark.parametrize(
    "text",
    [
        "a: { tag: donor }",
        "a: { tag: [donor, member] }",
        "a: tag:donor -country:GB",
        "a: { description: Gave, attr.gift: { '>=': 25 } }",
        "a: { any: [ { tag: x }, { not: { country: GB } }, country:PE ] }",
        "a: { joined: { within: 60d } }",
        "a: { everyone: true }",
        "a: { name: { is_not: Ana } }",
        "",
        "a: { tagg: donor }",
        "a: {}",
        "a: [ { tag: x } ]",
        "a: { tag: { nearly: donor } }",
        "a: { tag: }",
        "a: { any: [] }",
        "everyone: { tag: x }",
        "No Name: { tag: x }",
        "a: { description: 7, tag: x }",
        "a: { not: { description: x, tag: y } }",
        "- tag: x",
    ],
)
def test_a_file_is_underlined_just_when_the_program_refuses_it(tmp_path, text):
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "subscribers" / "segments.yaml").write_text(text)
    try:
        read_segments(tmp_path, Settings())
        taken = True
    except InputProblems:
        taken = False
    assert VALIDATOR.is_valid(read_yaml(text).value) is taken
