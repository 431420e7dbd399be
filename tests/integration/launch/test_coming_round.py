"""What comes round goes out each time: once, as it was armed, and what was missed without surprising anybody."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger_world import states
from mailer.domain.armed import State
from mailer.domain.mailing import MailingState, RowState
from mailer.errors import InputProblems, Refused, UnknownName
from mailer.launch import fire_due, refuse_changed, run_now
from mailer.launch.turn import MOST, turn_of
from mailer.storage import schedules, subscriptions
from mailer.storage.tables import mailing
from schedule_world import (
    CANCELLED,
    DAY,
    FIRST,
    HELD,
    HOUR,
    SECOND,
    SENDING,
    THIRD,
    alerts,
    all_mailings,
    arm_again,
    as_it_is,
    finish,
    fire,
    looked_at_once,
    now_of,
    outcomes,
    recorded,
)
from sending_world import write_letter


def test_each_time_it_goes_out_to_all_as_a_mailing_of_its_own(desk):
    one = arm_again(desk)
    assert fire_due(desk) == []
    first = fire(desk, DAY)
    assert (first.slug, first.number, first.state, first.total) == ("letter", 1, SENDING, 3)
    assert fire_due(desk) == []
    finish(desk, first)
    second = fire(desk, DAY)
    assert (second.number, second.state) == (2, SENDING)
    assert states(desk.database, second.id) == {RowState.QUEUED: [1, 2, 3]}
    assert recorded(desk.database) == [(FIRST, "sent", ""), (SECOND, "sent", "")]
    one = as_it_is(desk.database, one)
    assert (one.next.key, one.mailing_id, one.state) == (THIRD, second.id, State.ARMED)
    with desk.database.reading() as connection:
        known = connection.scalars(sa.select(mailing.c.occurrence_id).order_by(mailing.c.id)).all()
    assert None not in known
    assert len(set(known)) == 2


def test_its_last_day_ends_it(desk):
    one = arm_again(desk, until="2026-11-23")
    fire(desk, DAY)
    one = as_it_is(desk.database, one)
    assert (one.state, one.next) == (State.ENDED, None)
    desk.clock.now += DAY
    assert fire_due(desk) == []


def test_several_schedulers_at_once_fire_it_once(desk):
    arm_again(desk)
    desk.clock.now += DAY
    fired = looked_at_once(desk)
    (only,) = all_mailings(desk.database)
    assert [one.id for one in fired] == [only.id]
    assert outcomes(desk.database) == [(FIRST, "sent")]
    assert states(desk.database, only.id) == {RowState.QUEUED: [1, 2, 3]}


def test_after_downtime_the_latest_goes_out_and_says_what_was_missed(desk):
    arm_again(desk)
    fired = fire(desk, 3 * DAY + HOUR)
    assert fired.state is SENDING
    missed = "missed: nothing was running then"
    assert recorded(desk.database) == [
        (FIRST, "skipped", missed),
        (SECOND, "skipped", missed),
        (THIRD, "sent", "2 earlier ones were missed"),
    ]


def test_with_skip_nothing_is_made_up_for(desk):
    one = arm_again(desk, catch_up="skip")
    desk.clock.now += 2 * DAY + HOUR
    told = []
    assert fire_due(desk, told=told.append) == []
    assert outcomes(desk.database) == [(FIRST, "skipped"), (SECOND, "skipped")]
    assert told == ["letter: nothing goes out for Tue 24 Nov 2026 09:00 UTC: 2 occurrences were missed."]
    assert alerts(desk.database) == [("skipped", "Tue 24 Nov 2026 09:00 UTC: 2 occurrences were missed")]
    assert as_it_is(desk.database, one).next.key == THIRD


def test_with_all_each_is_made_up_for_one_after_the_other(desk):
    arm_again(desk, every="2h", catch_up="all")
    desk.clock.now += timedelta(hours=6, minutes=30)  # at 15:30; due are 11, 13 and 15
    numbers = []
    for _ in range(3):
        (fired,) = fire_due(desk)
        numbers.append(fired.number)
        assert fire_due(desk) == [], "the one before it is still going out"
        finish(desk, fired)
    assert fire_due(desk) == []
    assert numbers == [1, 2, 3]
    assert [outcome for _, outcome in outcomes(desk.database)] == ["sent"] * 3


def test_a_year_of_five_minutes_is_not_listed(desk):
    one = arm_again(desk, every="5m")
    desk.clock.now += 365 * DAY
    turn = turn_of(desk, as_it_is(desk.database, one), now=desk.clock())
    assert turn.occurrence.at == desk.clock()
    assert MOST <= len(turn.passed_over) <= 2 * MOST
    fired = fire(desk)
    assert fired.state is SENDING
    *_, (_, outcome, detail) = recorded(desk.database)
    assert (outcome, detail) == ("sent", f"more than {turn.missed.split()[2]} earlier ones were missed")
    assert as_it_is(desk.database, one).next.at == desk.clock() + timedelta(minutes=5)


def test_what_is_late_waits_for_its_hours(desk):
    one = arm_again(desk, every="daily 05:00")
    desk.clock.now += 20 * HOUR + timedelta(minutes=30)  # at half past five
    assert fire_due(desk) == []
    assert outcomes(desk.database) == []
    opens = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    with desk.database.reading() as connection:
        assert schedules.earliest(connection) == opens
    desk.clock.now = opens - timedelta(seconds=1)
    assert fire_due(desk) == []
    assert fire(desk, timedelta(seconds=1)).state is SENDING
    assert as_it_is(desk.database, one).next.key == "2026-11-24T05:00"


def test_what_is_in_time_goes_out_at_any_hour(desk):
    arm_again(desk, every="daily 03:00")
    assert fire(desk, 18 * HOUR + timedelta(minutes=10)).state is SENDING


def test_while_a_late_one_waits_the_next_may_be_in_time(desk):
    arm_again(desk, every="daily 05:00 and 07:00")
    desk.clock.now = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
    assert fire_due(desk) == []
    desk.clock.now = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    assert fire(desk).state is SENDING
    assert outcomes(desk.database) == [("2026-11-23T05:00", "skipped"), ("2026-11-23T07:00", "sent")]


def test_what_is_over_six_hours_late_is_held_until_a_person_lets_it_go(desk):
    arm_again(desk)
    held = fire(desk, DAY + 7 * HOUR)
    assert (held.state, held.edition_id, held.total) == (HELD, None, 0)
    assert held.state_reason == "it was due at Mon 23 Nov 2026 09:00 UTC, and nothing was running then"
    assert alerts(desk.database) == [("held", held.state_reason)]
    with pytest.raises(Refused, match="before anything of it was frozen") as refused:
        refuse_changed(desk, held, as_approved=False)
    assert "`mailer schedule run-now letter`" in refused.value.hint
    gone = run_now(desk, "letter")
    assert (gone.id, gone.state, gone.total, gone.title) == (held.id, SENDING, 3, "We meet on Friday")
    assert recorded(desk.database) == [(FIRST, "sent", "held, and let go by hand")]
    assert fire_due(desk) == []


def test_one_that_is_held_makes_room_for_the_next(desk):
    arm_again(desk)
    held = fire(desk, DAY + 7 * HOUR)
    second = fire(desk, 17 * HOUR)
    assert (second.number, second.state) == (2, SENDING)
    held = now_of(desk, held)
    assert (held.state, held.state_reason) == (CANCELLED, "the next issue takes its place")
    assert outcomes(desk.database) == [(FIRST, "held"), (SECOND, "sent")]


def test_one_that_comes_while_the_last_is_still_going_out_is_passed_over(desk):
    one = arm_again(desk)
    first = fire(desk, DAY)
    desk.clock.now += DAY
    told = []
    assert fire_due(desk, told=told.append) == []
    reason = f"mailing {first.id} is still sending"
    assert recorded(desk.database)[1:] == [(SECOND, "skipped", reason)]
    assert told == [f"letter: nothing goes out for Tue 24 Nov 2026 09:00 UTC: {reason}."]
    assert ("skipped", f"Tue 24 Nov 2026 09:00 UTC: {reason}") in alerts(desk.database)
    assert as_it_is(desk.database, one).next.key == THIRD


def test_with_nobody_to_mail_there_is_no_mailing_and_a_line_that_says_so(desk):
    arm_again(desk)
    with desk.database.writing() as connection:
        for person in (1, 2, 3):
            subscriptions.leave(connection, person, list_name="news", mailing_id=None, at=desk.clock())
    desk.clock.now += DAY
    told = []
    assert fire_due(desk, told=told.append) == []
    assert all_mailings(desk.database) == []
    assert recorded(desk.database) == [(FIRST, "empty", "there was nobody to mail")]
    assert told == ["letter: nothing goes out for Mon 23 Nov 2026 09:00 UTC: there was nobody to mail."]
    assert [kind for kind, _ in alerts(desk.database)] == ["empty"]


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (lambda project: write_letter(project, body="Another text, written after it was armed."), "differs from what is armed"),
        (lambda project: write_letter(project, body="{{ subscriber.frist_name }}"), "frist_name"),
        (lambda project: (project / "campaigns" / "letter.md").unlink(), 'There is no campaign "letter"'),
        (lambda project: (project / "campaigns" / "letter.md").write_bytes(b"\xff\xfe---\n"), "UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_changed_or_broke_or_is_gone_holds_it_each_time(desk, project, change, because):
    one = arm_again(desk)
    change(project)
    held = fire(desk, DAY)
    assert held.state is HELD
    assert because in held.state_reason
    assert alerts(desk.database) == [("held", " ".join(held.state_reason.split()))]
    with pytest.raises((Refused, UnknownName, InputProblems)):
        run_now(desk, "letter")
    write_letter(project)
    assert run_now(desk, "letter").state is SENDING, "once the file is as it was armed"
    assert as_it_is(desk.database, one).next.key == SECOND


def test_what_nobody_foresaw_holds_up_no_other_schedule(desk, project, monkeypatch):
    write_letter(project, slug="agenda")
    arm_again(desk)
    arm_again(desk, "agenda")
    from mailer.launch import composing

    real = composing.read_file

    def broken(desk, slug):
        if slug == "letter":
            raise ZeroDivisionError
        return real(desk, slug)

    monkeypatch.setattr(composing, "read_file", broken)
    assert fire(desk, DAY).slug == "agenda"
    assert outcomes(desk.database) == [(FIRST, "sent")], "the other is tried again"
    held = fire(desk, timedelta(minutes=11))
    assert (held.slug, held.state) == ("letter", HELD)
    assert "ZeroDivisionError" in held.state_reason


def test_a_crash_between_firing_and_writing_the_rows_is_mended_by_the_next_look(desk, monkeypatch):
    arm_again(desk)
    desk.clock.now += DAY
    with monkeypatch.context() as patch:
        patch.setattr("mailer.launch.firing.write_rows", lambda *_: None)
        fire_due(desk)
    (half,) = all_mailings(desk.database)
    assert half.state is MailingState.MATERIALISING
    fire_due(desk)
    assert states(desk.database, half.id) == {RowState.QUEUED: [1, 2, 3]}


def test_a_crash_within_the_transaction_leaves_nothing(desk, monkeypatch):
    one = arm_again(desk)
    desk.clock.now += DAY
    with monkeypatch.context() as patch:
        patch.setattr("mailer.launch.outcomes.fail_unbuildable", crash)
        with pytest.raises(KeyboardInterrupt):
            fire_due(desk)
    assert outcomes(desk.database) == []
    assert all_mailings(desk.database) == []
    assert as_it_is(desk.database, one).next.key == FIRST
    assert fire(desk).number == 1


def crash(*_arguments, **_options):
    raise KeyboardInterrupt
