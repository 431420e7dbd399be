"""What a petition cannot say is refused, with the line where it stands and what to write instead."""

import pytest

from mailer.errors import InputProblems
from mailer.sources.campaign_files import parse_campaign

GOOD = """\
---
kind: petition
subject: Sign for the library
headline: The headline
petition:
  title: For the library
  target: the Council
  statement: |
    We ask that it stays open.
  demands:
    - Keep it open.
  sign_url: https://www.example.org/sign
  signed: 1204
  goal: 2000
  as_of: 2024-11-21
  deadline: 2024-12-10
  consent_note: Signing puts you on no list.
video:
  title: The meeting
  url: https://www.example.org/watch
---

The body.
"""


def findings(text, tmp_path):
    with pytest.raises(InputProblems) as caught:
        parse_campaign(text.encode(), slug="c", root=tmp_path)
    problems = caught.value.problems
    assert {problem.file for problem in problems} == {"campaigns/c.md"}
    return [f"{problem.line}: {problem.message} ({problem.hint})" for problem in problems]


def test_a_petition_is_read_whole(tmp_path):
    campaign = parse_campaign(GOOD.encode(), slug="c", root=tmp_path).campaign
    assert (campaign.petition.signed, campaign.petition.demands) == (1204, ("Keep it open.",))
    assert campaign.deadline() == campaign.petition.deadline


@pytest.mark.parametrize("figure", ["1204", "1,204", '"1204"', "0"])
def test_figures_are_written_with_or_without_a_comma(tmp_path, figure):
    file = parse_campaign(GOOD.replace("signed: 1204", f"signed: {figure}").encode(), slug="c", root=tmp_path)
    assert file.campaign.petition.signed == int(figure.strip('"').replace(",", ""))


COUNT = "they are counted: write the figure alone, 1204"
BAD = [
    ("signed: 1204", "signed: -3", f'13: "-3" is not a number of signatures ({COUNT})'),
    ("signed: 1204", "signed: many", f'13: "many" is not a number of signatures ({COUNT})'),
    ("signed: 1204", "signed: nearly 300", f'13: "nearly 300" is not a number of signatures ({COUNT})'),
    ("signed: 1204", "signed: hundreds", f'13: "hundreds" is not a number of signatures ({COUNT})'),
    ("signed: 1204", "signed: 12.5", f'13: "12.5" is not a number of signatures ({COUNT})'),
    ("signed: 1204", "signed: true", f'13: "True" is not a number of signatures ({COUNT})'),
    ("signed: 1204", "signed: 12345678901", f'13: "12345678901" is not a number of signatures ({COUNT})'),
    ("  signed: 1204\n", "", '5: "petition.signed" is missing (how many have signed)'),
    ("goal: 2000", "goal: -1", f'14: "-1" is not a number of signatures ({COUNT})'),
    (
        "goal: 2000",
        "goal: 0",
        "14: the goal is nothing (write how many signatures are wanted, or leave the line out)",
    ),
    ("as_of: 2024-11-21", "as_of: 2024-12-11", "15: as_of is later than the deadline (correct one of them)"),
    (
        "deadline: 2024-12-10",
        "deadline: soon",
        '16: "soon" is not a date or time (write 2024-11-30 or 2024-11-30 18:00)',
    ),
    (
        "  statement: |\n    We ask that it stays open.\n",
        "",
        '5: "petition.statement" is missing (its text; an empty line between paragraphs)',
    ),
    (
        "    We ask that it stays open.\n",
        "\n",
        '8: "petition.statement" is empty (fill it in, or leave the line out)',
    ),
    (
        "  target: the Council\n",
        "",
        '5: "petition.target" is missing (whom it is addressed to: the Foreign Secretary)',
    ),
    (
        "\n    - Keep it open.",
        " Keep it open.",
        '10: "petition.demands" is a list (write one item a line, each after a hyphen)',
    ),
    ("- Keep it open.", '- ""', '11: "petition.demands.0" is empty (fill it in, or leave the line out)'),
    (
        "sign_url: https://www.example.org/sign",
        "sign_url: www.example.org",
        '12: "www.example.org" is not a web address (write the whole of it: https://www.example.org/page)',
    ),
    (
        "Keep it open.",
        "Keep {{ it }} open.",
        '11: "{{" in a field that is no template (use it in subject, preheader or the body)',
    ),
    ("  target: the", "  traget: the", '7: unknown key "traget" (did you mean "target"?)'),
]


@pytest.mark.parametrize(("good", "bad", "message"), BAD, ids=[bad.strip() or good.strip() for good, bad, _ in BAD])
def test_what_cannot_be_is_refused_at_its_line(tmp_path, good, bad, message):
    assert good in GOOD
    assert message in findings(GOOD.replace(good, bad), tmp_path)


def test_a_petition_without_its_fields_says_which(tmp_path):
    text = "---\nkind: petition\nsubject: Sign for the library\nheadline: The headline\n---\n\nThe body.\n"
    assert findings(text, tmp_path) == ['1: "petition" is missing (what people sign)']
