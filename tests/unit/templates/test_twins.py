"""Templates come in pairs: an MJML form and a text form that says the same."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[3] / "templates"
MJML = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.mjml"))
#: What readers see stands in quotes inside _() or ngettext(); these words are markup, not prose.
TEXT_BETWEEN_TAGS = re.compile(r">([^<>{}]*[A-Za-z]{3,}[^<>{}]*)<")


def test_every_template_has_its_twin():
    texts = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.txt")}
    assert {name.removesuffix(".mjml") + ".txt" for name in MJML} == texts


def test_every_block_is_documented():
    described = (TEMPLATES.parent / "docs" / "templates.md").read_text(encoding="utf-8")
    for path in (TEMPLATES / "blocks").glob("*.mjml"):
        assert f"| `{path.stem}(" in described


@pytest.mark.parametrize("name", MJML)
def test_no_padding_holds_a_bare_zero(name):
    """A bare 0 voids the whole side calculation of the MJML engine, and Outlook overflows (M2)."""
    for value in re.findall(r'(?<!cell)padding[a-z-]*="([^"]*)"', (TEMPLATES / name).read_text(encoding="utf-8")):
        assert "0" not in value.split(), f"{name}: padding {value!r}"


@pytest.mark.parametrize("name", MJML)
def test_every_string_for_readers_can_be_translated(name):
    source = re.sub(r"\{#.*?#\}", "", (TEMPLATES / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    source = re.sub(r"\{[{%].*?[%}]\}", "", source, flags=re.DOTALL)
    found = [text for text in TEXT_BETWEEN_TAGS.findall(source) if text.strip("\n &#;0123456789·")]
    assert found == []
