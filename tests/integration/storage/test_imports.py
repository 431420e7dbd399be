"""People from files: counted, once each, never against their will, in whole batches, and taken back. Exports: `test_exports`."""

import stat
from datetime import timedelta

import pytest
import sqlalchemy as sa

from import_world import NOW, who
from ledger_world import add_mailing
from mailer.domain.subscriber import SuppressionReason
from mailer.errors import MailerError, UnknownName
from mailer.storage import imports, person_changes, subscriptions, suppressions, tables
from mailer.storage.history import history
from mailer.storage.import_undo import undo_import
from mailer.storage.subscribers import find_by_email


def test_everybody_is_counted_once(bring, database):
    assert bring(
        "email,first_name,city,tags\na@example.org,Ana,Leeds,donor\nb@example.org,,,\nA@Example.org,X,,\nbad,,,\n"
    ) == {
        "read": 4,
        "new": 2,
        "invalid": 1,
        "duplicate": 1,
    }
    assert [row[0] for row in bring.problems] == ["4", "5"]
    ana = who(database, "a@example.org")
    assert (ana.first_name, ana.attributes, ana.tags, ana.lists) == ("Ana", {"city": "Leeds"}, ("donor",), ("news",))
    assert ana.subscriptions[0].consent == "import of people.csv on 2024-11-22"
    assert ana.joined_at == NOW


def test_again_changes_nothing_and_an_empty_cell_neither(bring, database):
    text = "email,first_name,city\na@example.org,Ana,Leeds\n"
    bring(text)
    assert bring(text) == {"read": 1, "unchanged": 1}
    assert bring("email,first_name,city\na@example.org,,\n") == {"read": 1, "unchanged": 1}
    assert bring("email,first_name,city,age\na@example.org,Anna,,30\n") == {"read": 1, "updated": 1}
    ana = who(database, "a@example.org")
    assert (ana.first_name, ana.attributes) == ("Anna", {"city": "Leeds", "age": "30"})


def test_a_list_or_a_tag_more_is_an_update(bring, database):
    bring("email\na@example.org\n")
    assert bring("email\na@example.org\n", tags=("donor",)) == {"read": 1, "updated": 1}
    assert bring("email\na@example.org\n", list_name="events", consent="stall, May 2024") == {"read": 1, "updated": 1}
    ana = who(database, "a@example.org")
    assert ana.lists == ("events", "news")
    assert ana.subscriptions[0].consent == "stall, May 2024"


def test_nobody_who_left_comes_back(bring, database):
    bring("email,city\na@example.org,\nb@example.org,\nc@example.org,\nd@example.org,\n")
    with database.writing() as connection:
        ids = {name: find_by_email(connection, f"{name}@example.org") for name in "abcd"}
        subscriptions.leave(connection, ids["a"], list_name="news", mailing_id=None, at=NOW)
        subscriptions.leave(connection, ids["b"], list_name=None, mailing_id=None, at=NOW)
        suppressions.suppress(connection, "c@example.org", reason=SuppressionReason.COMPLAINT, at=NOW)
        person_changes.erase(connection, ids["d"], at=NOW)
    before = [who(database, f"{name}@example.org") for name in "abcd"]
    assert bring(
        "email,city\nA@example.org,York\nb@example.org,York\nc@example.org,York\nd@example.org,York\n", tags=("x",)
    ) == {
        "read": 4,
        "suppressed": 4,
    }
    assert [who(database, f"{name}@example.org") for name in "abcd"] == before
    assert before[3] is None
    reasons = {row[1].lower()[0]: row[2] for row in bring.problems}
    assert reasons["a"] == "left this list: left alone"
    assert reasons["b"] == "asked to hear nothing more: left alone"
    assert reasons["c"] == "may not be mailed (complaint): left alone"


def test_who_left_one_list_may_join_another(bring, database):
    bring("email\na@example.org\n")
    with database.writing() as connection:
        subscriptions.leave(
            connection, find_by_email(connection, "a@example.org"), list_name="news", mailing_id=None, at=NOW
        )
    assert bring("email\na@example.org\n", list_name="events") == {"read": 1, "updated": 1}
    assert who(database, "a@example.org").lists == ("events",)


def test_a_pending_subscription_stays_pending(bring, database):
    bring("email\na@example.org\n")
    with database.writing() as connection:
        connection.execute(tables.subscription.update().values(status="pending"))
    assert bring("email,city\na@example.org,Leeds\n") == {"read": 1, "updated": 1}
    assert who(database, "a@example.org").status.value == "pending"


def test_a_dry_run_counts_the_same_and_changes_nothing(bring, database):
    bring("email\na@example.org\n")
    text = "email,city\na@example.org,Leeds\nb@example.org,\nb@example.org,\nbad,\n"
    with database.reading() as connection:
        before = [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            for table in tables.metadata.sorted_tables
        ]
    counted = bring(text, dry_run=True, tags=("new tag",), list_name="events")
    assert bring.batch is None
    with database.reading() as connection:
        after = [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            for table in tables.metadata.sorted_tables
        ]
    assert before == after
    assert counted == bring(text, tags=("new tag",), list_name="events")


def test_batches_see_each_other_and_each_is_whole(bring, database, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 3)
    rows = "".join(f"p{number % 7}@example.org\n" for number in range(10))
    assert bring(f"email\n{rows}") == {"read": 10, "new": 7, "duplicate": 3}
    assert {row[0] for row in bring.problems} == {"9", "10", "11"}
    assert bring(f"email\n{rows}", dry_run=True) == {"read": 10, "unchanged": 7, "duplicate": 3}


def test_an_interrupted_import_keeps_whole_batches_and_is_finished_by_running_it_again(bring, database, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 3)
    text = "email\n" + "".join(f"p{number}@example.org\n" for number in range(8))
    taken = []

    class Interrupted(Exception):
        pass

    original = imports._Run._settle

    def interrupt(run, fates):
        original(run, fates)
        taken.append(1)
        if len(taken) == 2:
            raise Interrupted

    monkeypatch.setattr(imports._Run, "_settle", interrupt)
    with pytest.raises(Interrupted):
        bring(text)
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.subscriber)) == 3
    assert bring(text) == {"read": 8, "new": 5, "unchanged": 3}


def test_undo_takes_back_what_nobody_touched(bring, database):
    bring("email,city\nold@example.org,\n")
    bring(
        "email,city\n" + "".join(f"{name}@example.org,York\n" for name in ("old", "new", "tagged", "mailed", "left")),
        tags=("fair",),
    )
    batch = bring.batch
    letter = add_mailing(database, 0)
    with database.writing() as connection:
        ids = {name: find_by_email(connection, f"{name}@example.org") for name in ("tagged", "mailed", "left")}
        person_changes.add_tags(connection, ids["tagged"], ["donor"], at=NOW)
        subscriptions.leave(connection, ids["left"], list_name="news", mailing_id=None, at=NOW)
        connection.execute(tables.delivery.insert().values(mailing_id=letter, subscriber_id=ids["mailed"], state=3))
    with database.writing() as connection:
        done = undo_import(connection, batch, at=NOW)
    assert (done.people, done.mailed, done.changed, done.updated) == (1, 1, 2, 1)
    assert who(database, "new@example.org") is None
    assert who(database, "old@example.org").attributes == {"city": "York"}
    assert who(database, "old@example.org").lists == ("news",)
    assert who(database, "tagged@example.org").tags == ("donor",)
    assert who(database, "left@example.org").status.value == "unsubscribed"
    with database.writing() as connection, pytest.raises(MailerError, match="taken back"):
        undo_import(connection, batch, at=NOW)
    with database.writing() as connection, pytest.raises(UnknownName, match="no import 99"):
        undo_import(connection, 99, at=NOW)


def test_undo_leaves_memberships_in_which_somebody_was_mailed_since(bring, database):
    bring("email\nmailed@example.org\nnot@example.org\n")
    bring("email\nmailed@example.org\nnot@example.org\n", list_name="events")
    with database.writing() as connection:
        assert find_by_email(connection, "mailed@example.org") == 1
    add_mailing(database, 1, list_name="events")
    add_mailing(database, 2, list_name="news", number=2)
    with database.writing() as connection:
        done = undo_import(connection, bring.batch, at=NOW)
    assert (done.memberships, done.people, done.mailed) == (1, 0, 0)
    assert who(database, "mailed@example.org").lists == ("events", "news")
    assert who(database, "not@example.org").lists == ("news",)


def test_undo_takes_only_tags_that_the_import_gave_and_nobody_since(bring, database):
    """Known: here before; came: brought by the import, and kept because something happened to them."""
    bring("email,tags\nknown@example.org,own\n")
    ids = {}

    def by_hand(change, *names):
        with database.writing() as connection:
            for name in names:
                ids[name] = find_by_email(connection, f"{name}@example.org")
                change(connection, ids[name], ["again"], at=NOW)

    by_hand(person_changes.add_tags, "known")  # before: it says nothing of what comes later
    by_hand(person_changes.remove_tags, "known")
    people = "known@example.org,\ncame@example.org,\n"
    bring(f"email,tags\n{people}", tags=("again", "later", "fair"))
    batch = bring.batch
    by_hand(person_changes.remove_tags, "known", "came")
    by_hand(person_changes.add_tags, "known", "came")
    with database.writing() as connection:
        for one in ids.values():
            person_changes.remove_tags(connection, one, ["later"], at=NOW)
    bring(f"email,tags\n{people}", tags=("later",))
    with database.writing() as connection:
        done = undo_import(connection, batch, at=NOW)
    assert (done.tags, done.people) == (2, 0)
    assert who(database, "known@example.org").tags == ("again", "later", "own")
    assert who(database, "came@example.org").tags == ("again", "later")


def test_an_id_is_never_used_again(bring, database):
    bring("email\na@example.org\n")
    with database.writing() as connection:
        first = find_by_email(connection, "a@example.org")
        person_changes.erase(connection, first, at=NOW)
    bring("email\nb@example.org\n")
    with database.reading() as connection:
        assert find_by_email(connection, "b@example.org") > first


def test_history_tells_of_the_import(bring, database):
    bring("email\na@example.org\n")
    bring("email,city\na@example.org,York\n", name="more.csv")
    with database.writing() as connection:
        found = find_by_email(connection, "a@example.org")
        person_changes.add_tags(connection, found, ["donor"], at=NOW + timedelta(hours=1))
        byhand, _ = person_changes.add_person(connection, "b@example.org", at=NOW)
        events = [(event.at - NOW, event.kind.value, event.detail) for event in history(connection, found)]
        assert history(connection, byhand) == []
    assert events == [
        (timedelta(0), "imported", "import 1: people.csv"),
        (timedelta(minutes=1), "imported", "import 2: more.csv"),
        (timedelta(hours=1), "tagged", "donor"),
    ]


def test_the_problem_file_is_private_and_safe_to_open(bring, tmp_path):
    bring("email\n=cmd|calc\n")
    assert stat.S_IMODE((tmp_path / "people.problems.csv").stat().st_mode) == 0o600
    assert bring.problems == [["2", "'=cmd|calc", "not an address: it has no @"]]
