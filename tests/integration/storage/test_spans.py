"""A large audience is gone through in parts: together they are everybody, each once."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from ledger_world import add_people, make_database
from mailer.domain.audience import Audience, Want
from mailer.domain.mailing import RowState
from mailer.storage import audiences, spans
from mailer.storage.tables import delivery, subscriber
from mailer.storage.viewers import viewers

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NEWS = Audience(list_name="news")
GONE = (4, 5, 6, 11)
PEOPLE = [who for who in range(1, 20) if who not in GONE]
HAD_FIRST, HAD_SECOND = {1, 2, 7, 13}, {2, 3, 13, 19}


@pytest.fixture(params=[3, 100], ids=["in many spans", "in one"])
def database(request, database_url, monkeypatch):
    monkeypatch.setattr(spans, "LENGTH", request.param)
    made = make_database(database_url)
    add_people(made, 19)
    with made.writing() as connection:
        connection.execute(sa.delete(subscriber).where(subscriber.c.id.in_(GONE)))
        for number, had in enumerate((HAD_FIRST, HAD_SECOND), 1):
            rows = [{"mailing_id": number, "subscriber_id": who, "state": RowState.SENT} for who in had]
            connection.execute(sa.insert(delivery), rows)
    yield made
    made.dispose()


def all_of(database, audience):
    with database.reading() as connection:
        bounds = audiences.bounds(connection, audience)
        found = [one for span in bounds for one in audiences.ids(connection, audience, now=NOW, span=span)]
        assert audiences.count(connection, audience, now=NOW) == len(found)
        if found:
            assert audiences.anybody(connection, audience, now=NOW) in found
    return found


def test_everybody_comes_once_and_in_order(database):
    assert all_of(database, NEWS) == PEOPLE
    assert all_of(database, Audience(list_name="nobody's")) == []


def test_a_sample_is_drawn_from_all(database):
    sample = all_of(database, replace(NEWS, limit=7, sample_seed=3))
    assert len(sample) == 7
    assert sample == sorted(set(sample) & set(PEOPLE))


def test_whoever_had_it_is_left_out_in_each_part(database):
    assert all_of(database, replace(NEWS, without=(1,))) == [who for who in PEOPLE if who not in HAD_FIRST]
    wants = (Want(without=(1,)), Want(without=(2,)))
    assert all_of(database, replace(NEWS, wants=wants)) == [who for who in PEOPLE if who not in HAD_FIRST & HAD_SECOND]


def test_kinds_of_people_add_up(database):
    found = Counter()
    with database.reading() as connection:
        for kind in viewers(connection, NEWS, (1, 2), now=NOW):
            found[kind.received] += kind.people
    both, first, second = HAD_FIRST & HAD_SECOND, HAD_FIRST - HAD_SECOND, HAD_SECOND - HAD_FIRST
    none = len(PEOPLE) - len(HAD_FIRST | HAD_SECOND)
    assert found == {(1, 2): len(both), (1,): len(first), (2,): len(second), (): none}


def test_without_people_there_is_no_span(database_url):
    database = make_database(database_url)
    assert all_of(database, NEWS) == []
    with database.reading() as connection:
        assert list(spans.spans(connection)) == []
    database.dispose()
