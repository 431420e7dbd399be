"""Every campaign field, kind, block and lint rule is documented, in the words the program uses."""

import re
from pathlib import Path

import pytest

from mailer.domain.campaign import Campaign
from mailer.domain.campaign_kinds import KINDS, field_docs
from mailer.edition.format import FILTERS
from mailer.rendering.lints import FIXED_RULES, RULES

ROOT = Path(__file__).parents[3]
COMMON = {doc.name: doc for doc in field_docs(Campaign)}
FIELDS = [("campaign-files.md", doc) for doc in COMMON.values()] + [
    (f"kinds/{name}.md", doc) for name, kind in KINDS.items() for doc in field_docs(kind) if doc.name not in COMMON
]


def rows(page, start="| `"):
    return [line for line in (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines() if line.startswith(start)]


@pytest.mark.parametrize(("page", "doc"), FIELDS, ids=[f"{page}-{doc.name}" for page, doc in FIELDS])
def test_every_field_is_documented(page, doc):
    assert f"| `{doc.name}` | {'required' if doc.required else ''} | {doc.description} |" in rows(page)


def test_every_field_has_a_description():
    assert [doc.name for _, doc in FIELDS if len(doc.description) < 4] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_page_and_is_named_where_kinds_are_listed(kind):
    assert (ROOT / f"docs/kinds/{kind}.md").read_text(encoding="utf-8").startswith(f"# `kind: {kind}`\n")
    assert f"| [`{kind}`](kinds/{kind}.md) | " in "\n".join(rows("campaign-files.md", "| [`"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_is_documented_as_it_is(rule):
    assert f"| `{rule.id}` | {rule.severity.value} | {rule.summary} |" in rows("checks.md")


@pytest.mark.parametrize("rule", FIXED_RULES)
def test_every_fixed_rule_is_documented(rule):
    assert f"| `{rule}` | {FIXED_RULES[rule]} |" in rows("checks.md")


def test_rule_ids_are_unique_and_every_rule_of_the_compiler_is_listed():
    ids = [rule.id for rule in RULES]
    assert len(set(ids) | FIXED_RULES.keys()) == len(ids) + len(FIXED_RULES)
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/mailer/rendering").glob("*.py"))
    code += (ROOT / "src/mailer/sources/campaign_files.py").read_text(encoding="utf-8")
    used = set(re.findall(r'rule="([a-z-]+)"', code)) | set(re.findall(r'\.problem\(\s*"([a-z-]+)"', code))
    assert used <= FIXED_RULES.keys()


def test_every_filter_for_personal_data_is_documented():
    text = (ROOT / "docs/campaign-files.md").read_text(encoding="utf-8")
    assert [name for name in FILTERS if f"`{name}`" not in text] == []


def test_every_block_is_documented():
    text = (ROOT / "docs/templates.md").read_text(encoding="utf-8")
    names = [path.stem for path in (ROOT / "templates/blocks").glob("*.mjml")]
    assert [name for name in names if not re.search(rf"`{name}\(", text)] == []
