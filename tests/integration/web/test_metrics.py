"""/metrics as Prometheus reads it: true figures, nothing personal, on a listener of its own, and no load to speak of."""

import re
import urllib.error
import urllib.request
from datetime import timedelta

import pytest
import sqlalchemy as sa

from ledger_world import add_mailing, add_people, make_database
from mailer.app import App
from mailer.domain.mailing import MailingState, RowState
from mailer.settings import WebSettings, load
from mailer.storage import alerts, instance, mailings
from mailer.storage.heartbeats import Role, beating
from mailer.storage.measures import Gauge, untouched
from mailer.storage.tables import delivery, delivery_event, mailing
from mailer.web.metrics import Kept, measured, page
from sending_world import Clock

SAMPLE = re.compile(r'([a-z_]+)(?:\{([a-z]+="[a-z_]+")\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)')


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(tmp_path, clock):
    url = f"sqlite:///{tmp_path / 'mailer.db'}"
    database = make_database(url)
    add_people(database, 6)
    database.dispose()
    made = App(load(None, {"MAILER_DATABASE_URL": url, "MAILER_WEB__METRICS": "127.0.0.1:0"}), clock=clock)
    yield made
    made.close()


def figures(app):
    """{name or name{label}: value}, and the page is of the form that Prometheus reads."""
    with app.database.reading() as connection:
        text = page(Gauge().look(connection, now=app.clock()))
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, label, value = SAMPLE.fullmatch(line).groups()
            assert f"# TYPE {name} " in text
            assert f"# HELP {name} " in text
            found[f"{name}{{{label}}}" if label else name] = float(value)
    return found


def put(app, letter, **states):
    """Rows of the mailing, in turn, into so many of each state."""
    with app.database.writing() as connection:
        people = iter(range(1, 7))
        for state, number in states.items():
            for _ in range(number):
                row = sa.and_(delivery.c.mailing_id == letter, delivery.c.subscriber_id == next(people))
                in_hand = int(state in ("leased", "sending"))
                connection.execute(sa.update(delivery).where(row).values(state=RowState[state.upper()], lease=in_hand))


def test_rows_stand_under_their_states_of_all_mailings_together(app, clock):
    put(app, add_mailing(app.database, 6), sent=3, failed=1, sending=1)
    put(app, add_mailing(app.database, 2, number=2, state=MailingState.FINISHED), sent=2)
    found = figures(app)
    depth = {state: found[f'mailer_queue_depth{{state="{state}"}}'] for state in ("queued", "leased", "sending")}
    assert depth == {"queued": 1, "leased": 0, "sending": 1}
    assert found['mailer_deliveries{outcome="sent"}'] == 5
    assert found['mailer_deliveries{outcome="failed"}'] == 1
    assert found['mailer_mailings{state="sending"}'] == found['mailer_mailings{state="finished"}'] == 1


def test_an_ended_mailing_is_counted_once_and_again_when_it_is_tried_again(app, clock):
    letter = add_mailing(app.database, 6)
    put(app, letter, sent=5, failed=1)
    gauge = Gauge()

    def look():
        with app.database.reading() as connection:
            return gauge.look(connection, now=clock()).rows[RowState.SENT]

    with app.database.writing() as connection:
        mailings.finish_if_done(connection, letter, at=clock())
    assert look() == 5
    with app.database.writing() as connection:
        connection.execute(sa.update(delivery).values(state=RowState.SENT))
    assert look() == 5, "nobody looks at the rows of an ended mailing again"
    with app.database.writing() as connection:
        mailings.move(connection, letter, MailingState.SENDING, at=clock())
        mailings.finish_if_done(connection, letter, at=clock() + timedelta(minutes=1))
    assert look() == 6


def test_how_long_a_message_has_been_due(app, clock):
    letter = add_mailing(app.database, 6, started_at=clock() - timedelta(hours=2))
    assert figures(app)["mailer_oldest_due_seconds"] == 7200
    with app.database.writing() as connection:
        connection.execute(sa.update(delivery).values(due=int(clock().timestamp()) - 30))
    assert figures(app)["mailer_oldest_due_seconds"] == 30
    with app.database.writing() as connection:
        mailings.move(connection, letter, MailingState.PAUSED, reason="by hand", at=clock())
    assert figures(app)["mailer_oldest_due_seconds"] == 0, "what is paused is not due"


def test_who_lives_what_was_lost_and_what_nobody_was_told(app, clock):
    instance.settle(app.database, now=clock())
    with app.database.writing() as connection:
        instance.count_reaped(connection, 3)
        alerts.add(connection, alerts.Kind.HELD, key="x", detail="", at=clock())
    instance.note_backup(app.database, clock(), now=clock())
    with beating(app.database, clock, Role.WORKER), beating(app.database, clock, Role.WEB):
        clock.now += timedelta(seconds=9)
        found = figures(app)
        assert found['mailer_processes{role="worker"}'] == found['mailer_processes{role="web"}'] == 1
        assert found['mailer_last_beat_seconds{role="worker"}'] == 9
        clock.now += timedelta(seconds=9)
        assert figures(app)['mailer_processes{role="worker"}'] == 0
    assert found["mailer_leases_reaped_total"] == 3
    assert found["mailer_alerts_waiting"] == 2
    assert found["mailer_last_backup_timestamp_seconds"] == (clock() - timedelta(seconds=18)).timestamp()
    assert found["process_cpu_seconds_total"] > 0
    assert found["process_resident_memory_bytes"] > 1_000_000


def test_it_is_served_where_the_settings_say_and_nothing_else_is(app):
    with measured(app) as url:
        with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            text = answer.read().decode()
        for path in ("/", "/u/x", "/healthz"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"{url}{path}", timeout=60)
    assert "mailer_queue_depth" in text
    assert "@" not in text
    assert "letter" not in text
    assert "news" not in text


def test_without_the_setting_nothing_listens(tmp_path):
    assert WebSettings().metrics == ""
    silent = App(load(None, {"MAILER_DATABASE_URL": f"sqlite:///{tmp_path / 'other.db'}"}))
    with measured(silent) as url:
        assert url is None


def test_however_often_it_is_asked_looking_takes_a_twentieth_of_the_time_at_most(app):
    now, looks = [0.0], []
    kept = Kept(app, monotonic=lambda: now[0])

    class Slow(Gauge):
        def look(self, connection, *, now):
            looks.append(1)
            tick()
            return super().look(connection, now=now)

    def tick(seconds=2.0):
        now[0] += seconds

    kept._gauge = Slow()
    for _ in range(1000):
        kept()
        tick(0.1)
    assert 2 * len(looks) <= now[0] / 20 + 2


def test_what_is_due_and_untouched_for_no_reason_is_counted(app, clock):
    letter = add_mailing(app.database, 6, started_at=clock() - timedelta(hours=2))

    def look():
        with app.database.reading() as connection:
            return untouched(connection, now=clock())

    assert look() == 0, "there is no worker, which `status` says"
    with beating(app.database, clock, Role.WORKER):
        assert look() == 6
        put(app, letter, leased=1)
        assert look() == 0, "somebody works at it"
        put(app, letter, queued=1)
        with app.database.writing() as connection:
            event = {"mailing_id": letter, "subscriber_id": 9, "at": int(clock().timestamp()) - 60, "state": 3}
            connection.execute(sa.insert(delivery_event).values(event))
        assert look() == 0, "a minute ago something moved"
        with app.database.writing() as connection:
            connection.execute(sa.delete(delivery_event))
            connection.execute(sa.update(mailing).values(started_at=clock() - timedelta(seconds=100)))
        assert look() == 0, "it has only just begun"
