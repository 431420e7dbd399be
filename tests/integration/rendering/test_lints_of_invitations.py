"""What `check` finds in invitations."""

from datetime import UTC, datetime

import pytest

from compiling import around, write
from mailer.errors import Severity
from mailer.rendering.check import check

BODY = (
    "\nDear {{ subscriber.first_name | default('friend') }},\n"
    + "\nCome, and bring somebody who has never been there. " * 7
)
PREHEADER = "preheader: And what becomes of it, told by those who will be there that day\n"
#: Its first line is line 6 of the file, and `start` line 8.
EVENT = """\
event:
  name: The meeting
  start: {start}
  end: {end}
  place: {{name: The hall}}
  access: [No steps.]
"""


def invitation(start="2024-12-05 18:30", end="2024-12-05 20:30", more=""):
    return EVENT.format(start=start, end=end) + more


def found(root, more, *, now=None):
    file = write(root, BODY, kind="event_invite", more=PREHEADER + more)
    surroundings = around(root, now=now) if now else around(root)
    return check(file, surroundings).findings


def rules(findings):
    return [(finding.rule, finding.line) for finding in findings]


def test_an_invitation_in_order_has_no_findings(tmp_path):
    assert found(tmp_path, invitation()) == ()


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (datetime(2024, 12, 5, 18, 29, tzinfo=UTC), None),
        (datetime(2024, 12, 5, 18, 31, tzinfo=UTC), "the event has begun, and nobody would be mailed"),
        (datetime(2024, 12, 5, 20, 31, tzinfo=UTC), "the event was over on 5 December 2024"),
    ],
)
def test_nobody_is_invited_to_what_has_begun(tmp_path, now, words):
    findings = found(tmp_path, invitation(), now=now)
    assert rules(findings) == ([("event-past", 8)] if words else [])
    assert [finding.message for finding in findings] == ([words] if words else [])


def test_whole_days_are_over_when_the_last_of_them_is(tmp_path):
    weekend = invitation("2024-12-07", "2024-12-08", "send_by: 2024-12-08 12:00\n")
    assert found(tmp_path, weekend, now=datetime(2024, 12, 8, 9, tzinfo=UTC)) == ()
    assert ("event-past", 8) in rules(found(tmp_path, weekend, now=datetime(2024, 12, 9, 0, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("at", "is_late"), [("2024-12-05 18:00", False), ("2024-12-05 19:00", True), ("2024-12-06 09:00", True)]
)
def test_it_must_go_out_before_it_begins(tmp_path, at, is_late):
    findings = found(tmp_path, invitation(more=f"schedule:\n  at: {at}\n"))
    assert rules(findings) == ([("event-past", 13)] if is_late else [])
    assert found(tmp_path, invitation(more=f"send_by: 2024-12-07\nschedule:\n  at: {at}\n")) == ()


def test_the_campaigns_zone_says_when_it_begins(tmp_path):
    lima = invitation(more="timezone: America/Lima\n")
    assert found(tmp_path, lima, now=datetime(2024, 12, 5, 23, 0, tzinfo=UTC)) == ()


@pytest.mark.parametrize(
    ("start", "end", "severity", "words"),
    [
        ("2025-03-30 01:30", "2025-03-30 03:00", Severity.ERROR, "there is no 01:30 on 30 March 2025 in Europe/London"),
        ("2025-03-30 00:30", "2025-03-30 01:15", Severity.ERROR, "there is no 01:15 on 30 March 2025 in Europe/London"),
        ("2025-10-26 01:30", "2025-10-26 03:00", Severity.WARNING, "comes twice in Europe/London"),
    ],
)
def test_times_that_clocks_skip_or_show_twice(tmp_path, start, end, severity, words):
    (finding,) = found(tmp_path, invitation(start, end))
    assert (finding.rule, finding.severity) == ("event-time", severity)
    assert finding.line == (8 if "30 01:30" in start or "26" in start else 9)
    assert words in finding.message


def test_a_time_with_its_own_offset_is_never_in_doubt(tmp_path):
    assert found(tmp_path, invitation("2025-10-26 01:30+00:00", "2025-10-26 03:00+00:00")) == ()


def test_a_meeting_of_more_than_a_month(tmp_path):
    assert rules(found(tmp_path, invitation("2024-12-05 18:30", "2025-12-05 20:30"))) == [("event-length", 9)]


def test_notes_on_access_are_missed(tmp_path):
    (finding,) = found(tmp_path, invitation().replace("  access: [No steps.]\n", ""))
    assert (finding.rule, finding.line, finding.severity) == ("access-notes", 6, Severity.WARNING)


SESSIONS = "sessions:\n  - {{at: '{first}', title: One}}\n  - {{at: '{second}', title: Two}}\n"


@pytest.mark.parametrize(
    ("first", "second", "lines"),
    [
        ("18:30", "19:00", []),
        ("18:00", "20:30", []),  # doors, and the last word
        ("17:00", "19:00", [13]),
        ("19:00", "21:00", [14]),
        ("19:30", "19:00", [14]),
    ],
)
def test_a_programme_that_contradicts_the_event_or_itself(tmp_path, first, second, lines):
    findings = found(tmp_path, invitation(more=SESSIONS.format(first=first, second=second)))
    assert rules(findings) == [("programme-time", line) for line in lines]


def test_a_programme_that_goes_past_midnight_is_in_order(tmp_path):
    night = invitation("2024-12-05 20:00", "2024-12-06 02:00", SESSIONS.format(first="20:30", second="01:00"))
    assert found(tmp_path, night) == ()


def test_days_of_a_programme_are_days_of_the_event(tmp_path):
    days = "sessions:\n  - {day: 2024-12-07, title: One}\n  - {day: 2024-12-09, title: Two}\n"
    (finding,) = found(tmp_path, invitation("2024-12-07", "2024-12-08", days))
    assert (finding.rule, finding.line) == ("programme-time", 14)
    assert finding.message == "9 December 2024 is no day of the event"


def test_a_part_that_names_no_day_is_on_that_of_the_part_above(tmp_path):
    days = "sessions:\n  - {day: 2024-12-07, at: '15:00', title: One}\n  - {at: '16:00', title: Two}\n"
    days += "  - {day: 2024-12-08, at: '10:00', title: Three}\n  - {at: '09:00', title: Four}\n"
    assert rules(found(tmp_path, invitation("2024-12-07", "2024-12-08", days))) == [("programme-time", 16)]
