"""Documentation cannot fall behind: what the program knows, the documents name."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from mailer.cli.main import COMMANDS
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


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_every_command_is_documented(entry):
    assert f"`mailer {entry.name}" in read("docs/commands.md"), f"docs/commands.md does not name mailer {entry.name}"


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
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:\s]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links {target}"


def test_the_version_has_a_place_in_the_changelog():
    assert "## [Unreleased]" in read("CHANGELOG.md")
