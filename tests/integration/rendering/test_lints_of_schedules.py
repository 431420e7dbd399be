"""What `check` finds in a proposal of when to go out."""

import pytest

from compiling import around, write
from mailer.rendering.check import check

BODY = "\nDear {{ subscriber.first_name | default('friend') }},\n" + "\nWe meet, and there will be soup. " * 9
PREHEADER = "preheader: And what becomes of it, told by those who will be there that day\n"


def found(root, schedule, *, more=""):
    file = write(root, BODY, more=f"{PREHEADER}{more}schedule: {{{schedule}}}\n")
    return [(one.rule, one.message) for one in check(file, around(root)).findings if one.rule.startswith("schedule")]


@pytest.mark.parametrize(
    "schedule",
    ["at: 2024-12-01 09:00", "every: fri 09:00, proof: {before: 16h}", "at: 2025-03-30 03:00, timezone: Europe/London"],
)
def test_a_time_like_any_other_is_nothing_to_speak_of(tmp_path, schedule):
    assert found(tmp_path, schedule) == []


def test_a_time_after_the_deadline_could_not_be_armed(tmp_path):
    ((rule, message),) = found(tmp_path, "at: 2024-12-02 09:00", more="send_by: 2024-12-01\n")
    assert (rule, message) == ("schedule-late", "it would go out after 1 December 2024 23:59, when it is stale")
    assert found(tmp_path, "at: 2024-12-01 09:00", more="send_by: 2024-12-01\n") == []


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2025-03-30 01:30", "no clock in Europe/London shows 01:30 on 30 March 2025: it would go out at 02:30"),
        (
            "2025-10-26 01:30",
            "clocks in Europe/London show 01:30 on 26 October 2025 twice: it would go out the first time",
        ),
    ],
)
def test_a_time_on_the_day_of_a_clock_change(tmp_path, at, words):
    assert found(tmp_path, f"at: {at}, timezone: Europe/London") == [("schedule-time", words)]
    assert found(tmp_path, f"at: {at}+00:00, timezone: Europe/London") == []
