"""The ticker: looks in time whatever one of its steps does, and whatever is done to the machine's clock."""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from mailer import scheduler
from mailer.errors import DatabaseAway, Refused
from mailer.scheduler import Scheduler, Step
from schedule_world import arm_again, as_it_is
from sending_world import desk_for, make_project, populate
from waiting import until

SECONDS = 60


@pytest.fixture
def desk(tmp_path):
    desk = desk_for(make_project(tmp_path / "project"))
    populate(desk.database, 1)
    yield desk
    desk.database.dispose()


class Watched:
    """A step that counts its looks, and does what it is told to do in them."""

    def __init__(self, does=lambda: None, next_at=lambda _connection: None):
        self.looks, self._looked, self._does = 0, threading.Condition(), does
        self.step = Step(name=f"watched-{id(self)}", look=self.look, next_at=next_at, heeds_hints=True)

    def look(self, *_arguments):
        with self._looked:
            self.looks += 1
            self._looked.notify_all()
        self._does()
        return 0

    def wait_for(self, number):
        with self._looked:
            assert self._looked.wait_for(lambda: self.looks >= number, SECONDS), f"{self.looks} looks"


def running(desk, monkeypatch, *watched, **options):
    monkeypatch.setattr(scheduler, "STEPS", tuple(one.step for one in watched))
    return Scheduler(desk, **options)


def test_no_step_waits_for_another_or_stops_because_one_fails(desk, monkeypatch):
    def fail():
        raise ZeroDivisionError

    def refuse():
        raise Refused("This is refused.")

    release, told = threading.Event(), []
    hangs, fails, refuses, works = Watched(lambda: release.wait(SECONDS)), Watched(fail), Watched(refuse), Watched()
    with running(desk, monkeypatch, hangs, fails, refuses, works, every=0.05, told=told.append):
        for one in (fails, refuses, works):
            one.wait_for(3)
        assert hangs.looks == 1
        release.set()
    assert sorted(told) == [
        "This is refused.",
        f"ZeroDivisionError in the scheduler ({fails.step.name}): its log says where.",
    ]


def test_a_database_that_is_away_is_told_once_and_no_error_is_logged(desk, monkeypatch, caplog):
    def away():
        if step.looks < 6:
            raise DatabaseAway

    told, step = [], Watched(away)
    with running(desk, monkeypatch, step, every=0.05, told=told.append):
        step.wait_for(6)
        until(lambda: "The database answers again." in told)
    assert len(told) == 2, told
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING] == []


def test_a_hint_that_comes_during_a_look_is_not_lost(desk, monkeypatch):
    began, release = threading.Event(), threading.Event()

    def slow():
        began.set()
        release.wait(SECONDS)

    step = Watched(slow)
    with running(desk, monkeypatch, step, every=3600):
        assert began.wait(SECONDS)
        arm_again(desk)
        release.set()
        step.wait_for(2)


def test_it_looks_at_the_very_instant(desk, monkeypatch):
    looked_at, second = [], timedelta(seconds=1)
    step = Watched(lambda: looked_at.append(datetime.now(UTC)), lambda _: looked_at[0] + second)
    with running(desk, monkeypatch, step, every=3600):
        step.wait_for(2)
    assert looked_at[1] >= looked_at[0] + second


def test_what_is_due_and_cannot_be_done_is_not_tried_without_a_rest(desk, monkeypatch):
    over = datetime.now(UTC) - timedelta(hours=1)
    step, other = Watched(next_at=lambda _: over), Watched()
    with running(desk, monkeypatch, step, other, every=0.2):
        other.wait_for(4)
        assert step.looks <= 40, "without a rest they would be hundreds"


def test_a_clock_that_is_put_back_does_not_silence_it(desk, monkeypatch):
    """Its library waits for times of day: after a step of an hour back it would not look for an hour."""
    import apscheduler.schedulers.base as library

    class PutBack(datetime):
        by = timedelta(0)

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - cls.by

    class Clock:
        monotonic = staticmethod(time.monotonic)

        @staticmethod
        def time():
            return time.time() - PutBack.by.total_seconds()

    for module in (library, scheduler):
        monkeypatch.setattr(module, "datetime", PutBack)
    monkeypatch.setattr(scheduler, "time", Clock)
    step = Watched()
    with running(desk, monkeypatch, step, every=0.2):
        step.wait_for(2)
        PutBack.by = timedelta(hours=1)
        step.wait_for(step.looks + 4)


def test_it_ends_in_the_middle_of_a_look(desk, monkeypatch):
    """A look sets the instant of the next one; whoever waits for it must not hold what it needs for that."""
    began, at = threading.Event(), datetime.now(UTC) + timedelta(hours=1)

    def slow():
        began.set()
        time.sleep(0.2)

    step = Watched(slow, lambda _: at)
    thread = threading.Thread(target=lambda: _enter_and_leave(desk, monkeypatch, step, began), daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive()


def _enter_and_leave(desk, monkeypatch, step, began):
    with running(desk, monkeypatch, step, every=3600):
        began.wait(SECONDS)


def test_it_fires_what_comes_round(desk):
    one = arm_again(desk)
    with desk.database.writing() as connection:
        from mailer.storage import schedules

        soon = datetime.now(UTC) + timedelta(seconds=1)
        schedules.advance(connection, one, type(one.next)(at=soon, key="soon"), at=desk.clock())
    told, heard = [], threading.Event()

    def tell(sentence):
        told.append(sentence)
        heard.set()

    with Scheduler(desk, every=3600, told=tell) as running_one:
        assert heard.wait(SECONDS)
    assert told == ["letter (1) is sending, 1 person."]
    assert running_one.fired == 1
    assert as_it_is(desk.database, one).next.key.startswith("20")
