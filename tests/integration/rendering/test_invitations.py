"""Invitations and letters as mail: what readers see of when and where, whatever the event, and what is refused with its line."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
from lxml import html as lxml_html

from compiling import NOBODY, NOW, around, compiled, mail, problems, write
from mailer.errors import InputProblems
from mailer.rendering.compile import compile_campaign

BODY = "\nCome.\n"
WHERE = "  place: {name: The hall, address: '1 Example Street'}\n"


def front(start="2024-12-05 18:30", end="2024-12-05 20:30", where=WHERE, more=""):
    """`event:` is line 5 of the file, `name` 6, `start` 7, `end` 8."""
    ending = f"  end: {end}\n" if end else ""
    return f"event:\n  name: The meeting\n  start: {start}\n{ending}{where}{more}"


def invitation(root, *, now=NOW, **fields):
    file = write(root, BODY, kind="event_invite", more=front(**fields))
    return compile_campaign(file, around(root, now=now))


def said(made):
    """(words of the HTML, text part)."""
    seen = mail(made.edition, NOBODY)
    page = lxml_html.document_fromstring(seen.html).find("body")
    return " ".join(" ".join(page.itertext()).split()), seen.text


def calendar_of(made):
    (file,) = (file for file in made.media if file.content_type == "text/calendar")
    (event,) = icalendar.Calendar.from_ical(file.content).events
    return file, event


@pytest.mark.parametrize(
    ("start", "end", "zone", "words"),
    [
        ("2024-12-05 18:30", "2024-12-05 20:30", "", "Thursday 5 December 2024, 18:30–20:30 (London time)"),
        ("2025-06-05 18:30", "2025-06-05 20:30", "", "Thursday 5 June 2025, 18:30–20:30 (London time)"),
        ("2024-12-05T18:30", "2024-12-05T20:30", "America/Argentina/Buenos_Aires",
         "Thursday 5 December 2024, 18:30–20:30 (Buenos Aires time)"),
        ("2024-12-05 18:30", "2024-12-05 20:30", "UTC", "Thursday 5 December 2024, 18:30–20:30 (UTC)"),
        ("2024-12-05 18:30", "2024-12-05 20:30", "Etc/GMT+3", "Thursday 5 December 2024, 18:30–20:30 (UTC-03)"),
        # Lima's clocks, where the mail shows London's.
        ("2024-12-05 18:30-05:00", "2024-12-05 20:30-05:00", "",
         "Thursday 5 December 2024, 23:30 to Friday 6 December 2024, 01:30 (London time)"),
        # The night in which the clocks go forward, and the one in which they go back.
        ("2025-03-29 22:00", "2025-03-30 08:00", "",
         "Saturday 29 March 2025, 22:00 to Sunday 30 March 2025, 08:00 (London time)"),
        ("2025-10-25 22:00", "2025-10-26 08:00", "",
         "Saturday 25 October 2025, 22:00 to Sunday 26 October 2025, 08:00 (London time)"),
        ("2024-12-07", None, "", "Saturday 7 December 2024"),
        ("2024-12-07", "2024-12-08", "", "Saturday 7 December 2024 to Sunday 8 December 2024"),
    ],
)  # fmt: skip
def test_both_parts_say_when_it_is(tmp_path, start, end, zone, words):
    html, text = said(invitation(tmp_path, start=start, end=end, more=f"timezone: {zone}\n" if zone else ""))
    assert f"When {words} Where" in html
    assert f"WHEN\n{words}\n" in text


REFUSED = {
    "ends before it begins": (front(end="2024-12-05 17:30"), 8, "the event ends before it begins"),
    "ends when it begins": (front(end="2024-12-05 18:30"), 8, "the event ends when it begins"),
    "last day before the first": (front("2024-12-07", "2024-12-06"), 8, "the event ends before it begins"),
    "no end": (front(end=None), 5, "the event has no end"),
    "a day and a time": (front(end="2024-12-05"), 8, "one of start and end has a time"),
    "zone and none": (front("2024-12-05 18:30+00:00"), 8, "one of start and end has a zone"),
    "no such day": (front("2024-02-30 18:30"), 7, '"2024-02-30 18:30" is not a date or time'),
    "no such time": (front(end="2024-12-05 25:00"), 8, '"2024-12-05 25:00" is not a date or time'),
    "another millennium": (front("9999-12-30", "9999-12-31"), 7, "the year 9999 is none that a campaign can mean"),
    "nowhere": (front(where="  cost: Free\n"), 5, "an event is somewhere"),
    "unknown zone": (front(more="timezone: Europe/Londres\n"), 10, 'there is no time zone "Europe/Londres"'),
    "no web address": (front(more="  rsvp_url: example.org\n"), 10, '"example.org" is not a web address'),
    "no name": (front().replace("  name: The meeting\n", ""), 5, '"event.name" is missing'),
    "misspelt": (front(more="  acess: [No steps.]\n"), 10, 'unknown key "acess"'),
    "access in one line": (front(more="  access: No steps.\n"), 10, '"event.access" is a list'),
    "a part at no time": (front(more="sessions:\n  - {at: '25:00', title: One}\n"), 11, '"25:00" is not a time of day'),
    "a part without a title": (front(more="sessions:\n  - {at: '19:00'}\n"), 11, '"sessions.0.title" is missing'),
    "a template": (front(more="  cost: '{{ fund.raised }}'\n"), 10, "in a field that is no template"),
    "no event": ("", 1, '"event" is missing'),
}


@pytest.mark.parametrize(("more", "line", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_with_its_line(tmp_path, more, line, words):
    with pytest.raises(InputProblems) as caught:
        write(tmp_path, BODY, kind="event_invite", more=more)
    assert (line, True) in [(problem.line, words in problem.message) for problem in caught.value.problems]


def test_the_mail_links_a_calendar_file_and_the_edition_keeps_it(tmp_path):
    made = invitation(tmp_path, more="  rsvp_url: https://www.example.org/sign-up\n")
    file, event = calendar_of(made)
    seen = mail(made.edition)
    address = f"https://mail.example.org/media/{file.name}"
    assert file.name in made.edition.meta.media
    assert f'href="{address}"' in seen.html
    assert f"Add it to your calendar:\n{address}\n" in seen.text
    assert seen.html.count("Sign up") == 2
    assert (str(event["SUMMARY"]), str(event["LOCATION"])) == ("The meeting", "The hall, 1 Example Street")
    assert event.start == datetime(2024, 12, 5, 18, 30, tzinfo=UTC)
    assert str(event["URL"]) == "https://mail.example.org/c/c"
    assert str(event["DESCRIPTION"]) == "Sign up: https://www.example.org/sign-up"


def test_a_calendar_shows_how_to_take_part_and_what_to_expect(tmp_path):
    online = "  online: {url: 'https://www.example.org/join', note: With captions.}\n"
    _, event = calendar_of(invitation(tmp_path, where=online, more="  cost: Free\n  access: [No steps., A loop.]\n"))
    assert str(event["DESCRIPTION"]).splitlines() == [
        "Take part online: https://www.example.org/join", "With captions.", "Cost: Free", "Access: No steps.",
        "Access: A loop.",
    ]  # fmt: skip
    assert str(event["LOCATION"]) == "https://www.example.org/join"


def test_the_clock_changes_the_calendar_file_and_nothing_that_an_approval_is_bound_to(tmp_path):
    first, same = invitation(tmp_path), invitation(tmp_path)
    later = invitation(tmp_path, now=NOW + timedelta(days=1))
    assert calendar_of(first)[0] == calendar_of(same)[0]
    assert calendar_of(first)[0].name != calendar_of(later)[0].name
    assert calendar_of(first)[1]["UID"] == calendar_of(later)[1]["UID"]
    assert first.edition.sources == later.edition.sources
    moved = invitation(tmp_path, start="2024-12-05 19:00")
    assert moved.edition.sources != first.edition.sources
    assert calendar_of(moved)[1]["UID"] == calendar_of(first)[1]["UID"]


def test_nobody_is_mailed_once_it_has_begun(tmp_path):
    file = write(tmp_path, BODY, kind="event_invite", more=front(more="timezone: America/Lima\n"))
    assert file.campaign.send_until(ZoneInfo("America/Lima")) == datetime(2024, 12, 5, 23, 30, tzinfo=UTC)


def test_without_a_page_to_sign_up_the_button_is_the_calendar(tmp_path):
    made = invitation(tmp_path)
    seen = mail(made.edition)
    assert "Sign up" not in seen.html + seen.text
    page = lxml_html.document_fromstring(seen.html)
    (button,) = page.xpath("//*[contains(@class, 'action')]//a")
    assert button.get("href").endswith(calendar_of(made)[0].name)
    assert seen.html.count("Add it to your calendar") == 1


def test_a_programme_of_several_days_has_a_table_a_day(tmp_path):
    days = "sessions:\n  - {day: 2024-12-07, at: '10:00', title: One}\n  - {at: '11:00', title: Also}\n"
    days += "  - {day: 2024-12-08, at: '10:00', title: Two}\n"
    html, text = said(invitation(tmp_path, start="2024-12-07", end="2024-12-08", more=days))
    for part in (html, text):
        assert part.rindex("Saturday 7 December 2024") < part.index("One")
        assert part.index("One") < part.index("Also") < part.rindex("Sunday 8 December 2024") < part.index("Two")


def test_forty_people_who_speak_are_all_named(tmp_path):
    people = "".join(f"      - {{name: Speaker {number}, role: member}}\n" for number in range(40))
    html, text = said(
        invitation(tmp_path, more=f"sessions:\n  - at: '19:00'\n    title: All of them\n    speakers:\n{people}")
    )
    for number in range(40):
        assert f"Speaker {number} member" in html
        assert f"- Speaker {number}\n" in text


def test_its_template_may_be_named(tmp_path):
    assert invitation(tmp_path, more="template: event_invite\n").edition.meta.kind == "event_invite"


def test_a_calendar_file_belongs_to_an_invitation(tmp_path):
    (found,) = problems(tmp_path, "\n{{ calendar_url('x') }}\n")
    assert "there is no event to take into a calendar" in found
    (found,) = problems(tmp_path, "\n{{ when.first_day }}\n")
    assert "this campaign has no when" in found
    (found,) = problems(
        tmp_path, "\n{{ calendar_url(subscriber.email) }}\n", kind="event_invite", more=front(), slug="d"
    )
    assert "recipient data cannot stand in a calendar file" in found


LETTER = "writer: {name: Robin Sample, role: secretary}\n"


def letter(root, more=LETTER, **how):
    return said(
        compiled(
            root, "\nDear {{ subscriber.first_name | default('friend') }},\n\nWords.\n", kind="letter", more=more, **how
        )
    )


def test_a_letter_is_dated_signed_and_asks_for_one_thing(tmp_path):
    more = f"{LETTER}action: {{label: Renew, url: 'https://www.example.org/renew'}}\nps: 'Come, *all* of you.'\n"
    html, text = letter(tmp_path, more)
    for part in (html, text):
        places = [part.index(words) for words in ("22 November 2024", "The headline", "Dear friend", "Renew", "With best wishes,",
                                                  "Robin Sample", "secretary", "PS")]  # fmt: skip
        assert places == sorted(places)
    assert "Renew:\nhttps://www.example.org/renew\n" in text
    assert "Come, all of you." in " ".join(html.replace(" ,", ",").split())


def test_a_letter_is_written_on_the_day_that_its_zone_has(tmp_path):
    file = write(tmp_path, "\nWords.\n", kind="letter", more=LETTER + "timezone: Pacific/Auckland\n")
    late = around(tmp_path, now=datetime(2024, 11, 22, 13, tzinfo=UTC))
    assert "23 November 2024" in said(compile_campaign(file, late))[1]


def test_a_letter_that_came_out_before_keeps_its_day_and_its_own_farewell(tmp_path):
    _, text = letter(tmp_path, f"{LETTER}published: 2024-10-01\nsign_off: 'Yours,'\n")
    assert "1 October 2024" in text
    assert "\nYours,\nRobin Sample\nsecretary\n" in text
    assert "best wishes" not in text


@pytest.mark.parametrize(
    ("more", "line", "words"),
    [
        ("", 1, '"writer" is missing'),
        ("writer: {role: secretary}\n", 5, '"writer.name" is missing'),
        ("writer: Robin Sample\n", 5, '"writer" has keys of its own'),
        (LETTER + "action: {label: Renew}\n", 6, '"action.url" is missing'),
        (LETTER + "ps: '{{ subscriber.first_name }}'\n", 6, "in a field that is no template"),
    ],
)
def test_what_is_no_letter_is_refused_with_its_line(tmp_path, more, line, words):
    with pytest.raises(InputProblems) as caught:
        write(tmp_path, BODY, kind="letter", more=more)
    assert [(problem.line, words in problem.message) for problem in caught.value.problems] == [(line, True)]


def test_words_of_readers_in_a_ps_are_found_where_it_stands(tmp_path):
    (found,) = problems(tmp_path, BODY, kind="letter", more=LETTER + "ps: 'See [this](page).'\n")
    assert re.match(r"campaigns/c\.md:6: ", found)
