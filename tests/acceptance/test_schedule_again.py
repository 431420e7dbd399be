"""`mailer schedule` for what comes round: armed, shown, left out, paused, sent now, removed; and every refusal by its sentence."""

import re
from datetime import date, timedelta

from sending_world import write_letter
from terminal import Terminal

YES = ("--yes", "--expect", "12")
FRIDAYS = ("schedule", "add", "letter", "--every", "fridays at 9am")


def day(document):
    return date.fromisoformat(document["local"][:10])


def test_from_a_phrase_to_its_times_and_away_again(mailer, people):
    armed = mailer(*FRIDAYS, *YES, "--json")
    assert armed.code == 0
    document = armed.json
    first = day(document["next"][0])
    assert {name: document[name] for name in ("schedule", "mailing", "campaign", "recipients", "state")} == {
        "schedule": 1, "mailing": None, "campaign": "letter", "recipients": 12, "state": "armed",
    }  # fmt: skip
    assert (document["rule"], document["timezone"]) == ("every Friday at 09:00", "Europe/London")
    assert [day(one) - first for one in document["next"]] == [timedelta(weeks=number) for number in range(5)]
    assert first.strftime("%A") == "Friday"
    assert "No scheduler is running" in armed.err
    assert "mailer scheduler" in armed.err

    following = mailer("schedule", "next", "letter", "-n", "3", "--json").json
    assert following == document["next"][:3]
    assert [set(one) for one in following] == [{"local", "utc", "key"}] * 3
    assert following[0]["key"] == following[0]["local"] == f"{first}T09:00"
    (listed,) = mailer("schedule", "list", "--json").json["schedules"]
    assert (listed["kind"], listed["state"], listed["local"]) == ("again", "armed", f"{first}T09:00")
    assert (listed["people"], listed["differs"], listed["catch_up"]) == (12, [], "latest")

    skipped = mailer("schedule", "skip", "letter", "--json").json
    assert (skipped["skipped"], skipped["next"]) == (following[0], following[1])
    again = mailer("schedule", "skip", "letter")
    assert f"{day(following[1]):%a} {day(following[1]).day} " in again.err
    assert "is left out" in again.err
    assert "Then comes" in again.err
    back = mailer("schedule", "skip", "letter", "--undo", "--json").json
    assert (back["restored"], back["next"]) == (following[1], following[1])
    (was,) = mailer("schedule", "history", "letter", "--json").json["occurrences"]
    assert (was["key"], was["outcome"], was["reason"], was["mailing"]) == (
        following[0]["key"],
        "skipped",
        "by hand",
        None,
    )

    removed = mailer("schedule", "remove", "letter", "--json")
    assert (removed.code, removed.json) == (
        0,
        {"schedule": 1, "mailing": None, "campaign": "letter", "state": "removed"},
    )
    assert mailer("schedule", "list", "--json").json == {"schedules": []}
    assert mailer("schedule", "next", "--json").json == []
    assert "skipped: by hand" in mailer("schedule", "history", "letter").out


def test_what_is_paused_says_so_everywhere_and_goes_on(mailer, people, project):
    write_letter(project, slug="other")
    assert mailer(*FRIDAYS, *YES).code == 0
    assert mailer("schedule", "add", "other", "--cron", "0 9 * * mon", *YES).code == 0
    both = mailer("schedule", "next", "-n", "2", "--json").json
    assert sorted(one["campaign"] for one in both) == ["letter", "other"]
    paused = mailer("schedule", "pause", "letter", "--json")
    assert (paused.code, paused.json["state"]) == (0, "paused")
    assert "PAUSED" in mailer("schedule", "list").out
    every = mailer("schedule", "next", "--json")
    assert {one["campaign"] for one in every.json} == {"other"}
    assert "letter is paused" in every.err
    assert "letter is paused" in mailer("schedule", "next", "letter").err
    resumed = mailer("schedule", "resume", "letter", "--json")
    assert (resumed.code, resumed.json["state"]) == (0, "armed")


def test_an_extra_issue_now_beside_the_regular_ones(mailer, people, relay, project):
    write_letter(project, extra="schedule: {every: fri 09:00}\n")
    armed = mailer("schedule", "add", "letter", *YES, "--json")
    assert (armed.code, armed.json["rule"]) == (0, "every Friday at 09:00"), "as the file proposes"
    assert mailer("schedule", "run-now", "letter").code == 4
    refused = mailer("schedule", "run-now", "letter", "--yes", "--expect", "99", "--json")
    assert (refused.code, "99 were expected" in refused.error["message"]) == (4, True)
    sent = mailer("schedule", "run-now", "letter", *YES, "--json")
    assert (sent.code, sent.json) == (0, {"mailing": 1, "campaign": "letter", "recipients": 12, "state": "finished"})
    assert len(relay.accepted) == 12
    (was,) = mailer("schedule", "history", "letter", "--json").json["occurrences"]
    assert (was["key"][:4], was["outcome"], was["mailing"]) == ("now ", "sent", 1)
    stands = mailer("status", "letter", "--json").json
    assert (stands["state"], stands["next_issue"], stands["file_differs"]) == ("finished", armed.json["next"][0], False)
    write_letter(project, extra="schedule: {every: mon 09:00}\n")
    told = mailer("status", "letter")
    assert "the next issue comes Fri " in told.out
    assert "differs from what is armed: it proposes another schedule" in told.err
    (listed,) = mailer("schedule", "list", "--json").json["schedules"]
    assert (listed["file_differs"], listed["differs"]) == (True, ["content", "schedule"])


def test_times_on_both_sides_of_a_clock_change_are_in_utc_too(mailer, people):
    armed = mailer("schedule", "add", "letter", "--every", "quarterly 1 09:00", *YES)
    assert armed.code == 0
    lines = [line for line in armed.out.splitlines() if "Europe/London" in line]
    assert len(lines) == 5
    assert {re.search(r"\((\d\d:\d\d) UTC\)", line)[1] for line in lines} == {"08:00", "09:00"}


def test_a_person_types_how_many_once_for_all_its_times(mailer, people):
    with Terminal(mailer, *FRIDAYS) as terminal:
        terminal.answer("Type how many they are now", "y")
        assert terminal.code == 4
        assert "nothing was done" in terminal.seen
        assert "every Friday at 09:00" in terminal.seen
    with Terminal(mailer, *FRIDAYS) as terminal:
        terminal.answer("each time. Type how many they are now", "12")
        assert terminal.code == 0


def test_what_cannot_be_is_refused_with_a_sentence_that_helps(mailer, people, project):
    add = ("schedule", "add", "letter")
    for arguments, code, message, hint in (
        ((*add, "--every", "fri 09:00"), 4, "nobody to confirm it", "--yes --expect 12"),
        (add, 2, "does not say when", "--every"),
        ((*add, "--at", "fri 09:00", "--every", "fri 09:00"), 2, "at and every are different times", "Keep one"),
        ((*add, "--every", "yearly 30 feb 09:00"), 2, "never comes", "None of its months"),
        ((*add, "--cron", "0 9 31 2 *"), 2, "never comes", "None of its months"),
        ((*add, "--cron", "* * * * *"), 2, "comes too often", "5m"),
        ((*add, "--every", "friday"), 2, "does not say at what time", "friday 09:00"),
        ((*add, "--every", "fri 09:00", "--timezone", "Europe/Lndon"), 2, "no time zone", "Did you mean Europe/London"),
        ((*add, "--every", "fri 09:00", "--until", "2020-01-01"), 2, "after 2020-01-01", "later"),
        ((*add, "--every", "fri 22:00", "--window", "08:00-20:00"), 2, "never comes within", "Change one"),
        ((*add, "--every", "fri 09:00", "--rest"), 2, "comes round again", "Leave it out"),
        ((*add, "--every", "fri 09:00", "--proof", "8d"), 2, "before the issue before it has gone out", "1 week"),
        (("schedule", "add", "lettr", "--every", "fri 09:00"), 1, 'no campaign "lettr"', 'Did you mean "letter"'),
    ):
        run = mailer(*arguments, "--json")
        assert (run.code, run.out) == (code, ""), run.err
        assert message in run.error["message"]
        assert hint in run.error["hint"]
    write_letter(project, extra="schedule: {cron: 0 9 31 2 *}\n")
    broken = mailer(*add, "--every", "fri 09:00", *YES)
    assert broken.code == 3
    assert 'campaigns/letter.md:7:12: "0 9 31 2 *" never comes' in broken.err
    assert mailer("schedule", "list", "--json").json == {"schedules": []}


def test_what_is_not_scheduled_is_answered_with_where_to_look(mailer, people):
    assert mailer(*FRIDAYS, *YES).code == 0
    second = mailer("schedule", "add", "letter", "--every", "mon 09:00", *YES)
    assert (second.code, "comes round by a schedule already" in second.err) == (4, True)
    for command in ("next", "skip", "pause", "resume", "remove", "run-now", "history"):
        run = mailer("schedule", command, "nobody", "--json")
        assert (run.code, run.out) == (1, "")
        assert "schedule list" in run.error["hint"]
    for which, words in (("7", "Mailing 7 is not scheduled"), ("9" * 30, "is not scheduled")):
        run = mailer("schedule", "remove", which)
        assert (run.code, words in run.err) == (1, True)
    undo = mailer("schedule", "skip", "letter", "--undo")
    assert (undo.code, "was left out" in undo.err) == (1, True)
    last = (date.today() + timedelta(days=8)).isoformat()  # noqa: DTZ011
    assert mailer("schedule", "remove", "letter").code == 0
    assert mailer(*FRIDAYS, "--until", last, *YES).code == 0
    ended = [mailer("schedule", "skip", "letter") for _ in range(2)]
    assert ended[-1].code == 4
    assert "the last time" in ended[-1].err


def test_once_is_armed_paused_and_removed_by_either_name(mailer, people):
    assert mailer("send", "letter", "--at", "tomorrow noon", *YES).code == 0
    (one,) = mailer("schedule", "next", "letter", "--json").json
    assert one["key"] == "once"
    skipped = mailer("schedule", "skip", "letter")
    assert (skipped.code, "goes out once only" in skipped.err) == (4, True)
    assert mailer("schedule", "pause", "1").code == 0
    assert "its schedule is paused; mailer schedule resume letter" in mailer("status", "letter").out
    assert mailer("schedule", "resume", "letter").code == 0
    assert mailer("schedule", "remove", "1", "--json").json["state"] == "cancelled"
