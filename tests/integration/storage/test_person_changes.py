"""Changes to one person by hand, by several people at once."""

import threading
from datetime import UTC, datetime

from ledger_world import add_people, somebody_waits
from mailer.storage import people, person_changes
from waiting import PATIENCE, until

NOW = datetime(2024, 11, 22, 9, tzinfo=UTC)


def test_tags_given_and_taken_at_the_same_moment_do_not_undo_each_other(database):
    add_people(database, 1)
    with database.writing() as connection:
        person_changes.add_tags(connection, 1, ["donor", "member"], at=NOW)

    def take():
        with database.writing() as connection:
            person_changes.remove_tags(connection, 1, ["member"], at=NOW)

    another = threading.Thread(target=take)
    with database.writing() as connection:
        person_changes.add_tags(connection, 1, ["press"], at=NOW)
        another.start()
        until(lambda: database.is_sqlite or somebody_waits(database))
    another.join(PATIENCE)
    with database.reading() as connection:
        assert people.person(connection, 1).tags == ("donor", "press")
