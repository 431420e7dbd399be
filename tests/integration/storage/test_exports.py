"""What one database exports another imports: the same people, under the same names, with what they said."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from import_world import NOW, who
from mailer.domain.address import email_key
from mailer.domain.subscriber import SuppressionReason
from mailer.errors import UnknownName
from mailer.sources import own_csv
from mailer.storage import people, person_changes, subscriptions, suppressions, tables
from mailer.storage.database import Database, compact_json
from mailer.storage.import_files import FileOptions, import_file
from mailer.storage.import_staging import attributes_json
from mailer.storage.schema import upgrade
from mailer.storage.subscribers import find_by_email
from segment_trees import TEXT, VALUES

CELLS = st.one_of(
    TEXT, st.sampled_from(["=1+1", "'=1", "''@x", "-5", "+44", "\t", "\r\n", "a\rb", "'", "plain", '"q"', "a,b;c"])
)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
LISTED = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["confirmed", "pending", "unsubscribed"]),
        "consent": st.one_of(st.just(""), CELLS),
        "consented_at": MOMENTS,
        "changed_at": MOMENTS,
    }
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "public_id": st.integers(-(2**63), 2**63 - 1),
            "first_name": st.one_of(st.just(""), CELLS),
            "last_name": st.one_of(st.just(""), CELLS),
            "name": st.one_of(st.just(""), CELLS),
            "language": st.sampled_from(["", "es", "pt-BR"]),
            "timezone": st.sampled_from(["", "America/Lima"]),
            "country": st.sampled_from(["", "BR"]),
            "attributes": st.dictionaries(
                st.sampled_from(["city", "age", "Odd_Name", "public_id"]), st.one_of(CELLS, VALUES), max_size=3
            ),
            "created_at": MOMENTS,
            "tags": st.sets(st.sampled_from(["donor", "big fish", "=x"])),
            "topics": st.sets(st.sampled_from(["peru", "trade", "labour-law"])).map(sorted),
            "lists": st.dictionaries(st.sampled_from(["news", "events"]), LISTED),
            "suppressed": st.sampled_from(
                [None, *(reason for reason in SuppressionReason if reason.value != "erased")]
            ),
        }
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda record: record["public_id"],
)


def exported(database):
    text = io.StringIO()
    with database.reading() as connection:
        lists, attributes = people.lists_in_use(connection), people.attribute_columns(connection)
        writer = csv.writer(text)
        writer.writerow(own_csv.header(lists, attributes))
        writer.writerows(own_csv.cells(person, lists, attributes) for person in people.people(connection))
    return text.getvalue()


def write(connection, record, number):
    email = f"P{number}@example.org"
    columns = {name: value for name, value in record.items() if name not in ("tags", "lists", "suppressed")}
    key = email_key(email)
    connection.execute(
        tables.subscriber.insert().values(id=number, email=email, email_key=key, updated_at=NOW, **columns)
    )
    person_changes.add_tags(connection, number, sorted(record["tags"]), at=NOW)
    ids = subscriptions.list_ids(connection, frozenset(record["lists"]))
    for name, values in record["lists"].items():
        connection.execute(tables.subscription.insert().values(list_id=ids[name], subscriber_id=number, **values))
    if record["suppressed"]:
        suppressions.suppress(connection, key, reason=record["suppressed"], at=NOW)


def test_what_somebody_said_to_another_database_counts_for_who_is_here_already(bring, database):
    bring("email\na@example.org\nb@example.org\nc@example.org\n")
    with database.writing() as connection:
        for name in "abc":
            suppressions.suppress(connection, f"{name}@example.org", reason=SuppressionReason.COMPLAINT, at=NOW)
    told = exported(database)
    with database.writing() as connection:
        for name in "abc":
            suppressions.release(connection, f"{name}@example.org", at=NOW)
        subscriptions.leave(
            connection, find_by_email(connection, "b@example.org"), list_name="news", mailing_id=1, at=NOW
        )
        person_changes.erase(connection, find_by_email(connection, "c@example.org"), at=NOW)
    assert bring(told) == {"read": 3, "updated": 1, "suppressed": 2}
    with database.reading() as connection:
        for name in "ab":
            assert suppressions.find(connection, f"{name}@example.org").reason is SuppressionReason.COMPLAINT
        assert [one.email_key for one in suppressions.everyone(connection) if one.email_key.startswith("c")] == []
    assert bring(told) == {"read": 3, "suppressed": 3}


def public_ids(database):
    with database.reading() as connection:
        return {person.email: person.public_id for person in people.people(connection)}


def as_others(told, **changed):
    """An export with other people in it: each address put before `@` by the one that is given for it."""
    for old, new in changed.items():
        told = told.replace(f"{old}@example.org", f"{new}@example.org")
    return told


def test_a_public_id_moves_to_who_is_new_and_changes_nobody_who_is_here(bring, database):
    bring("email\na@example.org\nb@example.org\n")
    before, told = public_ids(database), exported(database)
    assert bring(as_others(told, b="c")) == {"read": 2, "unchanged": 1, "new": 1}
    now = public_ids(database)
    assert {email: now[email] for email in before} == before
    assert now["c@example.org"] not in before.values()  # b has it
    with database.writing() as connection:
        person_changes.erase(connection, find_by_email(connection, "b@example.org"), at=NOW)
    assert bring(as_others(told, b="d"))["new"] == 1
    assert public_ids(database)["d@example.org"] == before["b@example.org"]


@pytest.mark.parametrize("cell", ["", "p123", "P0123456789abcdef", "18446744073709551615", "p0123456789abcdef0", "=1"])
def test_who_has_no_public_id_that_can_be_read_gets_one(bring, database, cell):
    bring("email\na@example.org\n")
    (old,) = public_ids(database).values()
    told = as_others(exported(database), a="b").replace(f"p{old:016x}", cell)
    assert bring(told) == {"read": 1, "new": 1}
    assert public_ids(database)["b@example.org"] not in (old, 0)


def test_a_public_id_that_stands_twice_in_a_file_is_the_firsts(bring, database):
    bring("email\na@example.org\n")
    header, row = exported(database).splitlines()
    with database.writing() as connection:
        connection.execute(tables.subscriber.delete())
    old = row.split(",")[header.split(",").index("public_id")]
    assert bring("\n".join([header, *(as_others(row, a=name) for name in "abc")])) == {"read": 3, "new": 3}
    now = public_ids(database)
    assert f"p{now['a@example.org']:016x}" == old
    assert len(set(now.values())) == 3


def test_an_export_of_an_earlier_version_has_no_public_ids_and_comes_in(bring, database):
    bring("email\na@example.org\n")
    rows = list(csv.reader(io.StringIO(exported(database))))
    place = rows[0].index("public_id")
    told = io.StringIO()
    csv.writer(told).writerows([*row[:place], *row[place + 1 :]] for row in rows)
    assert bring(as_others(told.getvalue(), a="b")) == {"read": 1, "new": 1}
    assert len(set(public_ids(database).values())) == 2


def test_a_public_id_in_anybody_elses_file_is_an_attribute(bring, database):
    bring("email,public_id\na@example.org,p0123456789abcdef\n")
    assert public_ids(database)["a@example.org"] != 0x0123456789ABCDEF
    assert who(database, "a@example.org").attributes == {"public_id": "p0123456789abcdef"}


@pytest.fixture(scope="module")
def two_databases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    both = [Database(f"sqlite:///{folder / name}.db") for name in ("first", "second")]
    for made in both:
        upgrade(made)
    yield folder, *both
    for made in both:
        made.dispose()


def empty(database):
    with database.writing() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(table.delete())


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(records=RECORDS)
def test_an_export_into_an_empty_database_exports_the_same(two_databases, records):
    folder, first, second = two_databases
    empty(first)
    empty(second)
    with first.writing() as connection:
        for number, record in enumerate(records, 1):
            write(connection, record, number)
    (folder / "export.csv").write_text(exported(first), encoding="utf-8-sig", newline="")
    options = FileOptions(name="export.csv", list_name=None, default_list="news", declared_lists=("news", "events"))
    done = import_file(lambda: second, folder / "export.csv", options, problems=folder / "problems.csv", at=NOW)
    assert done.format == "mailer"
    assert done.counts.new == len(records), (folder / "problems.csv").read_text()
    assert exported(second) == exported(first)


@given(st.dictionaries(st.sampled_from(["city", "Odd_Name"]), st.one_of(TEXT, VALUES)))
def test_attributes_have_one_spelling_in_the_database(attributes):
    assert attributes_json(attributes) == compact_json(attributes)


@pytest.mark.parametrize("cell", ["=1+1", "+44", "-5", "@x", "\tx", "\rx", "'=1", "''=1", "'", "it's", "", "'x"])
def test_exactly_one_guard_is_put_before_a_formula_and_taken_away(cell):
    assert own_csv.unguarded(own_csv.guarded(cell)) == cell
    assert not own_csv.guarded(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_an_export_of_a_list_that_is_not_here_names_it(bring):
    header = ",".join(
        [*own_csv.PERSON_COLUMNS, "list:press", "consent:press", "consented_at:press", "changed_at:press"]
    )
    with pytest.raises(UnknownName, match='the list "press"'):
        bring(f"{header}\n")
