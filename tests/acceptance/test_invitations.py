"""Invitations and letters through the command line: what is refused and where, and the calendar file from mail to reader."""

import re

import icalendar
import pytest
from starlette.testclient import TestClient

from mailer.app import App
from mailer.settings import load
from mailer.web.site import make_site
from sending_world import Commands

CLOCK = "2024-11-22T09:00:00Z"
INVITATION = """\
---
kind: event_invite
subject: Come to the winter meeting
preheader: Two hours in a warm hall, or at your own table, with soup
headline: Two hours to plan a year
timezone: {zone}
event:
  name: Winter meeting
  start: {start}
  end: {end}
  {where}
  access: [No steps between the street and your seat.]
  rsvp_url: https://www.example.org/winter-meeting
---

Dear {{{{ subscriber.first_name | default("friend") }}}},

Come and bring somebody who has never been there. There will be tea, there will be soup, and there will be four proposals
for the year to come, each with five minutes and as many questions as the room has; then everybody votes once, in the hall or at home, and what wins is what we work on until next winter.
"""
HALL = "place: {name: Lamplight Hall, address: 40 Example Street}"


def write(project, *, start="2024-12-05 18:30", end="2024-12-05 20:30", zone="Europe/London", where=HALL):
    path = project / "campaigns" / "winter.md"
    path.write_text(INVITATION.format(start=start, end=end, zone=zone, where=where), encoding="utf-8")


@pytest.fixture
def mailer(project, relay):
    return Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", MAILER_PROJECT__CLOCK=CLOCK)


def test_an_invitation_in_order_passes(mailer, project):
    write(project)
    done = mailer("check", "winter", "--strict")
    assert (done.code, done.out) == (0, "")


@pytest.mark.parametrize(
    ("fields", "line", "words"),
    [
        ({"end": "2024-12-05 17:30"}, 10, "the event ends before it begins"),
        ({"start": "2025-03-30 01:30", "end": "2025-03-30 04:00"}, 9, "there is no 01:30 on 30 March 2025 in Europe/London"),
        ({"zone": "Europe/Londres"}, 6, 'there is no time zone "Europe/Londres"'),
        ({"start": "2024-11-21 18:30", "end": "2024-11-21 20:30"}, 9, "the event was over on 21 November 2024"),
        ({"start": "2024-11-22 08:00", "end": "2024-11-22 20:30"}, 9, "the event has begun, and nobody would be mailed"),
        ({"where": "cost: Free"}, 7, 'neither "place" nor "online"'),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_check_and_by_send(mailer, project, people, relay, fields, line, words):
    write(project, **fields)
    checked, sent = mailer("check", "winter"), mailer("send", "winter", "--yes", "--expect", people)
    for done in (checked, sent):
        assert done.code == 3
        assert re.search(rf"campaigns/winter\.md:{line}(:\d+)?: ", done.out + done.err)
        assert words in done.out + done.err
    assert relay.accepted == []


def calendar_of(message):
    """The address of the calendar file in the text part of a sent message, decoded."""
    text = message.content.decode().partition("text/html")[0].replace("=\r\n", "").replace("=\n", "")
    (address,) = set(re.findall(r"http://127\.0\.0\.1:8000(/media/[0-9a-f]{32}\.ics)", text))
    return address


def test_what_was_mailed_stays_in_reach_when_the_event_moves(mailer, project, people, relay, database):
    write(project)
    assert mailer("send", "winter", "--yes", "--expect", people).code == 0
    first = calendar_of(relay.accepted[-1])
    write(project, start="2024-12-06 19:00", end="2024-12-06 21:00")
    assert mailer("send", "winter", "--again", "--yes", "--expect", people).code == 0
    second = calendar_of(relay.accepted[-1])
    assert len(relay.accepted) == 2 * people
    assert len({calendar_of(message) for message in relay.accepted}) == 2
    app = App(load(project, {"MAILER_SECRET_KEY": "a key for these tests"}))
    try:
        site = TestClient(make_site(app))
        answers = [site.get(address) for address in (first, second)]
    finally:
        app.database.dispose()
    assert {answer.headers["content-type"] for answer in answers} == {"text/calendar; charset=utf-8"}
    before, after = (icalendar.Calendar.from_ical(answer.content).events[0] for answer in answers)
    assert before["UID"] == after["UID"]
    assert f"{before.start:%d %H:%M}, {after.start:%d %H:%M}" == "05 18:30, 06 19:00"


def test_the_same_file_and_clock_make_the_same_message(mailer, project):
    write(project)
    assert mailer("render", "winter").out == mailer("render", "winter").out


def test_a_letter_needs_somebody_who_writes(mailer, project):
    path = project / "campaigns" / "note.md"
    path.write_text("---\nkind: letter\nsubject: A word from us\nheadline: A word\n---\n\nWords.\n", encoding="utf-8")
    done = mailer("check", "note")
    assert done.code == 3
    assert 'campaigns/note.md:1: error: "writer" is missing' in done.out
    assert "who writes, and signs" in done.out


@pytest.mark.parametrize("kind", ["letter", "event_invite"])
def test_a_new_one_is_whole_but_for_its_todos(mailer, project, kind):
    assert mailer("new", kind, "fresh").code == 0
    (one,) = mailer("check", "fresh", "--json").json["campaigns"]
    assert {finding["rule"] for finding in one["findings"]} == {"placeholder"}
    assert one["errors"] == (project / "campaigns" / "fresh.md").read_text(encoding="utf-8").count("TODO:")
    assert "TODO" in mailer("render", "fresh", "--format", "text").out
