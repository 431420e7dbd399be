"""What people want to hear of: brought by a file, chosen by hand or by themselves, and taken back."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from mailer.domain.topics import Topics
from mailer.sources import own_csv
from mailer.storage import people, person_changes, tables
from mailer.storage.history import Happened, history
from mailer.storage.import_files import FileOptions, import_file
from mailer.storage.import_undo import undo_import
from mailer.storage.subscribers import find_by_email, recipient_by_email

NOW = datetime(2024, 11, 22, 9, tzinfo=UTC)
TOPICS = Topics({"peru": "Peru", "trade": "Trade and work"})


@pytest.fixture
def bring(database, tmp_path):
    """Import a text; gives the counts that are not zero."""

    def run(text, *, topics=TOPICS, **options):
        path, problems = tmp_path / "people.csv", tmp_path / "people.problems.csv"
        path.write_text(text, encoding="utf-8", newline="")
        problems.unlink(missing_ok=True)
        settings = FileOptions(
            name="people.csv", list_name=None, default_list="news", declared_lists=("news",), topics=topics, **options
        )
        done = import_file(lambda: database, path, settings, problems=problems, at=NOW)
        assert done.counts.adds_up
        run.batch = done.batch
        run.problems = [row[2] for row in csv.reader(io.StringIO(problems.read_text()))][1:] if done.problems else []
        return {name: number for name, number in done.counts.to_json().items() if number}

    return run


def chosen(database, email="a@example.org"):
    with database.reading() as connection:
        return people.person(connection, find_by_email(connection, email)).topics


def choose(database, *topics, by=Happened.PREFERENCES, email="a@example.org"):
    with database.writing() as connection:
        return person_changes.choose_topics(connection, find_by_email(connection, email), topics, at=NOW, by=by)


def test_a_file_says_what_people_want_to_hear_of_by_slug_or_title(bring, database):
    text = "email,topics\na@example.org,Trade and Work; peru\nb@example.org,\nc@example.org,PERU,\n"
    assert bring(text) == {"read": 3, "new": 3}
    assert [chosen(database, f"{one}@example.org") for one in "abc"] == [("peru", "trade"), (), ("peru",)]
    with database.reading() as connection:
        assert recipient_by_email(connection, "a@example.org", frozenset({"topics"})).fields == {
            "topics": ("peru", "trade")
        }


def test_an_unknown_topic_is_refused_with_the_one_that_was_meant(bring):
    assert bring("email,topics\na@example.org,peruu\nb@example.org,cheese\n") == {"read": 2, "invalid": 2}
    assert bring.problems == [
        'there is no topic "peruu": did you mean "peru"?',
        'there is no topic "cheese": known: peru, trade',
    ]


def test_without_a_table_any_slug_is_a_topic(bring, database):
    text = "email,topics\na@example.org,labour-law\nb@example.org,Labour law!\n"
    assert bring(text, topics=Topics()) == {"read": 2, "new": 1, "invalid": 1}
    assert chosen(database) == ("labour-law",)
    assert bring.problems == ['"Labour law!" cannot be a topic: write labour-law']


def test_a_column_can_be_mapped_and_an_empty_cell_changes_nothing(bring, database):
    bring("email,Interests\na@example.org,peru\n", maps=("Interests=topics",))
    assert bring("email,topics\na@example.org,\n") == {"read": 1, "unchanged": 1}
    assert bring("email,topics\na@example.org,peru\n") == {"read": 1, "unchanged": 1}
    assert bring("email,topics\na@example.org,trade\n", dry_run=True) == {"read": 1, "updated": 1}
    assert chosen(database) == ("peru",)
    assert bring("email,topics,city\na@example.org,trade,Leeds\n") == {"read": 1, "updated": 1}
    assert chosen(database) == ("trade",)


def test_what_somebody_chose_on_their_own_page_no_file_changes(bring, database):
    bring("email\na@example.org\nb@example.org\n")
    choose(database, "peru")
    choose(database, "peru", by=Happened.CHANGED, email="b@example.org")
    text = "email,topics\na@example.org,trade\nb@example.org,trade\n"
    assert bring(text) == {"read": 2, "updated": 1, "unchanged": 1}
    assert (chosen(database), chosen(database, "b@example.org")) == (("peru",), ("trade",))


def test_undo_puts_back_what_the_import_changed_and_nobody_since(bring, database):
    bring("email,topics\na@example.org,peru\nb@example.org,peru\nc@example.org,\n")
    bring("email,topics\na@example.org,trade\nb@example.org,trade\nc@example.org,trade\nd@example.org,trade\n")
    choose(database, "peru", "trade", email="b@example.org")
    with database.writing() as connection:
        done = undo_import(connection, bring.batch, at=NOW + timedelta(hours=1))
        known = history(connection, find_by_email(connection, "a@example.org"))
        assert find_by_email(connection, "d@example.org") is None
    assert (done.people, done.topics) == (1, 2)
    assert [chosen(database, f"{one}@example.org") for one in "abc"] == [("peru",), ("peru", "trade"), ()]
    assert known[-1].detail == f"import {bring.batch} was taken back"


def test_history_tells_what_changed_when_and_by_whom(bring, database):
    bring("email\na@example.org\n")
    assert choose(database, "peru", "trade")
    assert not choose(database, "peru", "trade")
    choose(database, by=Happened.CHANGED)
    with database.reading() as connection:
        events = history(connection, find_by_email(connection, "a@example.org"))[1:]
    assert [(event.kind.value, event.detail) for event in events] == [
        ("preferences", "topics: peru, trade (before: everything)"),
        ("changed", "topics: everything (before: peru, trade)"),
    ]


def test_our_own_export_brings_them_back(bring, database):
    bring("email,topics\na@example.org,peru;trade\nb@example.org,\n")
    text = io.StringIO()
    with database.reading() as connection:
        lists, attributes = people.lists_in_use(connection), people.attribute_columns(connection)
        rows = [own_csv.header(lists, attributes)]
        rows += [own_csv.cells(person, lists, attributes) for person in people.people(connection)]
    csv.writer(text).writerows(rows)
    assert rows[0][11] == "topics"
    told = text.getvalue()
    assert bring(told) == {"read": 2, "unchanged": 2}
    assert bring(told.replace("a@", "c@").replace("b@", "d@")) == {"read": 2, "new": 2}
    assert (chosen(database, "c@example.org"), chosen(database, "d@example.org")) == (("peru", "trade"), ())
    with database.writing() as connection:
        person_changes.erase(connection, find_by_email(connection, "c@example.org"), at=NOW)
    assert bring(told.replace('"peru, trade"', "cheese").replace("a@", "e@"))["invalid"] == 1


def test_who_is_erased_takes_their_choice_along(bring, database):
    bring("email\na@example.org\n")
    bring("email,topics\na@example.org,peru\n")
    choose(database, "trade")
    with database.writing() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.topic_change)) == 1
        person_changes.erase(connection, find_by_email(connection, "a@example.org"), at=NOW)
        for table in (tables.topic_change, tables.subscriber_event):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0
