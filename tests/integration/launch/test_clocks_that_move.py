"""A clock that is put back or jumps ahead, and a database that was set back, repeat nothing and surprise nobody."""

import sqlalchemy as sa

from mailer.domain.armed import State
from mailer.launch import Order, fire_due, launch, run_now, skip_next
from mailer.storage import instance, schedules
from mailer.storage.tables import delivery
from schedule_world import DAY, FIRST, HELD, HOUR, SECOND, SENDING, alerts, arm_again, as_it_is, finish, fire, outcomes


def test_a_clock_that_is_put_back_fires_nothing_twice(desk):
    arm_again(desk)
    finish(desk, fire(desk, DAY))
    desk.clock.now -= 2 * HOUR
    assert fire_due(desk) == []
    desk.clock.now += 2 * HOUR
    assert fire_due(desk) == []
    assert fire(desk, DAY).number == 2
    assert outcomes(desk.database) == [(FIRST, "sent"), (SECOND, "sent")]


def test_a_clock_that_had_run_ahead_leaves_no_schedule_silent(desk):
    one = arm_again(desk)
    desk.clock.now += 30 * DAY
    finish(desk, fire(desk))
    assert as_it_is(desk.database, one).next.key == "2026-12-23T09:00"
    desk.clock.now -= 30 * DAY
    assert fire_due(desk) == []
    assert as_it_is(desk.database, one).next.key == FIRST
    assert outcomes(desk.database) == [("2026-12-22T09:00", "sent")], "what was not missed is forgotten"
    assert fire(desk, DAY).number == 2


def test_what_a_person_left_out_stays_out_when_the_clock_is_put_back(desk):
    one = arm_again(desk)
    desk.clock.now += HOUR
    skip_next(desk, "letter")
    desk.clock.now -= HOUR
    assert fire_due(desk) == []
    assert outcomes(desk.database) == [(FIRST, "skipped")]
    assert as_it_is(desk.database, one).next.key == SECOND


def test_a_clock_that_jumps_ahead_holds_what_it_makes_late(desk):
    arm_again(desk)
    held = fire(desk, 5 * DAY + 8 * HOUR)
    assert held.state is HELD
    assert [outcome for _, outcome in outcomes(desk.database)] == ["skipped"] * 4 + ["held"]


def test_a_database_that_was_set_back_pauses_it_until_a_person_says_so(desk):
    one = arm_again(desk)
    reason = instance.come_up_paused(desk.database, now=desk.clock(), surely=True)
    assert as_it_is(desk.database, one).state is State.PAUSED
    assert ("restored", reason) in alerts(desk.database)
    desk.clock.now += DAY + HOUR
    assert fire_due(desk) == []
    with desk.database.writing() as connection:
        assert schedules.resume(connection, schedules.get(connection, one.id), at=desk.clock())
    assert as_it_is(desk.database, one).next.key == SECOND


def test_a_one_off_held_because_the_database_was_set_back_can_be_let_go(desk):
    from mailer.domain.schedule import parse_when

    when = parse_when("in 10m", now=desk.clock(), zone="UTC")
    armed = launch(desk, Order(slug="letter"), lambda *_: None, when=when)
    instance.come_up_paused(desk.database, now=desk.clock(), surely=True)
    desk.clock.now += HOUR
    assert fire_due(desk) == []
    gone = run_now(desk, "letter")
    assert (gone.id, gone.state) == (armed.id, SENDING)
    assert outcomes(desk.database) == [("once", "sent")]
    with desk.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(delivery)) == 3
