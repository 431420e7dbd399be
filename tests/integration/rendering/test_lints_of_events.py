"""The rules about events find what is said in two ways, and leave alone what only looks like it."""

import pytest
from PIL import Image

from compiling import around, write
from mailer.rendering.check import check

FILL = "\nThey met in the hall of the old printworks and talked about what had come of the year. " * 4
PREHEADER = "preheader: And what became of it, told by those who were there that day\n"
EVENT = """\
event:
  name: Winter conference
  date: 2024-01-27
  attendance: nearly 300
  speakers: more than 60
  seminars: 22
sessions:
  - title: Opening plenary
    chair: Robin Sample
    speakers:
      - name: Her Excellency Maria Cecilia Sample
        role: Ambassador
      - name: Ana Invented
        organisation: nurses’ union
"""
#: The first line of the body.
BODY = 21


def found(root, body, *, change=("", ""), more=""):
    event = EVENT.replace(*change)
    assert (event != EVENT) == (change != ("", ""))
    file = write(root, f"{body}\n{FILL}", kind="event_report", more=event + PREHEADER + more)
    return [(finding.rule, finding.line, finding.message) for finding in check(file, around(root)).findings]


def rules(findings):
    return [(rule, line) for rule, line, _ in findings]


def test_a_report_in_order_has_no_findings(tmp_path):
    assert found(tmp_path, "Nearly 300 people came to hear more than 60 speakers in 22 seminars.\n") == []


@pytest.mark.parametrize(
    "words",
    [
        "More than 300 people came.",
        "300 trade unionists and activists from everywhere gathered.",
        "Over the day 59 speakers\nwere heard.",
        "There were nearly 22 seminars.",
        "Some 1,300 attended.",
    ],
)
def test_a_count_that_contradicts_its_field(tmp_path, words):
    assert rules(found(tmp_path, f"Before.\n\n{words}\n")) == [("event-counts", BODY + 2)]


@pytest.mark.parametrize(
    "words",
    [
        "Of them, 40 million people have come out of poverty.",
        "In 2024 people came from everywhere.",
        "After 3 hours people were there.",
        "{{ campaign.event.attendance | string | capitalize }} people came, {{ campaign.event.speakers }} speakers too.",
        "More than 60 speakers took part in 22 seminars.",
        "A few came by boat.",
    ],
)
def test_other_numbers_are_left_alone(tmp_path, words):
    assert found(tmp_path, words + "\n") == []


def test_a_vague_count_contradicts_nothing(tmp_path):
    assert found(tmp_path, "Some 340 people came.\n", change=("nearly 300", "hundreds")) == []


def test_more_are_named_than_are_said_to_have_spoken(tmp_path):
    assert rules(found(tmp_path, "Words.\n", change=("more than 60", "1"))) == [("event-counts", 9)]
    assert found(tmp_path, "Words.\n", change=("more than 60", "more than 1")) == []


@pytest.mark.parametrize(("date", "is_future"), [
    ("2024-11-23", True), ("2024-12", True), ("2025", True),
    ("2024-11-22", False), ("2024-11", False), ("2024", False),
])  # fmt: skip
def test_a_report_of_what_has_not_been(tmp_path, date, is_future):
    findings = rules(found(tmp_path, "Words.\n", change=("2024-01-27", date)))
    assert findings == ([("event-future", 7)] if is_future else [])


def test_a_speaker_who_might_be_anybody(tmp_path):
    findings = found(tmp_path, "Words.\n", change=("        organisation: nurses’ union\n", ""))
    assert findings == [("speaker-role", 17, "Ana Invented has neither a role nor an organisation")]


@pytest.mark.parametrize(
    "words",
    [
        "Then Maria Ceclia Sample spoke.",
        "Then Maria Cecilia\nSampel spoke.",
        "It was Ana Invanted’s turn.",
        "Robin Samples chaired.",
        '{% call quote(by="Ana Invente") %}\nWords.\n{% endcall %}',
    ],
)
def test_a_name_spelt_in_two_ways(tmp_path, words):
    assert rules(found(tmp_path, f"Before.\n\n{words}\n")) == [("speaker-name", BODY + 2)]


@pytest.mark.parametrize(
    "words",
    [
        "Then Her Excellency Maria Cecilia Sample spoke, and Ana Invented’s friends.",
        "Maria Sample spoke.",
        "Robin Simpson was there.",
        "Ana’s invented story.",
    ],
)
def test_names_of_others_are_left_alone(tmp_path, words):
    assert found(tmp_path, words + "\n") == []


def test_the_picture_of_a_recording_has_a_maker(tmp_path):
    (tmp_path / "campaigns").mkdir()
    Image.new("RGB", (40, 40), "red").save(tmp_path / "campaigns" / "p.png")
    video = "video:\n  title: The whole day\n  url: https://www.example.org/v\n  src: p.png\n"
    assert [rule for rule, _ in rules(found(tmp_path, "Words.\n", more=video))] == ["credit"]
    assert found(tmp_path, "Words.\n", more=video + "  credit: Robin Sample\n") == []
