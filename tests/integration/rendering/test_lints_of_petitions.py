"""The rules about petitions: what goes stale, what has passed, and what people are to know before they sign."""

from datetime import timedelta

import pytest

from compiling import NOW, around, write
from mailer.errors import Severity
from mailer.rendering.check import check

FILL = "\nThey met in the hall of the old printworks and talked about what had come of the year. " * 4
PREHEADER = "preheader: And what became of it, told by those who were there that day\n"
PETITION = """\
petition:
  title: For the library
  target: the Council
  statement: We ask that it stays open.
  sign_url: https://www.example.org/sign
  signed: 1204
  goal: 2000
  as_of: 2024-11-21
  deadline: 2024-12-10
  consent_note: Signing puts you on no list.
"""
#: The first line of the body.
BODY = 17


def found(root, body="Words.\n", *, change=("", ""), days=0):
    petition = PETITION.replace(*change)
    assert (petition != PETITION) == (change != ("", ""))
    file = write(root, f"{body}\n{FILL}", kind="petition", more=petition + PREHEADER)
    return check(file, around(root, now=NOW + timedelta(days=days))).findings


def rules(findings):
    return [(finding.rule, finding.line) for finding in findings]


def test_a_petition_in_order_has_no_findings(tmp_path):
    assert found(tmp_path) == ()
    assert found(tmp_path, change=("  deadline: 2024-12-10\n", "")) == ()
    assert found(tmp_path, change=("  goal: 2000\n", "")) == ()
    assert found(tmp_path, change=("signed: 1204", "signed: 0")) == ()
    assert found(tmp_path, change=("signed: 1204", "signed: 2400")) == ()


@pytest.mark.parametrize(
    ("rule", "line", "change", "days", "words"),
    [
        ("petition-stale", 12, ("", ""), 8, "the petition was last counted 9 days ago"),
        ("petition-stale", 12, ("as_of: 2024-11-21", "as_of: 2024-11-23"), 0, "as of a day that has not come"),
        ("petition-stale", 12, ("as_of: 2024-11-21", "as_of: 2023-11-21"), 0, "last counted 367 days ago"),
        ("deadline-passed", 13, ("as_of: 2024-11-21\n  deadline: 2024-12-10", "as_of: 2024-11-20\n  deadline: 2024-11-21"), 0, "21 November 2024"),
        ("petition-consent", 5, ("  consent_note: Signing puts you on no list.\n", ""), 0, "what becomes of a signature"),
        ("insecure-link", None, ("https://www.example.org/sign", "http://www.example.org/sign"), 0, "http://www.example.org/sign"),
    ],
)  # fmt: skip
def test_findings(tmp_path, rule, line, change, days, words):
    (finding,) = found(tmp_path, change=change, days=days)
    assert (finding.rule, finding.severity) == (rule, Severity.ERROR)
    assert line in (None, finding.line)
    assert words in finding.message


def test_a_week_is_not_stale_and_the_last_day_has_not_passed(tmp_path):
    assert found(tmp_path, days=6) == ()
    assert found(tmp_path, change=("as_of: 2024-11-21", "as_of: 2024-12-10"), days=18) == ()


@pytest.mark.parametrize("words", ["By now 1,204 have signed.", "Only 796 to go. In all, 1,204."])
def test_a_typed_figure_is_found(tmp_path, words):
    (finding,) = found(tmp_path, f"Before.\n\n{words}\n")
    assert (finding.rule, finding.line, finding.severity) == ("petition-typed", BODY + 2, Severity.WARNING)
    assert finding.hint == "write {{ petition.signed }}"


@pytest.mark.parametrize(
    "words",
    ["2,000 marched.", "They paid £11,204.", "A million, 1,204,000 people.", "{{ petition.signed }} have signed."],
)
def test_what_only_looks_like_a_figure_of_ours_is_left_alone(tmp_path, words):
    assert found(tmp_path, f"{words}\n") == ()
