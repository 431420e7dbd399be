"""The blocks and parts of events: both forms say the same, and neither values nor numbers of people break them."""

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lxml import html as lxml_html
from PIL import Image

from compiling import ANA, compiled, mail, problems, write
from hostile import HOSTILE
from mailer.errors import InputProblems
from reading import structure, unsaid

PEOPLE = [
    {"name": "Ana Invented", "role": "Nurse", "organisation": "health union", "medium": "via video"},
    {"name": "Robin Sample", "organisation": "Printers’ Circle"},
    {"name": "Kim Nobody", "role": "Chronicler"},
]
SESSIONS = [
    {"title": "Opening plenary", "chair": {"name": "Sam Made-Up", "role": "Secretary"}, "speakers": PEOPLE},
    {"title": "Final plenary", "chair": "Lou Thought-Of", "speakers": PEOPLE[:1]},
]
PROGRAMME = [
    {"at": "10:00", "title": "Doors open"},
    {"at": "10:30", "title": "Opening plenary", "chair": "Sam Made-Up", "speakers": PEOPLE},
    {"title": "Lunch"},
]


def report(root, body="Words.\n", *, event=None, fields=ANA, **front):
    """The mail of an event report with these fields."""
    front["event"] = {"name": "Winter conference", "date": 2024} | (event or {})
    more = "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in front.items())
    return mail(compiled(root, body, kind="event_report", more=more).edition, fields)


def said(html):
    return " ".join(lxml_html.document_fromstring(html).text_content().split())


def in_order(text, *words):
    positions = [text.index(word) for word in words]
    return positions == sorted(positions)


def test_sessions_name_chair_and_speakers_in_both_parts(tmp_path):
    found = report(tmp_path, sessions=SESSIONS)
    assert unsaid(found.html, found.text) == []
    assert (
        "Opening plenary\nChair: Sam Made-Up, Secretary\n"
        "- Ana Invented\n  Nurse, health union (via video)\n- Robin Sample\n  Printers’ Circle\n- Kim Nobody\n  Chronicler\n"
        "\nFinal plenary\nChair: Lou Thought-Of\n- Ana Invented\n"
    ) in found.text
    assert in_order(
        said(found.html), "On the platform", "Opening plenary", "Chair: Sam Made-Up, Secretary", "Kim Nobody"
    )
    assert not lxml_html.document_fromstring(found.html).findall(".//th")


def test_times_make_a_table_whose_rows_begin_with_them(tmp_path):
    found = report(tmp_path, sessions=PROGRAMME)
    page = lxml_html.document_fromstring(found.html)
    assert [(th.text, th.get("scope")) for th in page.iter("th")] == [("10:00", "row"), ("10:30", "row"), (None, "row")]
    (table,) = [table for table in page.iter("table") if table.get("role") != "presentation"]
    assert len(table.findall(".//tr")) == 3
    assert unsaid(found.html, found.text) == []
    assert "10:00  Doors open\n\n10:30  Opening plenary\nChair: Sam Made-Up\n- Ana Invented\n" in found.text
    assert "\nLunch\n" in found.text


def test_a_campaign_can_bring_sessions_and_people_of_its_own(tmp_path):
    body = (
        '{{ timetable(title="Friday", sessions=[{"at": "18:30", "title": "Talk"}]) }}\n\n'
        '{{ speakers(title="With us", people=[{"name": subscriber.first_name, "role": "reader"}]) }}\n'
    )
    found = mail(compiled(tmp_path, body).edition)
    assert "Friday\n------\n\n18:30  Talk\n\nWith us\n-------\n\n- Ana\n  reader\n" in found.text
    assert unsaid(found.html, found.text) == []


def test_the_list_of_speakers_names_everybody_once(tmp_path):
    found = report(tmp_path, "{{ speakers() }}\n", sessions=SESSIONS)
    listed = found.text.partition("Speakers\n--------\n")[2].partition("* * *")[0]
    assert listed.count("Ana Invented") == 1
    assert in_order(listed, "Ana Invented", "Robin Sample", "Kim Nobody")


@pytest.mark.parametrize("block", ["timetable", "speakers"])
@pytest.mark.parametrize("kind", ["article", "event_report"])
def test_a_campaign_without_a_programme_cannot_show_it(tmp_path, block, kind):
    more = "event:\n  name: Conference\n  date: 2024\n" if kind == "event_report" else ""
    (found,) = problems(tmp_path, f"One.\n\n{{{{ {block}() }}}}\n", kind=kind, more=more)
    what = "speakers" if block == "speakers" else "sessions"
    line = 11 if more else 8
    assert found == (
        f'campaigns/c.md:{line}: "programme.{what}" is asked for, and this campaign has no programme '
        "(an event has one: write its parts under sessions:)"
    )


@pytest.mark.parametrize("sessions", [[], [{"title": "Rally"}], [{"title": "Rally", "speakers": []}]])
def test_nobody_need_be_named(tmp_path, sessions):
    found = report(tmp_path, sessions=sessions)
    assert ("Rally" in found.text) is ("Rally" in found.html) is bool(sessions)
    assert "Chair" not in found.text
    assert ("On the platform" in found.html) is bool(sessions)
    assert unsaid(found.html, found.text) == []


def test_forty_speakers_are_all_there_and_gmail_shows_them(tmp_path):
    people = [{"name": f"Speaker {n}", "role": "Delegate", "organisation": f"branch {n}"} for n in range(40)]
    found = report(tmp_path, sessions=[{"title": "Rally", "speakers": people}])
    assert in_order(found.text, *(f"- Speaker {n}\n  Delegate, branch {n}\n" for n in range(40)))
    assert in_order(found.html, *(f">Speaker {n}<" for n in range(40)))
    assert len(found.html.encode()) < 60_000


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"attendance": "nearly 300", "speakers": "more than 60", "seminars": 22}, ["nearly 300 people", "more than 60 speakers", "22 seminars"]),
        ({"attendance": 1, "speakers": 1, "seminars": 1}, ["1 person", "1 speaker", "1 seminar"]),
        ({"attendance": "hundreds of thousands", "seminars": "dozens"}, ["hundreds of thousands of people", "dozens of seminars"]),
        ({"attendance": 1234567, "seminars": 7, "seminars_called": "workshops"}, ["1,234,567 people", "7 workshops"]),
        ({}, []),
    ],
)  # fmt: skip
def test_the_facts_count_as_people_speak(tmp_path, event, words):
    found = report(tmp_path, event=event)
    assert [line.removeprefix("- ") for line in found.text.splitlines() if line.startswith("- ")] == words
    assert unsaid(found.html, found.text) == []


@pytest.mark.parametrize(
    ("date", "shown"), [("2024-01-27", "27 January 2024"), ("2024-01", "January 2024"), (2024, "2024")]
)
def test_the_date_says_what_is_known(tmp_path, date, shown):
    found = report(tmp_path, event={"date": date, "venue": "Old Printworks", "host": "the union"})
    assert f"Winter conference\n{shown} · Old Printworks\nHosted by the union\n" in found.text
    assert in_order(said(found.html), "Winter conference", f"{shown} · Old Printworks", "Hosted by the union")


@pytest.mark.parametrize(
    ("front", "words"),
    [
        ({"thanks": ["the cooks"]}, "To the cooks."),
        ({"thanks": ["the cooks", "the cleaners"]}, "To the cooks and the cleaners."),
        ({"thanks": ["a", "b", "c"], "special_thanks": {"to": "the union", "why": "It gave us its house."}},
         "To a, b and c. And above all to the union. It gave us its house."),
        ({"special_thanks": {"to": "the union"}}, "To the union."),
    ],
)  # fmt: skip
def test_thanks_are_a_sentence(tmp_path, front, words):
    found = report(tmp_path, **front)
    assert f"Thanks\n------\n\n{words}\n" in found.text
    assert in_order(said(found.html), "Thanks", words)


VIDEO = {"title": "The whole day", "url": "https://www.example.org/v"}


def test_a_recording_is_a_link_and_needs_no_picture(tmp_path):
    found = report(tmp_path, video=VIDEO | {"length": "48 minutes", "transcript_url": "https://www.example.org/t"})
    assert (
        "Watch: The whole day\n48 minutes\nhttps://www.example.org/v\n\nRead the transcript:\nhttps://www.example.org/t\n"
    ) in found.text
    page = lxml_html.document_fromstring(found.html)
    assert [a.text for a in page.iter("a") if a.get("href") == "https://www.example.org/v"] == ["Watch: The whole day"]
    assert not list(page.iter("img", "video", "iframe", "object", "embed"))
    (mark,) = [td for td in page.iter("td") if td.get("aria-hidden")]
    assert mark.text == "►"


def test_the_picture_of_a_recording_leads_to_it(tmp_path):
    (tmp_path / "campaigns").mkdir()
    Image.new("RGB", (40, 40), "red").save(tmp_path / "campaigns" / "p.png")
    picture = {"src": "p.png", "alt": "A full hall", "credit": "Robin Sample"}
    found = report(tmp_path, video=VIDEO | picture)
    page = lxml_html.document_fromstring(found.html)
    (image,) = page.iter("img")
    assert (image.get("alt"), image.getparent().get("href")) == ("A full hall", "https://www.example.org/v")
    assert "[A full hall]" in found.text
    assert "Picture: Robin Sample" in found.text
    assert unsaid(found.html, found.text) == []


def test_a_picture_without_words_has_those_of_its_link(tmp_path):
    (tmp_path / "campaigns").mkdir()
    Image.new("RGB", (40, 40), "red").save(tmp_path / "campaigns" / "p.png")
    page = lxml_html.document_fromstring(report(tmp_path, video=VIDEO | {"src": "p.png"}).html)
    assert [image.get("alt") for image in page.iter("img")] == ["The whole day"]


def everywhere(values):
    """A report that says each of `values` in every place that takes words."""
    people = [dict.fromkeys(["name", "role", "organisation", "medium"], value) for value in values]
    every = " ".join(values)
    return {
        "event": {"name": every, "venue": every, "host": every, "seminars": 3, "seminars_called": every},
        "sessions": [
            {"title": value, "chair": one, "speakers": people} for value, one in zip(values, people, strict=True)
        ],
        "video": VIDEO | {"title": every, "length": every},
        "thanks": values,
        "special_thanks": {"to": every, "why": every},
    }


def can_be_written(root, value):
    try:
        write(root, "Words.\n", more=f"byline: {json.dumps(value, ensure_ascii=False)}\n")
    except (InputProblems, UnicodeEncodeError):
        return False
    return True


def test_no_value_changes_more_than_words(tmp_path):
    # A blank is no word, and shows as little as what would stand around it.
    values = [value[:400] for name, value in HOSTILE.items() if name != "blanks" and can_be_written(tmp_path, value)]
    assert len(values) > 15
    found = report(tmp_path, **everywhere(values))
    assert structure(found.html) == structure(report(tmp_path, **everywhere(["words"] * len(values))).html)


VISIBLE = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="{}%#"), min_size=1, max_size=30)


@hypothesis_settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(VISIBLE, min_size=10, max_size=20, unique=True))
def test_any_words_stand_in_both_parts_as_they_are(tmp_path, values):
    sessions = [{"title": value, "speakers": [{"name": value}]} for value in values]
    found = report(tmp_path, sessions=sessions)
    assert in_order(found.text, *(f"\n{value}\n- {value}\n" for value in values))
    page = lxml_html.document_fromstring(found.html)
    assert [title.text for title in page.iter("h3")] == values
    assert [name.text for name in page.findall(".//span[@class='person-name tone-ink']")] == values


@pytest.fixture(scope="module")
def called_by_name(tmp_path_factory):
    body = '{{ speakers(people=[{"name": subscriber.first_name, "role": subscriber.last_name}]) }}\n'
    return compiled(tmp_path_factory.mktemp("project"), body).edition


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_nobody_changes_a_block_by_what_they_are_called(called_by_name, value):
    found = mail(called_by_name, ANA | {"first_name": value, "last_name": value})
    assert structure(found.html) == structure(mail(called_by_name).html)


def test_from_right_to_left_the_columns_turn_round(tmp_path):
    found = report(tmp_path, language="ar", sessions=[{"title": "الجلسة الافتتاحية", "speakers": PEOPLE}])
    assert "direction:ltr" not in found.html
    assert "padding:0px 0px 0px 20px" in found.html
    assert "الجلسة الافتتاحية" in found.text
