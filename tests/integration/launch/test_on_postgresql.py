"""Launching and firing on PostgreSQL, where writers do not queue up by themselves: still once, and whole."""

import threading
from datetime import timedelta

import pytest

from ledger_world import states
from mailer.domain.mailing import MailingState, RowState
from mailer.domain.schedule import parse_when
from mailer.errors import Refused
from mailer.launch import Order, Repeat, fire_due, launch
from mailer.storage import control, mailings, materialise, reasons, schedules
from mailer.storage.status import status_of
from sending_world import Clock, desk_for, make_project, populate


@pytest.fixture
def desk(tmp_path, postgres_url):
    desk = desk_for(make_project(tmp_path / "project"), clock=Clock(), url=postgres_url)
    populate(desk.database, 12, donors=(2, 3, 5))
    yield desk
    desk.database.dispose()


def at_once(number, task):
    """What `task` came to in each of `number` threads that start together."""
    start, outcomes = threading.Barrier(number), []

    def run():
        start.wait(60)
        try:
            outcomes.append(task())
        except Refused as refused:
            outcomes.append(refused)

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def test_of_several_sends_at_once_exactly_one_wins(desk):
    asked = threading.Barrier(3)
    outcomes = at_once(3, lambda: launch(desk, Order(slug="letter"), lambda *_: asked.wait(60)))
    (won,) = [one for one in outcomes if not isinstance(one, Refused)]
    assert (won.state, won.total) == (MailingState.SENDING, 12)
    assert states(desk.database, won.id) == {RowState.QUEUED: list(range(1, 13))}
    with desk.database.reading() as connection:
        assert len(mailings.everything(connection)) == 1


def test_several_processes_that_write_the_same_rows_write_them_once(desk, monkeypatch):
    monkeypatch.setattr(materialise, "CHUNK", 5)
    with monkeypatch.context() as patch:
        patch.setattr("mailer.launch.write_rows", lambda _desk, mailing_id: mailing_id)
        mailing_id = launch(desk, Order(slug="letter"), lambda *_: None)
    at_once(3, lambda: materialise.materialise(desk.database, mailing_id, at=desk.clock(), undo=timedelta(0)))
    assert states(desk.database, mailing_id) == {RowState.QUEUED: list(range(1, 13))}
    with desk.database.reading() as connection:
        assert mailings.get(connection, mailing_id).total == 12


def test_several_schedulers_fire_it_once(desk):
    when = parse_when("in 10m", now=desk.clock(), zone="Europe/London")
    armed = launch(desk, Order(slug="letter", segment="donors"), lambda *_: None, when=when)
    desk.clock.now += timedelta(minutes=10)
    fired = [mailing for found in at_once(3, lambda: fire_due(desk)) for mailing in found]
    assert [one.id for one in fired] == [armed.id]
    assert states(desk.database, armed.id) == {RowState.QUEUED: [2, 3, 5]}


def test_the_commands_around_it(desk):
    sent = launch(desk, Order(slug="letter", segment="donors"), lambda *_: None)
    rest = launch(desk, Order(slug="letter", repeat=Repeat.REST, limit=4), lambda *_: None)
    with desk.database.writing() as connection:
        assert control.cancel_rows(connection, sent.id) == 3
        assert control.queue_again(connection, rest.id, RowState.FAILED, give_up_at=desk.clock()) == 0
        assert mailings.move(connection, sent.id, MailingState.CANCELLED, at=desk.clock())
        assert not schedules.disarm(connection, sent.id)
        found = status_of(connection, mailings.get(connection, rest.id), now=desk.clock())
        assert (found.counts.total, found.unsubscribed, found.failures, found.rate) == (4, 0, (), None)
        audience = mailings.audience_of(connection, rest.id)
        rules = {one.rule: one.ok for one in reasons.verdicts(connection, audience, 2, now=desk.clock())}
        assert rules["not mailed before"], "what was cancelled did not reach them"
        steps = reasons.steps(connection, mailings.get(connection, sent.id), 2)
    assert [step.state for step in steps] == [RowState.QUEUED, RowState.CANCELLED]
