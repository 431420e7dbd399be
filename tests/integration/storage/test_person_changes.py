"""Changes to one person by hand, by several people at once."""

import threading
from datetime import UTC, datetime

from ledger_world import add_people, somebody_waits
from mailer.storage import people, person_changes
from waiting import PATIENCE, until

NOW = datetime(2024, 11, 22, 9, tzinfo=UTC)


def at_the_same_moment(database, one, other):
    """Both change a person; the second begins while the first has not ended."""

    def second():
        with database.writing() as connection:
            other(connection)

    another = threading.Thread(target=second)
    with database.writing() as connection:
        one(connection)
        another.start()
        until(lambda: database.is_sqlite or somebody_waits(database))
    another.join(PATIENCE)


def test_tags_given_and_taken_at_the_same_moment_do_not_undo_each_other(database):
    add_people(database, 1)
    with database.writing() as connection:
        person_changes.add_tags(connection, 1, ["donor", "member"], at=NOW)
    at_the_same_moment(
        database,
        lambda connection: person_changes.add_tags(connection, 1, ["press"], at=NOW),
        lambda connection: person_changes.remove_tags(connection, 1, ["member"], at=NOW),
    )
    with database.reading() as connection:
        assert people.person(connection, 1).tags == ("donor", "press")


def test_fields_of_their_own_set_at_the_same_moment_do_not_undo_each_other(database):
    add_people(database, 1)
    at_the_same_moment(
        database,
        lambda connection: person_changes.change_fields(connection, 1, {}, {"branch": "Leeds"}, at=NOW),
        lambda connection: person_changes.change_fields(connection, 1, {}, {"role": "steward"}, at=NOW),
    )
    with database.reading() as connection:
        assert {"branch": "Leeds", "role": "steward"}.items() <= people.person(connection, 1).attributes.items()
