"""A connection that one thread keeps for its transactions."""

import pytest
import sqlalchemy as sa

from mailer.storage.kept import Kept
from mailer.storage.tables import mailing_list


def names(database):
    with database.reading() as connection:
        return sorted(connection.scalars(sa.select(mailing_list.c.name)))


def test_transactions_share_it_and_each_is_committed_by_itself(database):
    kept, seen = Kept(), []
    for name in ("news", "events"):
        with database.writing(kept) as connection:
            connection.execute(sa.insert(mailing_list).values(name=name))
            seen.append(connection)
        assert name in names(database)
    assert seen[0] is seen[1]
    kept.close()


def test_after_a_failure_nothing_is_left_of_it_and_the_next_one_is_new(database):
    kept, seen = Kept(), []
    with pytest.raises(ZeroDivisionError), database.writing(kept) as connection:  # noqa: PT012 (the point)
        seen.append(connection)
        connection.execute(sa.insert(mailing_list).values(name="news"))
        raise ZeroDivisionError
    with database.writing(kept) as connection:
        connection.execute(sa.insert(mailing_list).values(name="events"))
        seen.append(connection)
    assert names(database) == ["events"]
    assert seen[0] is not seen[1]
    assert seen[0].closed
    kept.close()
    assert seen[1].closed


def test_between_transactions_others_may_write(database):
    kept = Kept()
    with database.writing(kept):
        pass
    with database.writing() as connection:
        connection.execute(sa.insert(mailing_list).values(name="news"))
    assert names(database) == ["news"]
    kept.close()
    kept.close()
