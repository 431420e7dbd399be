"""Which occurrences are due: all of them, or the newest where there are too many to look at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain.armed import Kind, Schedule, State, Terms
from mailer.domain.audience import Audience
from mailer.domain.recurrence import parse_cron, parse_every
from mailer.launch import turn
from mailer.launch.turn import Turn

BEGAN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
RULES = [
    parse_every("daily 09:00", anchor=BEGAN),
    parse_every("fri 09:00", anchor=BEGAN),
    parse_every("90m", anchor=BEGAN),
    parse_cron("0,10,20 8 * * mon-fri"),
    parse_cron("0 9 1 * *"),
]


def schedule(rule):
    """One that is armed with that rule, and has not come yet."""
    bare = Schedule(
        id=1, slug="letter", kind=Kind.AGAIN, state=State.ARMED, rule=rule, terms=Terms(zone="Europe/London"),
        audience=Audience(list_name="news"), people=0, next=None, not_before=None, sources="", mailing_id=None,
        created_at=BEGAN,
    )  # fmt: skip
    return replace(bare, next=next(bare.following(BEGAN)))


@settings(max_examples=60)
@given(st.sampled_from(RULES), st.timedeltas(timedelta(0), timedelta(days=50)), st.integers(1, 60))
def test_what_is_due_is_listed_without_a_gap_up_to_now(rule, down, most):
    one = schedule(rule)
    now = one.next.at + down
    every = [one.next, *takewhile(lambda each: each.at <= now, one.following(one.next.at))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turn, "MOST", most)
        found, and_more = turn._due(one, now)
    assert found == every[len(every) - len(found) :]
    assert len(found) == len(every) or (and_more and len(found) >= most)


@pytest.mark.parametrize(
    ("number", "chosen", "and_more", "words"),
    [
        (0, True, False, ""),
        (1, True, False, "1 earlier one was missed"),
        (3, True, False, "3 earlier ones were missed"),
        (2, False, False, "2 occurrences were missed"),
        (150, True, True, "more than 150 earlier ones were missed"),
    ],
)
def test_what_was_missed_is_said(number, chosen, and_more, words):
    one = schedule(RULES[2])
    every = one.following(BEGAN)
    passed_over = tuple(next(every) for _ in range(number))
    made = Turn(
        schedule=one, now=BEGAN, chosen=next(every) if chosen else None, passed_over=passed_over, and_more=and_more
    )
    assert made.missed == words
