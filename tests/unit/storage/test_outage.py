"""Waiting for a database that is away: told once, longer each time, and not for what does not pass."""

import pytest

from mailer.errors import DatabaseAway, DatabaseBusy, DiskFull
from mailer.storage.outage import LONGEST, Outage, patiently


class Time:
    """A runtime in which seconds pass by waiting."""

    def __init__(self):
        self.now, self.waits = 0.0, []

    def monotonic(self):
        return self.now

    def jittered(self, seconds):
        return seconds

    def wait(self, seconds):
        self.now += seconds
        self.waits.append(seconds)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def told():
    return []


@pytest.fixture
def outage(time, told):
    return Outage(time, away=told.append, back=lambda: told.append("back"))


def failing(times, error=DatabaseAway):
    left = [error("gone")] * times

    def step():
        if left:
            raise left.pop()
        return "answer"

    return step


def test_an_answer_is_an_answer(outage, time, told):
    assert patiently(failing(0), outage, seconds=60, wait=time.wait) == "answer"
    assert (time.waits, told) == ([], [])


def test_two_in_each_others_way_are_no_news(outage, time, told):
    assert patiently(failing(1, DatabaseBusy), outage, seconds=60, wait=time.wait) == "answer"
    assert (len(time.waits), told) == (1, [])


def test_it_is_told_once_and_asked_at_growing_distances(outage, time, told):
    assert patiently(failing(9), outage, seconds=60, wait=time.wait) == "answer"
    assert told == ["gone", "back"]
    assert time.waits == sorted(time.waits)
    assert time.waits[-1] == LONGEST
    assert patiently(failing(9), outage, seconds=60, wait=time.wait) == "answer"
    assert told == ["gone", "back"] * 2, "another outage"


def test_patience_ends(outage, time):
    with pytest.raises(DatabaseAway):
        patiently(failing(1000), outage, seconds=60, wait=time.wait)
    assert 55 < time.now < 75


def test_what_does_not_pass_is_not_waited_for(outage, time, told):
    with pytest.raises(DiskFull):
        patiently(failing(1, DiskFull), outage, seconds=60, wait=time.wait)
    assert (time.waits, told) == ([], [])


def test_it_knows_for_how_long(outage, time):
    assert outage.seconds == 0
    outage.met(DatabaseAway())
    time.now += 7
    assert outage.seconds == 7
    outage.over()
    assert outage.seconds == 0
