"""How long a part that dies is let rest, and what a part may end with. Real processes: tests/acceptance/test_up.py."""

from types import SimpleNamespace

import pytest

from mailer.cli import supervisor
from mailer.cli.output import Output
from mailer.cli.supervisor import Outcome, Part, Supervisor
from mailer.errors import MailerError


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(supervisor.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def said():
    return []


@pytest.fixture
def watch(clock, said):
    output = Output()
    output.part = "web"
    return Supervisor([Part(output=output, run=print)], said=said.append, lasting=True)


def child(watch, clock, *, lived=0.0, exitcode=-9):
    return SimpleNamespace(part=watch._parts[0], began=clock[0] - lived, process=SimpleNamespace(exitcode=exitcode))


def dies(watch, clock, word=None, **options):
    """One death; how long until it is started again, None if it is not."""
    outcome = Outcome()
    watch._ended(child(watch, clock, **options), word, outcome)
    return round(watch._waiting.pop()[0] - clock[0]) if watch._waiting else None


def test_it_rests_longer_and_longer_and_a_minute_at_most(watch, clock, said):
    assert [dies(watch, clock) for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert said[0] == "web: ended unexpectedly (signal 9). Starting it again in 1 s."


def test_who_has_lived_for_long_rests_a_second_again(watch, clock):
    assert [dies(watch, clock) for _ in range(4)][-1] == 8
    assert dies(watch, clock, lived=61) == 1
    assert dies(watch, clock, exitcode=3) == 2


def test_one_that_cannot_begin_ends_it_all_with_its_reason(watch, clock):
    assert dies(watch, clock, MailerError("The port is taken.")) is None
    with pytest.raises(MailerError, match="The port is taken"):
        watch.run()


def test_one_that_had_begun_is_started_again_and_its_reason_said(watch, clock, said):
    watch._at_work.add("web")
    assert dies(watch, clock, MailerError("The disk is full.")) == 1
    assert said == ["web: The disk is full. Starting it again in 1 s."]


def test_while_all_are_stopped_none_is_started_again(watch, clock, said):
    watch.stop()
    assert dies(watch, clock) is None
    assert said == []
