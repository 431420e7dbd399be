"""A rate holds for all worker processes together, in real time, while some are killed and others begin."""

import re
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from kills import Crew, Relay
from ledger_world import add_mailing, add_people, described, make_database, states
from mailer.domain.mailing import RowState
from mailer.storage.tables import delivery_event
from sending_world import Commands, make_project, populate
from waiting import until
from wall_clock import zone_at_noon

pytestmark = pytest.mark.slow

PEOPLE, RATE = 240, 40
#: What is taken up in one second may leave in the next: a worker holds half a second's worth and more.
IN_HAND = 3 * RATE


@pytest.fixture
def database(database_url):
    made = make_database(database_url)
    yield made
    made.dispose()


def seconds_of(database, letter):
    """The second at which each message was settled as sent, in order."""
    of_it = sa.select(delivery_event.c.at).where(delivery_event.c.mailing_id == letter)
    with database.reading() as connection:
        return sorted(connection.scalars(of_it.where(delivery_event.c.state == RowState.SENT)))


def test_three_processes_keep_one_rate_whoever_is_killed(tmp_path, database):
    add_people(database, PEOPLE)
    letter, relay = add_mailing(database, PEOPLE), Relay(tmp_path)
    crew = Crew(tmp_path, database, relay, MAILER_SENDING__RATE_PER_MAILING=str(RATE))
    began = int(datetime.now(UTC).timestamp())
    try:
        workers = [crew.start() for _ in range(3)]
        until(lambda: relay.number > RATE)
        crew.kill(workers[0])
        crew.start()
        until(lambda: not {RowState.QUEUED, RowState.LEASED, RowState.SENDING} & set(states(database, letter)))
        crew.end()
    finally:
        crew.abandon()
        relay.close()
    settled = seconds_of(database, letter)
    assert len(settled) >= PEOPLE - 16, described(database, letter)
    for first, begin in enumerate(settled):
        for last in range(first, len(settled)):
            seconds = settled[last] - begin + 1
            assert last - first + 1 <= RATE * seconds * 1.02 + RATE / 4 + 1 + IN_HAND
    # Over the whole run nothing can have been in hand before it began: the rate is what bounds it.
    assert settled[-1] - began + 1 >= (len(settled) - RATE / 4 - 1) / (RATE * 1.02)
    assert set(relay.accepted.values()) == {1}


LIMITS = """
[[relays]]
name = "north"
host = "127.0.0.1"
port = {port}
security = "none"
daily_quota = 5
quota_zone = "{zone}"
"""


def test_send_says_when_the_last_leaves_and_until_when_the_rest_waits(tmp_path):
    relay = Relay(tmp_path)
    folder = make_project(tmp_path / "project", toml=LIMITS.format(port=relay.port, zone=zone_at_noon()))
    database = make_database(f"sqlite:///{folder / 'mailer.db'}")
    populate(database, 12)
    database.dispose()
    commands = Commands(folder)
    try:
        dry = commands("send", "letter", "--dry-run")
        assert re.search(r"Speed +about [\d.]+ (hours|days), until ", dry.err), dry.err
        run = commands("send", "letter", "--yes", "--expect", "12")
        assert run.code == 0, run.err
        assert relay.number == 5
        assert re.search(r"7 wait for the quota of the day, until .*; keep `mailer worker` running", run.err), run.err
        drained = commands("worker", "--drain", "--json")
        midnight = datetime.fromisoformat(drained.json["left"][0]["next_at"]).astimezone(ZoneInfo(zone_at_noon()))
        assert midnight.time() == time()
        assert drained.json["sent"] == 0
    finally:
        relay.close()
