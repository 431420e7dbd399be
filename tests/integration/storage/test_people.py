import sqlalchemy as sa

from ledger_world import add_people, email
from mailer.storage import people
from mailer.storage.tables import subscriber

MANY = 3000


def emails(database, ids=None):
    with database.reading() as connection:
        return [person.email for person in people.people(connection, ids)]


def test_everybody_comes_once_oldest_first_however_many_they_are(database):
    add_people(database, MANY)
    assert emails(database) == [email(number) for number in range(1, MANY + 1)]


def test_those_whom_a_query_selects_come_in_the_same_order(database):
    add_people(database, MANY)
    third = sa.select(subscriber.c.id).where(subscriber.c.id % 3 == 0).order_by(subscriber.c.id.desc())
    assert emails(database, third) == [email(number) for number in range(3, MANY + 1, 3)]
    assert emails(database, sa.select(subscriber.c.id).where(sa.false())) == []


def test_one_person_is_the_same_as_among_all(database):
    add_people(database, 3)
    with database.reading() as connection:
        assert people.person(connection, 2) == list(people.people(connection))[1]
