"""What comes round again comes once at each of its local times, in every zone and both clock changes, and nowhere else."""

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain.recurrence import Rule, parse_cron, parse_every
from mailer.domain.rule_words import in_words
from mailer.domain.schedule import parse_when
from mailer.errors import UsageError

LONDON = ZoneInfo("Europe/London")
SUNDAY = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/London", "Europe/Dublin", "America/Sao_Paulo", "America/Lima", "America/St_Johns", "America/Santiago",
        "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "Antarctica/Troll", "Africa/Casablanca", "Africa/Cairo",
        "Asia/Kathmandu", "Asia/Tehran", "Asia/Gaza", "UTC",
    )
]  # fmt: skip


def changes(zone):
    """The UTC days from 2024 to 2035 in which clocks of the zone change."""
    days = [datetime(2024, 1, 1, tzinfo=UTC) + number * DAY for number in range(12 * 366)]
    return [one for one, later in pairwise(days) if offset(one, zone) != offset(later, zone)]


def offset(at, zone):
    return at.astimezone(zone).utcoffset()


CHANGES = [(zone, day) for zone in ZONES for day in changes(zone)]


def walked(begin, end, zone, comes):
    """An oracle that walks from minute to minute: (instant, local time) of each local time for which `comes`, in order.

    It looks at what a clock on the wall shows. A time that it never shows comes when it would have, had nobody touched it.
    Of two at one instant the earlier is named.
    """
    found, previous = {}, None
    seen = set()
    for number in range((end - begin) // MINUTE + 1):
        at = begin + number * MINUTE
        shown = at.astimezone(zone).replace(tzinfo=None, fold=0)
        untouched = previous + MINUTE if previous else shown
        for skipped in range(max(0, (shown - untouched) // MINUTE)):
            local = untouched + skipped * MINUTE
            if comes(local):
                found.setdefault(at + skipped * MINUTE, local)
        if comes(shown) and shown not in seen:
            found[at] = min(shown, found.get(at, shown))
        seen.add(shown)
        previous = shown
    return sorted((at, local) for at, local in found.items() if at <= end)


def come(rule, begin, end, zone):
    """The same by the rule."""
    within = takewhile(lambda one: one.at <= end, rule.following(begin - MINUTE, zone))
    return [(one.at, datetime.fromisoformat(one.key)) for one in within]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(CHANGES),
    st.sets(st.integers(0, 11).map(lambda number: number * 5), min_size=1, max_size=5),
    st.sets(st.integers(0, 23), min_size=1, max_size=6),
    st.integers(0, 1),
)
def test_around_every_clock_change_it_comes_when_a_clock_on_the_wall_says_so(change, minutes, hours, ahead):
    zone, day = change
    begin, end = day - ahead * DAY, day + 2 * DAY
    rule = parse_cron(f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *")
    expected = walked(begin - DAY / 4, end, zone, lambda local: local.hour in hours and local.minute in minutes)
    assert come(rule, begin, end, zone) == [one for one in expected if one[0] >= begin]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_each_date_of_twelve_years_has_one_daily_time_whatever_the_time_of_day(zone):
    """Every clock change of the zone, and over nine of them every quarter of an hour; in between the days are all alike."""
    for number, day in enumerate(changes(zone)):
        first = (day - DAY).astimezone(zone).date()
        for clock in range(15 * (number % 9), 24 * 60, 15 * 9):
            at = time(*divmod(clock, 60))
            begin = datetime.combine(first, at, tzinfo=zone).astimezone(UTC) - timedelta(minutes=1)
            found = list(islice(parse_every(f"daily {at:%H:%M}", anchor=SUNDAY).following(begin, zone), 4))
            keys = [f"{first + number * DAY}T{at:%H:%M}" for number in range(4)]
            assert [one.key for one in found] == keys
            for one in found:
                shown = one.at.astimezone(zone).replace(tzinfo=None, fold=0)
                assert shown.date() == date.fromisoformat(one.key[:10]), "never on another date"
                assert timedelta(0) <= shown - datetime.fromisoformat(one.key) <= timedelta(hours=2)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2024, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(
        ["daily 01:30", "daily 00:00 and 02:30", "fri 09:00", "monthly last 01:30", "monthly second sun 02:00",
         "every 2 weeks sun 02:15", "every 3 weeks sat, sun 01:45", "quarterly 31 00:30", "35m", "24h", "weekdays 23:59"]
    ),
)  # fmt: skip
def test_what_follows_is_later_each_time_and_the_same_from_wherever_one_looks(zone, begin, phrase):
    rule = parse_every(phrase, anchor=begin)
    found = list(islice(rule.following(begin, zone), 6))
    assert all(one.at < later.at and one.key < later.key for one, later in pairwise([*found]))
    assert begin < found[0].at
    for one, later in pairwise(found):
        between = one.at + (later.at - one.at) / 3
        assert rule.after(between, zone) == later, "nothing is skipped, and nothing comes between"


def test_the_days_on_which_clocks_change():
    daily = parse_every("daily 01:30", anchor=SUNDAY)
    autumn = islice(daily.following(datetime(2027, 10, 30, 12, tzinfo=UTC), LONDON), 2)
    assert [(one.key, f"{one.at:%d %H:%M}") for one in autumn] == [
        ("2027-10-31T01:30", "31 00:30"),  # the first of two
        ("2027-11-01T01:30", "01 01:30"),
    ]
    spring = islice(daily.following(datetime(2027, 3, 27, 12, tzinfo=UTC), LONDON), 2)
    assert [(one.key, f"{one.at:%d %H:%M}") for one in spring] == [
        ("2027-03-28T01:30", "28 01:30"),  # 02:30 on the clock: later by the gap
        ("2027-03-29T01:30", "29 00:30"),
    ]
    both = parse_every("daily 01:30 and 02:30", anchor=SUNDAY)
    on_that_day = takewhile(
        lambda one: one.key < "2027-03-29", both.following(datetime(2027, 3, 28, tzinfo=UTC), LONDON)
    )
    assert [one.key for one in on_that_day] == ["2027-03-28T01:30"], "two at one instant are one"


def test_a_time_that_a_gap_shifts_does_not_hide_one_that_comes_before_it():
    lines = parse_every("daily 01:50 and 02:10", anchor=SUNDAY)
    found = islice(lines.following(datetime(2027, 3, 28, tzinfo=UTC), LONDON), 2)
    assert [(one.key, f"{one.at:%H:%M}") for one in found] == [
        ("2027-03-28T02:10", "01:10"),
        ("2027-03-28T01:50", "01:50"),
    ]


def test_nor_does_it_within_one_crontab_line():
    half_an_hour = ZoneInfo("Australia/Lord_Howe")  # on that day clocks go from 02:00 to 02:30
    found = islice(parse_cron("25,50 2 * * *").following(datetime(2026, 10, 3, tzinfo=UTC), half_an_hour), 4)
    assert [one.key for one in found] == [
        "2026-10-04T02:50", "2026-10-04T02:25", "2026-10-05T02:25", "2026-10-05T02:50",
    ]  # fmt: skip


def test_elapsed_time_counts_from_its_anchor_whatever_clocks_do():
    anchor = datetime(2027, 10, 30, 22, 10, tzinfo=UTC)
    found = list(islice(parse_every("90m", anchor=anchor).following(anchor, LONDON), 30))
    assert {later.at - one.at for one, later in pairwise(found)} == {timedelta(minutes=90)}
    assert found[0].key == "2027-10-30T23:40:00Z"
    late = parse_every("90m", anchor=anchor).after(anchor + 400 * DAY, LONDON)
    assert (late.at - anchor) % timedelta(minutes=90) == timedelta(0)


# Crontab lines mean what crontab means by them.


@pytest.mark.parametrize(
    ("weekday", "days"),
    [("0", [6]), ("7", [6]), ("sun", [6]), ("1", [0]), ("MON", [0]), ("5", [4]), ("fri", [4]), ("1-5", [0, 1, 2, 3, 4]),
     ("sat,sun", [5, 6]), ("5-7", [4, 5, 6]), ("mon-wed", [0, 1, 2])],
)  # fmt: skip
def test_a_weekday_is_counted_from_sunday(weekday, days):
    found = islice(parse_cron(f"0 9 * * {weekday}").following(SUNDAY, LONDON), 20)
    assert sorted({one.at.weekday() for one in found}) == days


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("0 9 * * 5L", ["2026-11-27", "2026-12-25", "2027-01-29"]),
        ("0 9 * * 1#1", ["2026-12-07", "2027-01-04", "2027-02-01"]),
        ("0 9 * * tue#5", ["2026-12-29", "2027-03-30", "2027-06-29"]),
        ("0 9 L * *", ["2026-11-30", "2026-12-31", "2027-01-31"]),
        ("0 9 LW * *", ["2026-11-30", "2026-12-31", "2027-01-29"]),
        ("0 9 13 * fri", ["2026-11-27", "2026-12-04", "2026-12-11"]),  # either; not only Fridays the 13th
        ("0 9 29 2 *", ["2028-02-29", "2032-02-29", "2036-02-29"]),
        ("@weekly", ["2026-11-29", "2026-12-06", "2026-12-13"]),
        ("@monthly", ["2026-12-01", "2027-01-01", "2027-02-01"]),
        ("@yearly", ["2027-01-01", "2028-01-01", "2029-01-01"]),
    ],
)
def test_a_crontab_line(line, keys):
    assert [one.key[:10] for one in islice(parse_cron(line).following(SUNDAY, LONDON), 3)] == keys


# What people type.

FRIDAYS = ("every Friday at 09:00", "2026-11-27T09:00")
PHRASES = {
    "fri 09:00": FRIDAYS,
    "Fridays at 9am": FRIDAYS,
    "every friday 9:00": FRIDAYS,
    "weekly fri 09:00": FRIDAYS,
    "every week on friday at 09:00": FRIDAYS,
    "9am every Friday": FRIDAYS,
    "fr 9h": FRIDAYS,
    "mon, thu 18:30": ("every Monday and Thursday at 18:30", "2026-11-23T18:30"),
    "mon and thu 18h30": ("every Monday and Thursday at 18:30", "2026-11-23T18:30"),
    "weekdays 18:30": ("every Monday through Friday at 18:30", "2026-11-23T18:30"),
    "mon-fri 6.30pm": ("every Monday, Tuesday, Wednesday, Thursday, and Friday at 18:30", "2026-11-23T18:30"),
    "weekends noon": ("every Sunday and Saturday at 12:00", "2026-11-22T12:00"),
    "fri to mon 10:00": ("every Friday, Saturday, Sunday, and Monday at 10:00", "2026-11-22T10:00"),
    "daily 07:00": ("every day at 07:00", "2026-11-23T07:00"),
    "every day at 7:00 and 19:00": ("every day at 07:00 and 19:00", "2026-11-22T19:00"),
    "monthly 1 09:00": ("on the first day of every month at 09:00", "2026-12-01T09:00"),
    "1st and 15th of the month 9am": ("on the first and the 15th day of the month at 09:00", "2026-12-01T09:00"),
    "monthly on the 31st 09:00": ("on the 31st day of every month at 09:00", "2026-12-31T09:00"),
    "monthly last 09:00": ("on the last day of every month at 09:00", "2026-11-30T09:00"),
    "last day of the month 18:00": ("on the last day of every month at 18:00", "2026-11-30T18:00"),
    "monthly last fri 09:00": ("on the last Friday of the month at 09:00", "2026-11-27T09:00"),
    "first monday of the month 10:00": ("on the first Monday of the month at 10:00", "2026-12-07T10:00"),
    "every month on the second tuesday 19:00": ("on the second Tuesday of the month at 19:00", "2026-12-08T19:00"),
    "quarterly first mon 09:00": (
        "on the first Monday of the month in January, April, July, and October at 09:00",
        "2027-01-04T09:00",
    ),
    "yearly 1 may 09:00": ("on May 1 at 09:00", "2027-05-01T09:00"),
    "every year on may 1st 09:00": ("on May 1 at 09:00", "2027-05-01T09:00"),
    "every 2 weeks fri 09:00": ("every 2 weeks on Friday at 09:00", "2026-11-27T09:00"),
    "fortnightly fri 09:00": ("every 2 weeks on Friday at 09:00", "2026-11-27T09:00"),
    "every other friday 09:00": ("every 2 weeks on Friday at 09:00", "2026-11-27T09:00"),
    "every three weeks on mon 09:00": ("every 3 weeks on Monday at 09:00", "2026-11-23T09:00"),
    "30m": ("every 30 minutes", "2026-11-22T09:30:00Z"),
    "every 2 hours": ("every 2 hours", "2026-11-22T11:00:00Z"),
    "1h 30m": ("every 1 hour 30 minutes", "2026-11-22T10:30:00Z"),
    "every 2 weeks": ("every 2 weeks", "2026-12-06T09:00:00Z"),
}


@pytest.mark.parametrize(("phrase", "meaning"), PHRASES.items(), ids=list(PHRASES))
def test_a_phrase_is_understood_and_said_back(phrase, meaning):
    rule = parse_every(phrase, anchor=SUNDAY)
    assert (in_words(rule), rule.after(SUNDAY, LONDON).key) == meaning


def test_every_documented_phrase_means_what_the_page_says():
    page = (Path(__file__).parents[3] / "docs" / "schedules.md").read_text(encoding="utf-8")
    table = page.partition("| you write | it goes out |\n| --- | --- |\n")[2].partition("\n\n")[0]
    rows = re.findall(r"\| `(.+)` \| (.+) \|", table)
    assert len(rows) == len(table.splitlines()) > 15
    assert [(phrase, in_words(parse_every(phrase, anchor=SUNDAY))) for phrase, _ in rows] == rows


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "does not say when", 'Write "fri 09:00"'),
        ("soon", "does not say when", "every 2 weeks fri 09:00"),
        ("fri", '"fri" does not say at what time', 'Write "fri 09:00"'),
        ("first monday of the month", "does not say at what time", 'Write "first monday of the month 09:00"'),
        ("fry 09:00", "does not say when", "weekdays"),
        ("fri 25:00", "does not say when", "weekdays"),
        ("fri 9", "does not say when", "weekdays"),
        ("fri 13pm", "does not say when", "weekdays"),
        ("biweekly fri 09:00", "does not say when", "every 2 weeks fri 09:00"),
        ("every 99 weeks fri 09:00", "does not say when", "weekdays"),
        ("monthly 32 09:00", "does not say when", "weekdays"),
        ("fri midnight", "the beginning of a day to some", '"00:00"'),
        ("daily 12am", "the beginning of a day to some", '"noon"'),
        ("yearly 30 feb 09:00", "never comes", "None of its months has that day"),
        ("quarterly 31 09:00 2027", "does not say when", "weekdays"),
        ("2m", "comes too often", "5m"),
        ("10 seconds", "comes too often", "5m"),
        ("daily 07:00 and 07:02", "comes too often", "5m"),
        ("daily 00:00 and 23:58", "comes too often", "5m"),
        ("2 years", "does not say when", "weekdays"),
        ("99999999w", "too rare", "Once a year"),
        ("0 9 * * fri", "does not say when", "--cron"),
        ("fri ٠٩:٠٠", "does not say when", "weekdays"),
    ],
)  # fmt: skip
def test_what_is_no_phrase_is_answered_with_what_would_be(text, message, hint):
    with pytest.raises(UsageError) as caught:
        parse_every(text, anchor=SUNDAY)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("0 9 31 2 *", '"0 9 31 2 *" never comes', "None of its months has that day"),
        ("0 9 31 4,6,9,11 *", "never comes", "None of its months"),
        ("0 9 * *", "is no crontab line", "five fields"),
        ("0 0 9 * * *", "is no crontab line", "five fields"),
        ("@reboot", "is no crontab line", "five fields"),
        ("60 9 * * *", "its minute cannot be read", "The first field is the minute, 0-59"),
        ("0 24 * * *", "its hour cannot be read", "The second field"),
        ("0 9 32 * *", "its day-of-month cannot be read", "L for the last"),
        ("0 9 * 13 *", "its month cannot be read", "jan-dec"),
        ("0 9 * * fry", "its day-of-week cannot be read", "0 and 7 are Sunday"),
        ("0 9 * * 8", "its day-of-week cannot be read", "0 and 7 are Sunday"),
        ("* * * * *", "comes too often", "5m"),
        ("*/4 * * * *", "comes too often", "5m"),
        ("0,2 9 1 1 *", "comes too often", "5m"),
        ("1" * 5000 + " 9 * * *", "is no crontab line", "five fields"),
    ],
)
def test_an_impossible_crontab_line_is_refused_at_once(text, message, hint):
    with pytest.raises(UsageError) as caught:
        parse_cron(text)
    assert message in caught.value.message
    assert hint in caught.value.hint


PIECES = st.sampled_from(
    [
        "every", "each", "on", "the", "of", "month", "quarterly", "monthly", "yearly", "daily", "weekdays", "fri",
        "mon", "last", "first", "2nd", "second", "other", "weeks", "week", "2", "31", "0", "9", "*", "*/5", "5L",
        "1#1", "L", "LW", "fri-sun", ",", "and", "at", "09:00", "9am", "25:00", "18h30", "noon", "midnight", "30m",
        "2", "hours", "may", "feb", "30", "@daily", "-1", "#",
    ]
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(st.lists(PIECES, max_size=7).map(" ".join) | st.text(max_size=30))
def test_anything_else_is_refused_with_a_sentence_and_what_is_taken_comes_and_survives_being_stored(text):
    for read in (lambda: parse_every(text, anchor=SUNDAY), lambda: parse_cron(text)):
        try:
            rule = read()
        except UsageError as error:
            assert error.hint  # noqa: PT017
            continue
        again = Rule.from_json(rule.to_json())
        assert again == rule
        assert rule.means(again)
        assert in_words(rule)
        assert rule.after(SUNDAY, LONDON).at > SUNDAY
    try:
        parse_when(text, now=SUNDAY, zone="Europe/London")
    except UsageError as error:
        assert error.hint  # noqa: PT017


# Every so many weeks.


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2024, 1, 1), datetime(2034, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(2, 12),
    st.sampled_from(["mon", "wed", "sun"]),
    st.sampled_from(["00:00", "02:30", "23:45"]),
)
def test_every_so_many_weeks_begins_with_the_next_one_and_keeps_its_step(zone, armed, weeks, day, clock):
    rule = parse_every(f"every {weeks} weeks {day} {clock}", anchor=armed)
    weekly = parse_every(f"{day} {clock}", anchor=armed)
    found = list(islice(rule.following(armed, zone), 6))
    assert found[0] == weekly.after(armed, zone), "the first is the next there is"
    days = [date.fromisoformat(one.key[:10]) for one in found]
    assert {later - one for one, later in pairwise(days)} == {timedelta(weeks=weeks)}


def test_several_days_of_every_other_week_are_days_of_the_same_week():
    rule = parse_every("every 2 weeks mon, fri 09:00", anchor=datetime(2026, 11, 25, tzinfo=UTC))  # a Wednesday
    found = islice(rule.following(datetime(2026, 11, 25, tzinfo=UTC), LONDON), 4)
    assert [one.key[:10] for one in found] == ["2026-11-27", "2026-12-07", "2026-12-11", "2026-12-21"]


def test_what_is_said_in_other_words_means_the_same():
    fridays = parse_every("fri 09:00", anchor=SUNDAY)
    assert fridays.means(parse_cron("0 9 * * fri"))
    assert fridays.means(parse_every("every Friday at 9am", anchor=SUNDAY + DAY))
    assert not fridays.means(parse_cron("0 9 * * 4"))
    assert not fridays.means(parse_every("every 2 weeks fri 09:00", anchor=SUNDAY))
    assert not parse_every("30m", anchor=SUNDAY).means(parse_every("30m", anchor=SUNDAY + MINUTE))
