"""When the last message of a mailing would leave: from the settings, the ledger's quota and the people's addresses."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, add_people, make_database
from mailer.domain.audience import Audience
from mailer.domain.limits import Lane, limits_of
from mailer.launch.ending import expected_end
from mailer.settings import RelaySettings, SendingSettings, Settings
from mailer.storage import quotas
from mailer.storage.ledger import Ledger
from mailer.storage.tables import subscriber

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EVERYBODY = Audience(list_name="news")


@pytest.fixture
def database(database_url):
    made = make_database(database_url)
    add_people(made, 300)
    yield made
    made.dispose()


def lasts(database, *relays, **sending):
    settings = Settings(relays=relays, sending=SendingSettings(**sending))
    with database.reading() as connection:
        ended = expected_end(connection, settings, EVERYBODY, 300, now=NOON, starts_at=NOON)
        return None if ended is None else ended - NOON


def relay(**values):
    return RelaySettings(**({"name": "north", "host": "smtp.example.org"} | values))


def test_rates_and_hours_and_what_is_on_standby(database):
    assert lasts(database, relay(host="127.0.0.1")) is None
    assert lasts(database, relay()) == timedelta(minutes=1)  # five a second where nobody told us
    assert lasts(database, relay(rate=1.0)) == timedelta(minutes=5)
    assert lasts(database, relay(rate=1.0), relay(name="south", rate=2.0, weight=0)) == timedelta(minutes=5)
    assert lasts(database, relay(rate=1.0), window="08:00-12:02") == timedelta(hours=20, minutes=3)
    assert lasts(database, relay(host="127.0.0.1"), rate_per_mailing=3.0) == timedelta(seconds=100)


def test_people_at_a_provider_with_a_rate_of_its_own_are_counted(database):
    with database.writing() as connection:
        at_gmail = sa.update(subscriber).where(subscriber.c.id <= 60)
        address = sa.literal("p") + sa.cast(subscriber.c.id, sa.Text) + "@gmail.com"
        connection.execute(at_gmail.values(email=address, email_key=address))
    assert lasts(database, relay(rate=100.0, provider_rates={"gmail": 0.5})) == timedelta(minutes=2)


def test_what_is_used_of_todays_quota_is_known(database):
    north = relay(host="127.0.0.1", daily_quota=200, warm_up=150, warm_up_growth=2.0)
    assert lasts(database, north) == timedelta(hours=12, seconds=1)
    number = quotas.relay_ids(database, ["north"])["north"]
    lane = Lane(relay=number, limits=limits_of(Settings(), north))
    letter = add_mailing(database, 120)
    ledger = Ledger(database, lambda: NOON)
    assert len(ledger.claim(letter, 500, lease_seconds=60, lane=lane).rows) == 120
    if database.is_sqlite:  # on PostgreSQL the server's day counts, which is another
        assert lasts(database, north) == timedelta(hours=36, seconds=1)
