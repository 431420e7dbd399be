"""Documentation cannot fall behind: what the program knows, the documents name."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from command_page import page
from mailer.settings import SECTIONS, ListSettings, RelaySettings

ROOT = Path(__file__).parents[3]
SETTINGS = [(f"{name}.{field.name}", field) for name, kind in SECTIONS.items() for field in fields(kind)]
NESTED = [(field.name, field) for kind in (ListSettings, RelaySettings) for field in fields(kind)]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "field"), SETTINGS + NESTED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_setting_is_documented_with_its_help_and_default(name, field):
    row = next((line for line in read("docs/settings.md").splitlines() if line.startswith(f"| `{name}` |")), "")
    assert field.metadata["help"] in row
    if isinstance(field.default, (int, str)) and field.default:
        assert f"`{field.default}`" in row


def test_the_page_of_commands_is_what_the_commands_say():
    assert read("docs/commands.md") == page(), "run: python tests/command_page.py"


def test_every_option_says_what_it_does():
    silent = [line for line in page().splitlines() if line.startswith("- `-") and line.endswith("`: ")]
    assert not silent


def test_the_walkthrough_names_each_file_of_the_way_and_each_is_there():
    text = read("docs/walkthrough.md")
    named = re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", text)
    for stop in (
        "sources/campaign_files.py",
        "domain/campaign.py",
        "rendering/compile.py",
        "storage/ledger.py",
        "delivery/worker.py",
        "edition/program.py",
        "backend.py",
        "backends/smtp.py",
        "delivery/retry.py",
    ):
        assert stop in named, f"the walkthrough leaves out {stop}"
    for name in named:
        assert (ROOT / "src" / "mailer" / name).is_file(), f"the walkthrough names {name}, which is not there"


def test_links_between_documents_lead_somewhere():
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:\s]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links {target}"


def test_the_version_has_a_place_in_the_changelog():
    assert "## [Unreleased]" in read("CHANGELOG.md")
