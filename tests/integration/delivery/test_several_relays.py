"""A worker with more than one way out."""

from datetime import UTC, datetime

import pytest

from ledger_world import states
from mailer.delivery.intake import Intake
from mailer.domain.mailing import MailingState, RowState
from mailer.errors import BackendMisconfigured, BackendUnavailable
from mailer.storage import mailings
from waiting import until
from worker_world import InThread, Relay, attempts, prepared, worker_for

QUEUED, SENT = RowState.QUEUED, RowState.SENT


@pytest.fixture
def database(either):
    return either


@pytest.mark.parametrize("trouble", [BackendUnavailable("nobody answers"), BackendMisconfigured("535 5.7.8 no")])
def test_what_one_relay_cannot_carry_another_does_and_nobody_is_tried_twice(database, trouble):
    letter = prepared(database, 60)
    broken, sound = Relay(), Relay()
    broken.refuse_to_open = trouble
    summary = worker_for(database, broken, sound).run(drain=True)
    assert summary.counts == {SENT: 60}
    assert not summary.paused
    assert len(sound.people) == 60
    assert sound.got_nothing_twice()
    assert attempts(database, letter) == {1: 60}


def test_when_every_relay_refuses_us_the_mailing_pauses(database):
    letter = prepared(database, 20)
    relays = [Relay(), Relay()]
    for relay in relays:
        relay.refuse_to_open = BackendMisconfigured("535 5.7.8 authentication failed")
    assert worker_for(database, *relays).run(drain=True).paused == {letter: "535 5.7.8 authentication failed"}
    assert states(database, letter) == {QUEUED: list(range(1, 21))}


def test_both_carry_their_part(database):
    prepared(database, 1200)
    one, other = Relay(delay=0.0005), Relay(delay=0.0005)
    assert worker_for(database, one, other).run(drain=True).counts == {SENT: 1200}
    assert one.people
    assert other.people
    assert not set(one.people) & set(other.people)


def test_a_poke_wakes_an_idle_worker(database, monkeypatch):
    looks, look = [], Intake.look
    monkeypatch.setattr(Intake, "look", lambda intake: looks.append(look(intake)) or looks[-1])
    monkeypatch.setattr("mailer.delivery.worker.LOOK_EVERY", 3600.0)
    letter = prepared(database, 3, state=MailingState.PAUSED)
    running = InThread(worker_for(database, Relay()))
    until(lambda: looks)
    with database.writing() as connection:
        mailings.move(connection, letter, MailingState.SENDING, at=datetime.now(UTC))
    running.worker.poke()
    until(lambda: states(database, letter) == {SENT: [1, 2, 3]})
    running.stop()
