"""What a person does to a schedule that its clock would not: send now, leave out, pause."""

from datetime import UTC, datetime

import pytest

from mailer.domain.armed import State
from mailer.errors import Refused, UnknownName
from mailer.launch import NothingToSend, Order, fire_due, launch, run_now, skip_next
from mailer.storage import schedules, subscriptions
from schedule_world import DAY, FIRST, HOUR, SECOND, SENDING, THIRD, arm_again, as_it_is, finish, fire, outcomes


def test_without_anything_held_an_issue_goes_out_beside_the_regular_ones(desk):
    one = arm_again(desk)
    extra = run_now(desk, "letter")
    assert (extra.number, extra.state, extra.total) == (1, SENDING, 3)
    assert outcomes(desk.database) == [("now 2026-11-22T09:00:00", "sent")]
    with pytest.raises(Refused, match="is still sending"):
        run_now(desk, "letter")
    finish(desk, extra)
    assert as_it_is(desk.database, one).next.key == FIRST
    assert fire(desk, DAY).number == 2


def test_one_that_waits_for_its_hours_can_be_let_go_now(desk):
    one = arm_again(desk, every="daily 05:00")
    desk.clock.now = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
    assert fire_due(desk) == []
    assert run_now(desk, "letter").state is SENDING
    assert outcomes(desk.database) == [("2026-11-23T05:00", "sent")]
    assert as_it_is(desk.database, one).next.key == "2026-11-24T05:00"


def test_of_several_that_are_due_the_latest_is_let_go(desk):
    arm_again(desk)
    desk.clock.now += 3 * DAY + HOUR
    run_now(desk, "letter")
    assert outcomes(desk.database) == [(FIRST, "skipped"), (SECOND, "skipped"), (THIRD, "sent")]


def test_of_one_that_is_paused_an_extra_issue_goes_out(desk):
    one = arm_again(desk)
    with desk.database.writing() as connection:
        assert schedules.set_state(connection, one.id, State.PAUSED)
    desk.clock.now += DAY + HOUR
    assert run_now(desk, "letter").state is SENDING
    assert outcomes(desk.database) == [("now 2026-11-23T10:00:00", "sent")]
    assert as_it_is(desk.database, one).state is State.PAUSED


def test_a_one_off_goes_out_now_instead_of_at_its_time(desk):
    from mailer.domain.schedule import parse_when

    when = parse_when("fri 09:00", now=desk.clock(), zone="UTC")
    armed = launch(desk, Order(slug="letter"), lambda *_: None, when=when)
    gone = run_now(desk, "letter")
    assert (gone.id, gone.state) == (armed.id, SENDING)
    desk.clock.now += 7 * DAY
    assert fire_due(desk) == []
    with pytest.raises(UnknownName, match="letter is not scheduled"):
        run_now(desk, "letter")


def test_with_nobody_to_mail_nothing_is_sent_by_hand_and_nothing_written(desk):
    arm_again(desk)
    with desk.database.writing() as connection:
        for person in (1, 2, 3):
            subscriptions.leave(connection, person, list_name="news", mailing_id=None, at=desk.clock())
    assert run_now(desk, "letter") == NothingToSend("there was nobody to mail")
    assert outcomes(desk.database) == []


def test_the_next_one_can_be_left_out_again_and_again(desk):
    one = arm_again(desk)
    assert [skip_next(desk, "letter").key for _ in range(2)] == [FIRST, SECOND]
    desk.clock.now += 2 * DAY
    assert fire_due(desk) == []
    assert as_it_is(desk.database, one).next.key == THIRD
    assert fire(desk, DAY).number == 1
    assert outcomes(desk.database) == [(FIRST, "skipped"), (SECOND, "skipped"), (THIRD, "sent")]


def test_while_it_is_paused_nothing_goes_out_and_nothing_is_made_up_for(desk):
    one = arm_again(desk)
    with desk.database.writing() as connection:
        assert schedules.set_state(connection, one.id, State.PAUSED)
    desk.clock.now += DAY + HOUR
    assert fire_due(desk) == []
    with desk.database.writing() as connection:
        assert schedules.resume(connection, schedules.get(connection, one.id), at=desk.clock())
    assert fire_due(desk) == []
    assert as_it_is(desk.database, one).next.key == SECOND
    assert fire(desk, 23 * HOUR).number == 1
