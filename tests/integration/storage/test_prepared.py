"""A prepared statement does what SQLAlchemy would do with it: the same rows, the same errors, no parameter in a message."""

import pytest
import sqlalchemy as sa

from ledger_world import make_database
from mailer.storage.prepared import Prepared
from mailer.storage.tables import mailing_list

NAME = sa.bindparam("p_name", type_=sa.Text)
ADD = Prepared(sa.insert(mailing_list).values(name=NAME))
RENAME = Prepared(sa.update(mailing_list).values(name=NAME).where(mailing_list.c.name == "news").returning(NAME))


@pytest.fixture
def database(tmp_path):
    made = make_database(f"sqlite:///{tmp_path / 'mailer.db'}")
    yield made
    made.dispose()


def test_rows_come_back_where_the_statement_returns_some(database):
    with database.writing() as connection:
        assert ADD(connection, p_name="news") == []
        assert RENAME(connection, p_name="events") == [("events",)]
        assert RENAME(connection, p_name="letters") == []


def test_it_is_part_of_the_transaction(database):
    with pytest.raises(ZeroDivisionError), database.writing() as connection:  # noqa: PT012 (the point)
        ADD(connection, p_name="news")
        raise ZeroDivisionError
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(mailing_list)) == 0


def test_errors_are_those_of_sqlalchemy_and_name_no_parameter(database):
    with pytest.raises(sa.exc.IntegrityError) as caught, database.writing() as connection:  # noqa: PT012 (the second fails)
        ADD(connection, p_name="a secret")
        ADD(connection, p_name="a secret")
    assert "a secret" not in str(caught.value)


COUNTED = Prepared(sa.update(mailing_list).values(name=NAME).where(mailing_list.c.name == "news"))
IDS_AND_NAMES = sa.select(sa.bindparam("p_id", type_=sa.BigInteger), NAME)
ADD_AS = Prepared(sa.insert(mailing_list).from_select(["id", "name"], IDS_AND_NAMES))


def test_many_rows_at_once(database):
    with database.writing() as connection:
        ADD_AS.many(connection, ("p_id", "p_name"), [(7, "news"), (8, "events")])
        assert connection.execute(sa.select(mailing_list.c.id, mailing_list.c.name)).all() == [
            (7, "news"),
            (8, "events"),
        ]
        with pytest.raises(AssertionError, match="are wanted as"):
            ADD_AS.many(connection, ("p_name", "p_id"), [("letters", 9)])


def test_the_rows_that_it_changes_are_counted(database):
    with database.writing() as connection:
        ADD(connection, p_name="news")
        assert COUNTED.count(connection, p_name="events") == 1
        assert COUNTED.count(connection, p_name="letters") == 0
