"""Messages outside any mailing: which relay carries them, what they are paid from, and what a refusal leaves behind."""

import logging
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from mailer.backend import Refused
from mailer.delivery.at_once import AtOnce
from mailer.delivery.pace import Route
from mailer.domain.limits import Limits, Quota, Window
from mailer.domain.message import OutgoingMessage
from mailer.domain.provider import Provider
from mailer.errors import BackendMisconfigured, BackendUnavailable
from mailer.storage import buckets
from mailer.storage.tables import quota_day, suppression
from sending_world import Clock
from wall_clock import zone_at_noon
from worker_world import Relay

ANA, BEN = "ana@example.org", "ben@gmail.com"


def route(relay, name="main", **how):
    return Route(name=name, make_backend=relay.connect, **how)


def message(to):
    return lambda _dispatch: OutgoingMessage.whole(key="test-1", sender="news@example.org", recipient=to, content=b"")


class Waits:
    """Stands in for waiting: moves the clock, and notes for how long."""

    def __init__(self, clock):
        self.clock, self.told = clock, []

    def __call__(self, seconds):
        self.told.append(seconds)
        self.clock.now += timedelta(seconds=seconds)


def test_relays_are_asked_in_turn_and_one_that_failed_no_more(either):
    first, second, spare = Relay(), Relay(), Relay()
    first.refuse_to_open = BackendUnavailable("down")
    routes = [route(spare, "spare", weight=0), route(first, "first"), route(second, "second")]
    with AtOnce(either, routes, clock=Clock()) as carrier:
        found = [carrier.send(message(to)) for to in (ANA, BEN)]
    assert [one.relay for one in found] == ["second", "second"]
    assert [[name for name, _ in one.errors] for one in found] == [["first"], []]
    assert (first.opened, spare.opened, second.opened) == (1, 0, 1)


def test_where_no_relay_can_be_used_each_says_why(either):
    one, other = Relay(), Relay()
    one.refuse_to_open, other.refuse_to_open = BackendUnavailable("down"), BackendMisconfigured("wrong password")
    with AtOnce(either, [route(one, "one"), route(other, "other")], clock=Clock()) as carrier:
        attempt = carrier.send(message(ANA))
    assert attempt.receipt is None
    assert [(name, error.message) for name, error in attempt.errors] == [("one", "down"), ("other", "wrong password")]


def test_a_refusal_says_nothing_about_the_address(either):
    relay = Relay(lambda _: Refused(code=550, enhanced="5.1.1", bad_address=True))
    with AtOnce(either, [route(relay)], clock=Clock()) as carrier:
        attempts = [carrier.send(message(ANA)) for _ in range(12)]
    assert [one.receipt.code for one in attempts] == [550] * 12
    with either.reading() as connection:
        assert connection.execute(sa.select(suppression)).all() == []


def test_it_waits_for_the_rate_and_for_none_of_a_mailing(database):
    clock, relay = Clock(), Relay()
    closed = Window(opens=time(2), closes=time(3), zone=ZoneInfo("UTC"))
    limits = Limits(rate=1.0, mailing_rate=0.001, window=closed)
    told, waits = [], Waits(clock)
    carrier = AtOnce(
        database, [route(relay, limits=limits)], clock=clock, waits=lambda *what: told.append(what), sleep=waits
    )
    with carrier:
        began = clock.now
        for _ in range(4):
            carrier.send(message(ANA))
    assert len(relay.accepted) == 1
    assert relay.accepted[ANA] == 4
    assert timedelta(seconds=2.5) < clock.now - began <= timedelta(seconds=3.5)
    assert [seconds for _, seconds in told] == waits.told


def test_a_group_that_is_slowed_down_is_so_for_a_test_too(database):
    clock, relay = Clock(), Relay()
    for _ in range(3):
        buckets.slow_down(database, "main", Provider.GMAIL, clock=clock)
        clock.now += timedelta(seconds=11)
    waits = Waits(clock)
    with AtOnce(database, [route(relay)], clock=clock, sleep=waits) as carrier:
        for _ in range(20):
            carrier.send(message(ANA))
        assert waits.told == []
        for _ in range(20):
            carrier.send(message(BEN))
    assert waits.told


def test_the_quota_of_the_day_is_paid_and_given_back_where_nothing_left(either):
    quota = Quota(daily=2, zone=ZoneInfo(zone_at_noon()))
    broken, sound = Relay(fail), Relay()
    routes = [route(broken, "broken", limits=Limits(quota=quota)), route(sound, "sound", limits=Limits(quota=quota))]
    with AtOnce(either, routes, clock=Clock()) as carrier:
        found = [carrier.send(message(ANA)) for _ in range(3)]
    assert [one.relay for one in found] == ["sound", "sound", ""]
    name, error = found[2].errors[1]
    assert (name, error.message) == ("sound", "Its quota of the day is used up.")
    with either.reading() as connection:
        used = connection.execute(sa.select(quota_day.c.relay_id, quota_day.c.used)).all()
    assert sorted(number for _, number in used) == [0, 2]


def fail(_message):
    raise BackendUnavailable("gone")


def test_no_address_stands_in_a_log(database, caplog):
    broken, sound = Relay(fail), Relay()
    with (
        caplog.at_level(logging.DEBUG),
        AtOnce(database, [route(broken, "broken"), route(sound, "sound")], clock=Clock()) as carrier,
    ):
        carrier.send(message(ANA))
    assert "message.turned_back relay=broken error=backend_unavailable" in caplog.text
    assert "message.sent relay=sound to=a***@example.org code=250" in caplog.text
    assert ANA not in caplog.text
