"""Each person's own digest by the commands: three people who chose different topics, and who had what already."""

import re

import pytest

from ledger_world import email
from sending_world import rename, write_letter

DIGEST = """---
kind: digest
subject: "News: {{ items[0].headline }}"
preheader: What was written and asked since you last heard from us
headline: The week
collect:
  first_run: everything
  already_mailed: include
---
Dear {{ subscriber.first_name | default("friend") }}, this is what the week has brought.
"""
PERU, CHILE, UNION = 1, 2, 4


@pytest.fixture
def weekly(project, database, people, mailer, relay):
    """Three campaigns: of Peru, of Chile and for everybody, the second mailed to donors (2, 3, 5) alone."""
    path = project / "campaigns" / "weekly.md"
    path.write_text(DIGEST)
    for slug, extra in (("peru", "topics: [peru]\n"), ("chile", "topics: [chile]\naudience: donors\n"), ("all", "")):
        text = f"standfirst: All about {slug}.\n{extra}"
        write_letter(project, slug=slug, extra=text)
        number = 3 if slug == "chile" else people
        assert mailer("send", slug, "--yes", "--expect", number).code == 0
    del relay.accepted[:]
    for who, topics in ((PERU, ["peru"]), (CHILE, ["chile"]), (UNION, ["union"])):
        rename(database, who, topics=topics)
    return path


def got(relay):
    """Address -> the slugs that their digest links."""
    found = {}
    for one in relay.accepted:
        content = one.content.replace(b"=\r\n", b"").decode()
        found[one.recipient] = set(re.findall(r"/c/([a-z]+)\b", content)) - {"weekly"}
    return found


def test_everybody_gets_what_they_chose_and_all_figures_agree(mailer, relay, weekly, people):
    tried = mailer("send", "weekly", "--dry-run")
    assert "Views    4: 9 people see all 3 items, 2 see 2 of 3 items, 1 sees 1 of 3 items" in tried.err
    document = mailer("send", "weekly", "--dry-run", "--json").json
    assert document["recipients"] == people
    assert sorted((one["items"], one["people"]) for one in document["views"]) == [(1, 1), (2, 1), (2, 1), (3, 9)]
    assert mailer("send", "weekly", "--yes", "--expect", people).code == 0
    mails = got(relay)
    assert len(mails) == people
    assert mails[email(PERU)] == {"peru", "all"}
    assert mails[email(CHILE)] == {"chile", "all"}
    assert mails[email(UNION)] == {"all"}
    assert all(mails[email(who)] == {"peru", "chile", "all"} for who in (3, *range(5, 13)))


def test_whoever_sees_nothing_of_it_is_not_mailed_and_is_told_why(mailer, relay, weekly):
    weekly.write_text(DIGEST.replace("already_mailed: include", "topics: [peru, chile]\n  already_mailed: skip"))
    # All had "peru" but those who would skip it; the donors (2, 3, 5) had "chile" as well.
    before = mailer("why", email(3), "weekly", "--json").json
    assert (before["would_receive"], before["reasons"][-1]["detail"]) == (False, "has had all of it")
    assert mailer("why", email(UNION), "weekly", "--json").json["reasons"][-1] == {
        "rule": "something of it is for them", "ok": False, "detail": "chose other topics",
    }  # fmt: skip
    assert mailer("send", "weekly", "--dry-run", "--json").json["recipients"] == 7
    sent = mailer("send", "weekly", "--yes", "--expect", 7, "--json")
    assert (sent.code, sent.json["recipients"]) == (0, 7)
    assert got(relay) == {email(who): {"chile"} for who in range(6, 13)}
    assert mailer("status", "weekly", "--json").json["total"] == 7


def test_who_chooses_anew_before_their_turn_comes_ends_truthfully_as_not_mailed(
    mailer, relay, weekly, people, database
):
    assert mailer("send", "weekly", "--yes", "--expect", people, "--queue-only").code == 0
    weekly.write_text(DIGEST.replace("{{ items[0].headline }}", "{{ items[1].headline }}"))  # the file matters no more
    assert mailer("cancel", "weekly").code == 0
    weekly.write_text(DIGEST.replace("first_run", "topics: [peru, chile]\n  first_run"))
    assert mailer("send", "weekly", "--yes", "--expect", people - 1, "--queue-only").code == 0
    rename(database, PERU, topics=["union"])
    rename(database, CHILE, topics=["chile", "peru", "union"])
    worked = mailer("worker", "--drain")
    assert worked.code == 0, "to want nothing is no failure"
    assert got(relay).keys() == {email(who) for who in range(2, 13) if who != UNION}
    assert got(relay)[email(CHILE)] == {"peru", "chile"}
    status = mailer("status", "weekly", "--json").json
    assert (status["suppressed"], status["failed"], status["sent"]) == (1, 0, people - 2)
    history = mailer("why", email(PERU), "weekly", "--json").json["history"]
    assert (history[-1]["state"], history[-1]["detail"]) == ("suppressed", "chose other topics.")


def test_a_mail_can_be_looked_at_as_each_of_them(mailer, weekly, project, tmp_path):
    weekly.write_text(DIGEST.replace("already_mailed: include", "already_mailed: shorten"))
    everything = mailer("render", "weekly", "--format", "text").out
    assert everything.count("All about") == 3
    peru = mailer("render", "weekly", "--as", email(PERU), "--format", "text").out
    assert "All about" not in peru, "they had both"
    assert "In brief" in peru
    assert "/c/chile" not in peru
    chosen = mailer("preview", "weekly", "--as", email(UNION), "--text")
    assert ("/c/all" in chosen.out, "/c/peru" in chosen.out) == (True, False)
    weekly.write_text(DIGEST.replace("first_run", "topics: [peru]\n  first_run"))
    other = mailer("render", "weekly", "--as", email(UNION), "--format", "text")
    assert f"Nothing in it is for {email(UNION)}" in other.err
    assert "/c/peru" in other.out, "the whole issue, then"
    looked = mailer("preview", "weekly", "--as", email(UNION), "--text")
    assert "something of it is for them (chose other topics)" in looked.err


def test_what_becomes_of_items_is_said_with_its_line_when_it_cannot_be(mailer, weekly):
    weekly.write_text(DIGEST.replace("already_mailed: include", "already_mailed: hide"))
    checked = mailer("check", "weekly")
    assert checked.code == 3
    assert 'campaigns/weekly.md:8: error: "hide" does not say what becomes of it' in checked.out
    assert "write include, shorten, skip" in checked.out


def test_a_test_is_the_issue_of_whom_it_is_read_as(mailer, relay, weekly):
    assert mailer("test-send", "weekly", "--to", "you@example.org").code == 0
    assert mailer("test-send", "weekly", "--as", email(CHILE), "--to", "ana@example.org").code == 0
    assert got(relay) == {"you@example.org": {"peru", "chile", "all"}, "ana@example.org": {"chile", "all"}}
