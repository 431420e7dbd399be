"""A digest by the commands: new, check, render, send, schedule."""

import signal

import pytest

from sending_world import DIGEST, write_letter
from waiting import until


@pytest.fixture
def weekly(project):
    path = project / "campaigns" / "weekly.md"
    path.write_text(DIGEST)
    return path


def test_a_new_digest_passes_check_but_for_its_todos(mailer):
    assert mailer("new", "digest", "monthly").code == 0
    found = mailer("check", "monthly", "--json").json["campaigns"][0]["findings"]
    assert {one["rule"] for one in found} == {"placeholder", "digest-empty"}
    assert {one["severity"] for one in found if one["rule"] == "digest-empty"} == {"warning"}


def test_without_a_database_it_shows_what_was_published_and_makes_none(mailer, project, weekly):
    write_letter(project, extra="published: 2024-11-20\ncanonical_url: https://www.example.org/letter\n")
    shown = mailer("render", "weekly", "--format", "text")
    assert shown.code == 0
    assert "Article · 20 November 2024\nWe meet on Friday\n" in shown.out
    assert "There is no database yet" in shown.err
    assert mailer("check", "weekly").code == 0
    assert not (project / "mailer.db").exists()


def test_an_empty_digest_is_a_warning_to_check_and_no_error_to_send(mailer, people, weekly):
    checked = mailer("check", "weekly", "--json")
    assert checked.code == 0
    (finding,) = checked.json["campaigns"][0]["findings"]
    assert (finding["rule"], finding["severity"], finding["line"]) == ("digest-empty", "warning", 6)
    sent = mailer("send", "weekly", "--yes", "--json")
    assert (sent.code, sent.json) == (0, {"mailing": None, "campaign": "weekly", "recipients": 0, "state": "empty"})
    told = mailer("send", "weekly", "--yes")
    assert (told.code, told.out) == (0, "")
    assert "Nothing to send: there is nothing new. Nothing was done." in told.err
    tried = mailer("send", "weekly", "--dry-run", "--json")
    assert (tried.code, tried.json["state"], tried.json["recipients"]) == (0, "empty", 0)
    assert mailer("status", "--json").json == {"mailings": []}


def test_from_a_mailed_letter_to_the_digest_and_never_again(mailer, people, relay, project, weekly):
    assert mailer("send", "letter", "--yes", "--expect", people).code == 0
    sent = mailer("send", "weekly", "--yes", "--expect", people, "--json")
    assert (sent.code, sent.json) == (0, {"mailing": 2, "campaign": "weekly", "recipients": 12, "state": "finished"})
    assert len(relay.accepted) == 24
    assert b"Subject: News: We meet on Friday" in relay.accepted[-1].content
    assert b"/c/letter" in relay.accepted[-1].content
    assert mailer("send", "weekly", "--yes", "--expect", people, "--json").json["state"] == "empty"
    assert "There is nothing new at the moment." in mailer("render", "weekly", "--format", "text").out
    write_letter(project, slug="second")
    assert mailer("send", "second", "--yes", "--expect", people, "--queue-only").code == 0
    again = mailer("send", "weekly", "--yes", "--expect", people, "--queue-only", "--json")
    assert (again.code, again.json["mailing"]) == (0, 4)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("kinds: [artikle]", 'campaigns/weekly.md:7: error: there is no kind "artikle"'),
        ("kinds: [digest]", "campaigns/weekly.md:7: error: a digest holds no digests"),
        ("min_items: 13\n  max_items: 12", "min_items (13) is above max_items (12)"),
        ("max_items: -1", 'campaigns/weekly.md:7: error: "-1" is not a number of items'),
        ("feeds: [x]", "campaigns/weekly.md:7: error: this is not the address of a feed"),
    ],
)
def test_what_it_cannot_collect_is_said_with_its_line(mailer, weekly, line, words):
    weekly.write_text(DIGEST.replace("max_items: 12", line))
    checked = mailer("check", "weekly")
    assert checked.code == 3
    assert words in checked.out


def test_what_it_leaves_out_is_a_warning_where_that_stands(mailer, project, weekly):
    write_letter(project, slug="lost", extra="published: 2024-11-20\n")
    write_letter(project, slug="embargo", extra="published: 2999-01-01\n")
    weekly.write_text(DIGEST.replace("max_items: 12", "topics: [peru]"))
    write_letter(project, slug="known", extra="topics: [perú]\n".replace("ú", "u"))
    checked = mailer("check", "weekly")
    assert checked.code == 0
    assert 'campaigns/weekly.md:7: warning: no campaign has the topic "peru"' not in checked.out
    weekly.write_text(DIGEST.replace("max_items: 12", "topics: [pru]"))
    assert 'no campaign has the topic "pru" [digest-topic]\n    did you mean "peru"?' in mailer("check", "weekly").out
    weekly.write_text(DIGEST)
    checked = mailer("check", "weekly")
    assert "campaigns/lost.md:7: warning: this is published, and weekly has no page to lead to" in checked.out
    assert "campaigns/embargo.md:7: warning: this comes out on 1 January 2999" in checked.out


def test_an_armed_digest_that_is_empty_says_so_when_its_time_has_come(mailer, people, weekly):
    armed = mailer("schedule", "add", "weekly", "--at", "in 1s", "--yes", "--expect", people, "--json")
    assert (armed.code, armed.json["state"]) == (0, "scheduled")
    scheduler = mailer.start("scheduler")
    try:
        until(lambda: mailer("status", "weekly", "--json").json["state"] != "scheduled")
    finally:
        scheduler.send_signal(signal.SIGTERM)
        ended = mailer.finish(scheduler)
    assert "weekly (1) is finished: there is nothing new." in ended.err
    status = mailer("status", "weekly", "--json").json
    assert (status["state"], status["total"]) == ("finished", 0)
