"""The calendar file of an invitation: valid RFC 5545 whatever stands in it, and the same event that the mail is about."""

import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain.campaign_event_invite import Event
from mailer.domain.media import is_media_name
from mailer.rendering.calendar_file import Entry, calendar_file

LONDON = ZoneInfo("Europe/London")
ENTRY = Entry(
    identity="https://example.org/winter-meeting",
    stamp=datetime(2024, 11, 22, 9, 0, 0, 123456, tzinfo=UTC),
    zone=LONDON,
    note="Sign up: https://www.example.org/sign-up\nAccess: No steps.",
    url="https://mail.example.org/c/winter-meeting",
)


def event(**fields):
    base = {
        "name": "Winter meeting", "start": "2024-12-05 18:30", "end": "2024-12-05 20:30",
        "place": {"name": "Lamplight Hall", "address": "40 Example Street, London"},
    }  # fmt: skip
    return Event.model_validate(base | fields)


def parsed(content):
    """The one event in `content`, as any calendar reads it."""
    calendar = icalendar.Calendar.from_ical(content)
    assert [part.name for part in calendar.walk()] == ["VCALENDAR", "VEVENT"]
    (found,) = calendar.events
    return found


def lines_of(content):
    """The lines as they go over the wire; each is at most 75 octets and ends in CRLF (RFC 5545 §3.1)."""
    assert content.endswith(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()  # no character is broken over two lines
    return lines


def test_the_file_is_named_by_its_content_and_says_what_a_calendar_must_know():
    file = calendar_file(event(), ENTRY)
    assert is_media_name(file.name)
    assert file.content_type == "text/calendar"
    assert file.content.decode().splitlines() == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//mailer//campaign-mailer//EN", "BEGIN:VEVENT",
        "SUMMARY:Winter meeting", "DTSTART:20241205T183000Z", "DTEND:20241205T203000Z", "DTSTAMP:20241122T090000Z",
        "UID:ee5cca35-5796-5416-af47-a295ee373d96",
        r"DESCRIPTION:Sign up: https://www.example.org/sign-up\nAccess: No steps.",
        r"LOCATION:Lamplight Hall\, 40 Example Street\, London",
        "URL:https://mail.example.org/c/winter-meeting", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip


def test_it_asks_nobody_for_an_answer():
    content = calendar_file(event(), ENTRY).content
    for name in (b"METHOD", b"ATTENDEE", b"ORGANIZER", b"RSVP"):
        assert name not in content


@pytest.mark.parametrize(
    ("zone", "start", "end", "first", "last"),
    [
        ("Europe/London", "2024-12-05 18:30", "2024-12-05 20:30", "2024-12-05T18:30Z", "2024-12-05T20:30Z"),
        ("Europe/London", "2025-06-05 18:30", "2025-06-05 20:30", "2025-06-05T17:30Z", "2025-06-05T19:30Z"),
        # Through the night in which the clocks go forward, and the one in which they go back.
        ("Europe/London", "2025-03-29 22:00", "2025-03-30 08:00", "2025-03-29T22:00Z", "2025-03-30T07:00Z"),
        ("Europe/London", "2025-10-25 22:00", "2025-10-26 08:00", "2025-10-25T21:00Z", "2025-10-26T08:00Z"),
        ("America/Lima", "2024-12-05 18:30", "2024-12-05 20:30", "2024-12-05T23:30Z", "2024-12-06T01:30Z"),
        ("Asia/Kathmandu", "2024-12-05 00:15", "2024-12-05 01:15", "2024-12-04T18:30Z", "2024-12-04T19:30Z"),
        ("Europe/London", "2024-12-05 18:30-05:00", "2024-12-05 20:30-05:00", "2024-12-05T23:30Z", "2024-12-06T01:30Z"),
    ],
)
def test_times_are_the_moments_that_clocks_in_the_zone_mean(zone, start, end, first, last):
    found = parsed(calendar_file(event(start=start, end=end), replace(ENTRY, zone=ZoneInfo(zone))).content)
    assert found.start == datetime.fromisoformat(first)
    assert found.end == datetime.fromisoformat(last)


@pytest.mark.parametrize(
    ("start", "end", "after"),
    [("2024-12-07", None, date(2024, 12, 8)), ("2024-12-07", "2024-12-07", date(2024, 12, 8)),
     ("2024-12-30", "2025-01-01", date(2025, 1, 2))],
)  # fmt: skip
def test_whole_days_are_days_everywhere_and_end_with_the_last(start, end, after):
    content = calendar_file(event(start=start, end=end), replace(ENTRY, zone=ZoneInfo("America/Lima"))).content
    found = parsed(content)
    assert b"DTSTART;VALUE=DATE:" in content
    assert (found.start, found.end) == (date.fromisoformat(start), after)


def test_a_meeting_that_is_only_online_is_where_one_joins():
    online = {"url": "https://www.example.org/join?room=1,2;3"}
    found = parsed(calendar_file(event(place=None, online=online), ENTRY).content)
    assert str(found["LOCATION"]) == online["url"]


def test_the_same_event_keeps_its_identity_and_its_bytes_while_nothing_changes():
    first, again = calendar_file(event(), ENTRY), calendar_file(event(), ENTRY)
    assert first == again
    later = calendar_file(event(start="2024-12-05 19:00"), replace(ENTRY, stamp=datetime(2024, 11, 29, 9, tzinfo=UTC)))
    assert later.name != first.name
    assert parsed(later.content)["UID"] == parsed(first.content)["UID"]
    assert parsed(later.content)["DTSTAMP"].dt > parsed(first.content)["DTSTAMP"].dt


def test_other_campaigns_and_other_groups_have_other_events():
    uids = {
        parsed(calendar_file(event(), replace(ENTRY, identity=f"https://{host}/{slug}")).content)["UID"]
        for host in ("example.org", "example.net")
        for slug in ("winter-meeting", "summer-meeting")
    }
    assert len(uids) == 4


HOSTILE = [
    'Meeting; bring, soup: \\ and "bread"', "one\r\nEND:VEVENT\r\nBEGIN:VALARM", "one\nATTENDEE:mailto:x@example.org",
    "tab\tbell\x07nul\x00escape\x1b nel\x85 end", "two\u2028lines", "اجتماع الشتاء للشبكة", "ж" * 200, "👩🏽‍🌾" * 30,
    "x" * 300, "Donaudampfschifffahrtsgesellschaft" * 3, "half \ud83d of it",
]  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_are_words(words):
    shown = event().model_copy(update={"name": words, "place": event().place.model_copy(update={"name": words})})
    _is_sound(shown, words)


@given(words=st.text(min_size=1, max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_words_are_words(words):
    _is_sound(event().model_copy(update={"name": words}), words)


def _is_sound(shown, words):
    content = calendar_file(shown, replace(ENTRY, note=words)).content
    names = {line.split(b":")[0].split(b";")[0] for line in lines_of(content) if line[:1] != b" "}
    assert names <= {b"BEGIN", b"END", b"VERSION", b"PRODID", b"SUMMARY", b"DTSTART", b"DTEND", b"DTSTAMP", b"UID",
                     b"DESCRIPTION", b"LOCATION", b"URL", b""}  # fmt: skip
    found = parsed(content)
    assert found.start == datetime(2024, 12, 5, 18, 30, tzinfo=UTC)
    assert _seen(str(found["SUMMARY"])) == _seen(words)


def _seen(text):
    """What a reader sees: no control characters, which a calendar file may not hold, and no white space.

    icalendar takes a typed backslash with an N for a line end.
    """
    letters = (letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cs"))
    return "".join("".join(letters).replace("\\N", "").replace("\\n", "").split())
