"""A worker with nothing to do costs next to nothing, and is there as soon as something is."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger_world import email
from mailer.domain.limits import ANY_RELAY
from mailer.domain.provider import Provider
from mailer.storage.ledger import Ledger
from mailer.storage.tables import delivery
from waiting import until
from worker_world import InThread, Relay, let_come_due, prepared, worker_for


@pytest.fixture
def asked(monkeypatch):
    """What workers ask the ledger: the lanes that they claim from, and how often they look what is due."""
    lanes, looks = [], []
    claim, due_lanes = Ledger.claim, Ledger.due_lanes

    def claims(self, *args, lane, **options):
        lanes.append(lane.provider)
        return claim(self, *args, lane=lane, **options)

    def looks_around(self, mailing_ids):
        looks.append(list(mailing_ids))
        return due_lanes(self, looks[-1])

    monkeypatch.setattr(Ledger, "claim", claims)
    monkeypatch.setattr(Ledger, "due_lanes", looks_around)
    monkeypatch.setattr("mailer.delivery.worker.LOOK_EVERY", 0.05)
    return lanes, looks


def put_off(database, letter):
    """Nothing of it is due for an hour."""
    later = int((datetime.now(UTC) + timedelta(hours=1)).timestamp())
    with database.writing() as connection:
        connection.execute(sa.update(delivery).where(delivery.c.mailing_id == letter).values(due=later))


def test_nothing_is_claimed_where_nothing_is_due(database, asked):
    (lanes, looks), relay = asked, Relay()
    letter = prepared(database, 12)
    put_off(database, letter)
    thread = InThread(worker_for(database, relay))
    until(lambda: len(looks) > 5)
    assert lanes == []
    let_come_due(database, letter)
    until(lambda: len(relay.accepted) == 12)
    thread.stop()
    assert relay.people == sorted(email(one) for one in range(1, 13))
    assert set(lanes) == {Provider.OTHER}, "nobody has a mailbox elsewhere"


def test_what_another_worker_gives_back_is_taken_up(database, asked):
    lanes, looks = asked
    letter, relay = prepared(database, 12), Relay()
    ledger = Ledger(database, lambda: datetime.now(UTC))
    claimed = ledger.claim(letter, 20, lease_seconds=600, lane=ANY_RELAY)
    del lanes[:]
    thread = InThread(worker_for(database, relay))
    until(lambda: len(looks) > 5)
    assert lanes == []
    assert ledger.release(claimed.token) == 12
    until(lambda: len(relay.accepted) == 12)
    thread.stop()
