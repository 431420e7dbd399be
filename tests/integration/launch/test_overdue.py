"""What is overdue, while a person or an issue that is still going out stands in between: nothing is lost from the records."""

from datetime import timedelta

from mailer.domain.mailing import MailingState
from mailer.launch import fire_due, skip_next
from mailer.storage import mailings
from schedule_world import DAY, all_mailings, arm_again, outcomes


def test_whoever_leaves_out_one_of_several_that_are_overdue_does_not_hide_the_others(desk):
    arm_again(desk)
    desk.clock.now += 3 * DAY
    assert skip_next(desk, "letter").key == "2026-11-23T09:00"
    fire_due(desk)
    assert outcomes(desk.database) == [
        ("2026-11-23T09:00", "skipped"),
        ("2026-11-24T09:00", "skipped"),
        ("2026-11-25T09:00", "sent"),
    ]


def test_under_all_what_is_too_late_waits_too_until_the_issue_before_has_ended(desk):
    arm_again(desk, catch_up="all")
    desk.clock.now += DAY
    (first,) = fire_due(desk)
    assert first.state is MailingState.SENDING
    desk.clock.now += DAY + timedelta(hours=8)
    assert fire_due(desk) == []
    assert [one.id for one in all_mailings(desk.database)] == [first.id], "a held one would hide that the first goes on"
    with desk.database.writing() as connection:
        mailings.move(connection, first.id, MailingState.CANCELLED, at=desk.clock())
    (second,) = fire_due(desk)
    assert second.state is MailingState.HELD
