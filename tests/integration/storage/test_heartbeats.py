"""Heartbeats tell who is at work, and stop telling soon after somebody died."""

import threading
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from mailer.storage import heartbeats
from mailer.storage.heartbeats import ALIVE_FOR, Role, alive, beating, nearest_beat
from mailer.storage.tables import worker

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def lives(database, role=Role.WORKER, *, at=NOW, mailing_id=None):
    with database.reading() as connection:
        return alive(connection, role, now=at, mailing_id=mailing_id)


def test_who_beats_lives_until_it_stops(database):
    assert not lives(database)
    with beating(database, lambda: NOW, Role.WORKER):
        assert lives(database)
        assert lives(database, mailing_id=7), "it works whatever is due"
        assert not lives(database, Role.SCHEDULER)
    assert not lives(database)


def test_a_worker_of_one_mailing_is_no_help_to_another(database):
    with beating(database, lambda: NOW, Role.WORKER, mailing_id=7):
        assert lives(database, mailing_id=7)
        assert not lives(database, mailing_id=8)


def test_who_was_killed_counts_as_dead_after_a_while_and_is_forgotten_in_the_end(database):
    with database.writing() as connection:
        connection.execute(sa.insert(worker).values(id=1, host="h", pid=1, role=Role.WORKER, beat_at=NOW))
    assert lives(database, at=NOW + ALIVE_FOR - timedelta(seconds=1))
    assert not lives(database, at=NOW + ALIVE_FOR)
    with beating(database, lambda: NOW + timedelta(days=2), Role.WEB), database.reading() as connection:
        assert connection.scalars(sa.select(worker.c.role)).all() == [Role.WEB]


def test_a_database_that_cannot_be_written_stops_nobody(database):
    with beating(database, lambda: NOW, Role.WORKER), database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE worker")


def beats(database, *rows):
    with database.writing() as connection:
        for number, row in enumerate(rows, 1):
            connection.execute(
                sa.insert(worker).values(id=number, **({"host": "here", "pid": 1, "role": Role.WORKER} | row))
            )


def nearest(database):
    with database.reading() as connection:
        return nearest_beat(connection, Role.WORKER, host="here", now=NOW)


def test_the_nearest_beat_is_that_of_this_machine_this_role_and_whatever_is_due(database):
    assert nearest(database) is None
    ago = [NOW - timedelta(seconds=seconds) for seconds in range(5)]
    beats(
        database,
        {"host": "there", "beat_at": ago[0]},
        {"role": Role.SCHEDULER, "beat_at": ago[1]},
        {"mailing_id": 7, "beat_at": ago[2]},
        {"beat_at": ago[4]},
        {"beat_at": ago[3]},
    )
    assert nearest(database) == ago[3]


def test_a_clock_that_was_set_back_does_not_raise_the_dead(database):
    beats(database, {"beat_at": NOW + timedelta(hours=1)}, {"beat_at": NOW - timedelta(seconds=4)})
    assert nearest(database) == NOW - timedelta(seconds=4)


def test_who_hangs_gives_no_sign_of_life_until_it_moves_again(database, monkeypatch):
    monkeypatch.setattr(heartbeats, "EVERY", timedelta(milliseconds=1))
    now, moves, asked = [NOW], [False], threading.Semaphore(0)

    def moving():
        asked.release()
        return moves[0]

    def beats_at(moment):
        now[0] = moment
        while asked.acquire(blocking=False):  # what was asked before says nothing
            pass
        for _ in range(3):  # the last one asked after the one before was dealt with
            assert asked.acquire(timeout=60)
        return lives(database, at=moment)

    with beating(database, lambda: now[0], Role.WORKER, moving=moving):
        assert lives(database)
        assert not beats_at(NOW + timedelta(minutes=1))
        moves[0] = True
        assert beats_at(NOW + timedelta(minutes=1))
