import contextlib
import socket
import threading
import time

import pytest

from mailer.turns import POSSIBLE, Turns, apart, current, readable, writable
from mailer.waiting import Condition, Event, Promise

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="jobs are threads where the system has no poll")


@pytest.fixture
def turns():
    return Turns("tests")


@pytest.fixture
def links():
    """Two ends."""
    near, far = socket.socketpair()
    yield near, far
    near.close()
    far.close()


def run(turns, *functions):
    """Each as a job, until all have ended."""
    jobs = [turns.job(function, f"job {number}") for number, function in enumerate(functions)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
        assert not job.is_alive()


def test_jobs_run_in_one_thread_that_is_not_ours(turns):
    threads = set()
    run(turns, *[lambda: threads.add(threading.get_ident())] * 3)
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_a_wait_lets_the_others_go_on_and_nothing_else_does(turns):
    said, event = [], Event()

    def waits():
        said.append("before")
        assert event.wait(60)
        said.append("after")

    def wakes():
        said.append("others")
        event.set()
        said.append("on")

    run(turns, waits, wakes)
    assert said == ["before", "others", "on", "after"]


def test_jobs_begin_anew_when_all_have_ended(turns):
    for _ in range(3):
        assert turns.call(lambda: 7) == 7


def test_a_call_raises_what_its_job_raises(turns):
    with pytest.raises(ZeroDivisionError):
        turns.call(lambda: 1 // 0)


def test_a_job_that_breaks_off_leaves_the_others_alone_and_names_nobody(turns, caplog):
    done = []

    def breaks():
        raise ValueError("anna@example.org")

    run(turns, breaks, lambda: done.append(1))
    assert done == [1]
    assert "job=job 0 error=ValueError" in caplog.text
    assert "anna@" not in caplog.text


def test_current_is_whose_turn_it_is(turns):
    assert current() is None
    job = turns.call(current)
    assert job is not None
    assert job.turns is turns


class TestLinks:
    def test_a_job_reads_when_there_is_something(self, turns, links):
        near, far = links
        got = []
        run(
            turns,
            lambda: got.append((readable(current(), near.fileno(), 60), near.recv(9))),
            lambda: far.send(b"hello"),
        )
        assert got == [(True, b"hello")]

    def test_an_end_wakes_too(self, turns, links):
        near, _ = links
        woken = []
        run(
            turns,
            lambda: woken.append(readable(current(), near.fileno(), 60)),
            lambda: near.shutdown(socket.SHUT_RDWR),
        )
        assert woken == [True]

    def test_time_runs_out(self, turns, links):
        near, _ = links
        began = time.monotonic()
        assert turns.call(lambda: readable(current(), near.fileno(), 0.05)) is False
        assert time.monotonic() - began >= 0.05
        assert turns.call(lambda: readable(current(), near.fileno(), 0)) is False

    def test_room_to_write(self, turns, links):
        near, far = links
        near.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while near.send(bytes(65536)):
                pass
        said, full = [], Event()

        def writes():
            assert not writable(current(), near.fileno(), 0)
            said.append("full")
            full.set()
            assert writable(current(), near.fileno(), 60)
            said.append("room")

        def reads():
            assert full.wait(60)
            far.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while far.recv(1 << 20):
                    pass

        run(turns, writes, reads)
        assert said == ["full", "room"]

    def test_many_wait_and_each_hears_its_own(self, turns):
        pairs = [socket.socketpair() for _ in range(50)]
        heard = {}

        def hears(number):
            assert readable(current(), pairs[number][0].fileno(), 60)
            heard[number] = pairs[number][0].recv(9)

        def says():
            for number in reversed(range(50)):
                pairs[number][1].send(b"%d" % number)

        run(turns, *[lambda number=number: hears(number) for number in range(50)], says)
        assert heard == {number: b"%d" % number for number in range(50)}
        for near, far in pairs:
            near.close()
            far.close()


class TestAcrossThreads:
    def test_a_thread_wakes_a_job_that_nothing_else_keeps_busy(self, turns):
        event, done = Event(), []
        job = turns.job(lambda: done.append(event.wait(60)), "waits")
        job.start()
        event.set()
        job.join(60)
        assert done == [True]

    def test_a_job_wakes_a_thread(self, turns):
        event = Event()
        turns.job(event.set, "wakes").start()
        assert event.wait(60)

    def test_a_wait_without_end_is_over_in_time(self, turns):
        assert turns.call(lambda: Event().wait(0.02)) is False
        assert Event().wait(0.02) is False

    @pytest.mark.parametrize("threads", [0, 2])
    def test_a_queue_between_many_loses_nothing(self, turns, threads):
        """Jobs and threads put and take under one condition, so that wakes meet waits in every order."""
        changed, queue, taken, left = Condition(), [], [], [2000]

        def puts():
            for number in range(500):
                with changed:
                    queue.append(number)
                    changed.notify()
                    changed.wait_for(lambda: len(queue) < 20, 60)

        def takes():
            while True:
                with changed:
                    assert changed.wait_for(lambda: queue or not left[0], 60)
                    if not left[0]:
                        changed.notify_all()
                        return
                    taken.append(queue.pop())
                    left[0] -= 1
                    changed.notify_all()

        helpers = [threading.Thread(target=one) for one in (puts, takes)[:threads]]
        for helper in helpers:
            helper.start()
        run(turns, *[puts] * (4 - threads // 2), *[takes] * 3)
        for helper in helpers:
            helper.join(60)
            assert not helper.is_alive()
        assert sorted(taken) == sorted(list(range(500)) * 4)

    def test_notify_wakes_one_and_notify_all_the_others(self, turns):
        changed, tickets, woken = Condition(), [0], []

        def waits(number):
            with changed:
                assert changed.wait_for(lambda: tickets[0] > 0, 60)
                tickets[0] -= 1
                woken.append(number)

        def gives():
            with changed:
                tickets[0] += 1
                changed.notify()
            with changed:
                tickets[0] += 2
                changed.notify_all()

        run(turns, *[lambda number=number: waits(number) for number in range(3)], gives)
        assert sorted(woken) == [0, 1, 2]


class TestApart:
    def test_others_go_on_meanwhile(self, turns):
        said, freed = [], threading.Event()

        def asks():
            said.append(apart(lambda: freed.wait(60)))

        def others():
            said.append("others")
            freed.set()

        run(turns, asks, others)
        assert said == ["others", True]

    def test_it_raises_what_the_call_raises(self, turns):
        with pytest.raises(KeyError):
            turns.call(lambda: apart(lambda: {}["x"]))

    def test_the_thread_that_made_one_call_makes_the_next(self, turns):
        made = []

        def asks():
            made.extend(apart(threading.current_thread) for _ in range(3))

        run(turns, asks)
        assert len(set(made)) == 1
        made[0].join(60)
        assert not made[0].is_alive()  # once nobody is left who could ask

    def test_calls_made_at_the_same_time_wait_for_none_of_each_other(self, turns):
        both = threading.Barrier(2)
        run(turns, *[lambda: apart(lambda: both.wait(60))] * 2)
        assert not both.broken

    def test_outside_of_jobs_it_is_a_plain_call(self):
        assert apart(threading.get_ident) == threading.get_ident()


def test_a_promise_is_kept_once_for_all_who_wait(turns):
    promise, got = Promise(), []
    waiting = [lambda: got.append(promise.result())] * 3
    run(turns, *waiting, lambda: promise.set_result("x"))
    assert got == ["x"] * 3
    assert promise.result() == "x"
