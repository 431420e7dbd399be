"""Petitions at the command line: one that is begun, what is wrong with one, and what its readers see."""

import pytest

from sending_world import Commands

PETITION = """\
---
kind: petition
subject: Sign for the library, whose last hour is near
preheader: What the statement asks for, and how many have put their names to it so far
headline: The library stays
petition:
  title: For the library
  target: the Council
  statement: We ask that it stays open.
  demands:
    - Keep it open.
  sign_url: https://www.example.org/sign
  signed: 1204
  goal: 2000
  as_of: 2024-11-21
  deadline: 2024-12-10
  consent_note: Signing puts you on no list.
---

"""
BODY = "They met in the hall of the old printworks and talked about what had come of the year. " * 4

#: What was written instead of what, and what `check` says of it.
BAD = {
    "signed-by-many": ("signed: 1204", "signed: many", ':13: error: "many" is not a number of signatures'),
    "fewer-than-none": ("signed: 1204", "signed: -3", ':13: error: "-3" is not a number of signatures'),
    "no-goal-at-all": ("goal: 2000", "goal: 0", ":14: error: the goal is nothing"),
    "counted-too-late": ("as_of: 2024-11-21", "as_of: 2024-12-11", ":15: error: as_of is later than the deadline"),
    "counted-tomorrow": (
        "as_of: 2024-11-21",
        "as_of: 2024-11-23",
        ":15: error: the petition is counted as of a day that",
    ),
    "long-over": (
        "as_of: 2024-11-21\n  deadline: 2024-12-10",
        "as_of: 2024-11-20\n  deadline: 2024-11-20",
        ":16: error: the deadline passed on 20 November 2024",
    ),
    "consent-unsaid": (
        "  consent_note: Signing puts you on no list.\n",
        "",
        ":6: error: the petition does not say what becomes of a signature",
    ),
    "nothing-to-sign": (
        "  statement: We ask that it stays open.\n",
        "",
        ':6: error: "petition.statement" is missing',
    ),
}

#: What was written instead of what, and the lines that its readers see.
FINE = {
    "nobody-yet": (
        "signed: 1204",
        "signed: 0",
        "[........................] 0%\nBe the first to sign\n2,000 signatures to go\n18 days left",
    ),
    "over-the-goal": (
        "signed: 1204",
        "signed: 2,400",
        f"[{'#' * 24}] 120%\n2,400 signatures of 2,000 wanted\nThe goal of 2,000 is reached\n18 days left",
    ),
    "no-demands": (
        "  demands:\n    - Keep it open.\n",
        "",
        "To: the Council\n\nWe ask that it stays open.\n\n- - -",
    ),
    "last-day": (
        "as_of: 2024-11-21\n  deadline: 2024-12-10",
        "as_of: 2024-11-22\n  deadline: 2024-11-22",
        "Today, 22 November 2024, is the last day",
    ),
}


@pytest.fixture
def mailer(project):
    return Commands(project, MAILER_PROJECT__CLOCK="2024-11-22T09:00:00Z")


def write(project, cases):
    for slug, (good, other, _) in cases.items():
        assert good in PETITION
        (project / "campaigns" / f"{slug}.md").write_text(PETITION.replace(good, other) + BODY)


def test_what_is_wrong_is_said_with_file_and_line(mailer, project):
    write(project, BAD)
    done = mailer("check", *BAD)
    assert done.code == 3
    for slug, (_, _, words) in BAD.items():
        assert f"campaigns/{slug}.md{words}" in done.out
    assert f"{len(BAD)} campaigns: {len(BAD)} errors, 0 warnings." in done.err


def test_what_is_unusual_looks_right(mailer, project):
    write(project, FINE)
    done = mailer("check", *FINE)
    assert (done.code, done.out) == (0, "")
    for slug, (_, _, words) in FINE.items():
        assert words in mailer("render", slug, "--format", "text").out


def test_a_petition_that_is_begun_says_what_is_to_be_written(mailer, project):
    assert mailer("new", "petition", "library").out == "campaigns/library.md\n"
    done = mailer("check", "library", "--json")
    (one,) = done.json["campaigns"]
    content = (project / "campaigns" / "library.md").read_text()
    assert {finding["rule"] for finding in one["findings"]} == {"placeholder"}
    assert one["errors"] == content.count("TODO:")
    assert "Be the first to sign" in mailer("render", "library", "--format", "text").out
