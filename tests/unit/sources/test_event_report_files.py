"""The front matter of an event report: what it takes, and what it refuses with its line."""

import pytest

from mailer.domain.count import Count
from mailer.domain.partial_date import PartialDate
from mailer.errors import InputProblems
from mailer.sources.campaign_files import parse_campaign

GOOD = """\
---
kind: event_report
subject: A subject long enough
headline: The headline
event:
  name: Winter conference
  date: 2024
  attendance: nearly 300
  seminars: 22
sessions:
  - title: Opening plenary
    at: 09:30
    chair: Robin Sample
    speakers:
      - name: Ana Invented
        role: nurse
  - title: Lunch
thanks:
  - the volunteers
special_thanks:
  to: the union
---
The body.
"""


def parse(tmp_path, text=GOOD):
    return parse_campaign(text.encode(), slug="c", root=tmp_path).campaign


def refused(tmp_path, old, new):
    assert old in GOOD
    with pytest.raises(InputProblems) as caught:
        parse(tmp_path, GOOD.replace(old, new))
    return [str(problem) for problem in caught.value.problems]


def test_what_it_says_is_typed(tmp_path):
    report = parse(tmp_path)
    assert report.event.date == PartialDate(year=2024)
    assert report.event.attendance == Count(number=300, qualifier="nearly")
    assert report.event.seminars == Count(number=22)
    assert report.event.speakers is None
    opening, lunch = report.sessions
    assert (opening.at, opening.chair.name, opening.chair.role) == ("09:30", "Robin Sample", None)
    assert [speaker.name for speaker in opening.speakers] == ["Ana Invented"]
    assert (lunch.title, lunch.at, lunch.chair, lunch.speakers) == ("Lunch", None, None, ())
    assert report.deadline() is None


@pytest.mark.parametrize("date", ["2024-01-27", "2024-01", "'2024'", "2024"])
def test_a_date_is_as_precise_as_is_known(tmp_path, date):
    assert str(parse(tmp_path, GOOD.replace("date: 2024", f"date: {date}")).event.date) == date.strip("'")


def test_a_chair_may_have_what_a_speaker_has(tmp_path):
    chair = "chair:\n      name: Robin Sample\n      role: secretary"
    assert parse(tmp_path, GOOD.replace("chair: Robin Sample", chair)).sessions[0].chair.role == "secretary"


def test_there_need_be_no_sessions(tmp_path):
    start, end = GOOD.index("sessions:"), GOOD.index("thanks:")
    for without in ("", "sessions: []\n"):
        assert parse(tmp_path, GOOD[:start] + without + GOOD[end:]).sessions == ()


DATE = "(write 2024-01-27; if no more is known, 2024-01 or 2024)"
LOTS = (
    '"lots" is not a count (write 22, or nearly 300, or hundreds; before a figure: about, almost, around, at least, '
    "fewer than, just over, more than, nearly, over, under, up to)"
)
NOTHING = "there is nothing to report of 0 (correct the number, or leave the line out)"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("date: 2024", "date: 2024-02-30", f'7:3: "2024-02-30" is not a date {DATE}'),
        ("date: 2024", "date: 2024-13", f'7:3: "2024-13" is not a date {DATE}'),
        ("date: 2024", "date: 24", f'7:3: "24" is not a date {DATE}'),
        ("date: 2024", "date: '0204'", "7:3: the year 204 is none that a campaign can mean (correct it)"),
        ("date: 2024", "date: last winter", f'7:3: "last winter" is not a date {DATE}'),
        ("date: 2024", "date: [2024]", f"7:3: this is not a date {DATE}"),
        ("date: 2024", "date:", f"7:3: this is not a date {DATE}"),
        ("nearly 300", "lots", f"8:3: {LOTS}"),
        ("nearly 300", "0", f"8:3: {NOTHING}"),
        ("nearly 300", "nearly 0", f"8:3: {NOTHING}"),
        ("seminars: 22", "seminars: 0", f"9:3: {NOTHING}"),
        ("at: 09:30", "at: half past nine", '12:5: "half past nine" is not a time of day (write 09:30 or 14:00)'),
        ("at: 09:30", "at: 24:00", '12:5: "24:00" is not a time of day (write 09:30 or 14:00)'),
        ("  - title: Lunch", "  - chair: Ana", '17:5: "sessions.1.title" is missing (what it is called: Opening plenary)'),
        ("  - title: Lunch", "  - Lunch", '17:5: "sessions.1" has keys of its own (write them below it, indented: at, title, chair, speakers)'),
        ("      - name: Ana Invented", "      - nam: Ana", '15:9: unknown key "nam" (did you mean "name"?)'),
        ("chair: Robin Sample", "chair: 7", '13:5: "sessions.0.chair" has keys of its own (write them below it, indented: name, role, organisation, medium)'),
        ("chair: Robin Sample", "chair: ''", '13:5: "sessions.0.chair.name" is empty (fill it in, or leave the line out)'),
        ("  - the volunteers", "  - ''", '19:5: "thanks.0" is empty (fill it in, or leave the line out)'),
        ("Robin Sample", "'{{ subscriber.name }}'", '13:5: "{{" in a field that is no template (use it in subject, preheader or the body)'),
    ],
)  # fmt: skip
def test_what_is_refused_has_its_line(tmp_path, old, new, problem):
    assert f"campaigns/c.md:{problem}" in refused(tmp_path, old, new)
