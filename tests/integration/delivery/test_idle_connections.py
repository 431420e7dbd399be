"""A connection with nothing to do is let go, and opened anew when there is something."""

from datetime import UTC, datetime

from ledger_world import KEY, add_mailing
from mailer.delivery.pace import Pace, Route
from mailer.delivery.worker import Worker
from mailer.domain.mailing import MailingState
from waiting import until
from worker_world import Connection, InThread, Relay, prepared, state_of


class Watched(Connection):
    def open(self):
        super().open()
        self.relay.now_open.add(self)

    def close(self):
        self.relay.now_open.discard(self)


def test_a_connection_that_was_not_used_for_so_long_is_closed(database):
    relay = Relay()
    relay.now_open = set()
    route = Route(name="main", make_backend=lambda: Watched(relay), connections=1, idle_timeout=0.05)
    prepared(database, 3)
    running = InThread(Worker(database, clock=lambda: datetime.now(UTC), key=KEY, routes=[route], pace=Pace()))
    until(lambda: state_of(database, 1) is MailingState.FINISHED)
    until(lambda: not relay.now_open)
    before = relay.opened
    add_mailing(database, 3, number=2)
    until(lambda: state_of(database, 2) is MailingState.FINISHED)
    assert relay.opened > before
    running.stop()
    assert not relay.now_open
    assert sum(relay.accepted.values()) == 6
