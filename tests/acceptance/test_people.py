"""The commands about people, as their users run them: what is said, what stands in JSON, which exit code, no traceback."""

import csv
import io
import json
import os
import shutil
import stat

import pytest

import warm

SETTINGS = """[organisation]
name = "Our Group"
from_address = "news@example.org"

[subscribers.lists.news]
title = "News"

[subscribers.lists.events]
title = "Events"
"""
SEGMENTS = """donors:
  description: Gave at least once
  any:
    - tag: donor
    - attr.gifts: {">=": 1}
brazil: {country: BR}
"""
PEOPLE = """Email,First name,Country,Gifts,Tags
ana@example.org,Ana,br,12,donor
bea@example.org,Bea,GB,0,
cleo@example.org,Cleo,BR,,"donor, volunteer"
dan@example.org,,,007,
"""


def laid_out(folder):
    (folder / "mailer.toml").write_text(SETTINGS)
    (folder / "subscribers").mkdir()
    (folder / "subscribers" / "segments.yaml").write_text(SEGMENTS)
    (folder / "people.csv").write_text(PEOPLE)
    return folder


def runner(folder):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}

    def run(*arguments, code=0, given=None):
        done = warm.run(*arguments, cwd=folder, env=environment, given=given)
        done.out, done.err = done.stdout, done.stderr
        assert "Traceback" not in done.err, done.err
        assert done.returncode == code, (arguments, done.returncode, done.err)
        return json.loads(done.out) if "--json" in arguments and code == 0 else done

    return run


@pytest.fixture
def project(tmp_path):
    return laid_out(tmp_path)


@pytest.fixture
def mailer(project):
    return runner(project)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """A database that has the people in it; tests get copies."""
    folder = laid_out(tmp_path_factory.mktemp("imported"))
    runner(folder)("import", "people.csv")
    return folder / "mailer.db"


@pytest.fixture
def imported(project, database):
    shutil.copy2(database, project / "mailer.db")
    return runner(project)


def test_import_says_what_became_of_every_row(mailer, project):
    dry = mailer("import", "people.csv", "--dry-run")
    assert "new on news 4" in dry.out
    assert "Nothing was changed" in dry.err
    document = mailer("import", "people.csv", "--json")
    counts = {
        name: document[name] for name in ("read", "new", "updated", "unchanged", "suppressed", "invalid", "duplicate")
    }
    assert counts == {"read": 4, "new": 4, "updated": 0, "unchanged": 0, "suppressed": 0, "invalid": 0, "duplicate": 0}
    assert (document["file"], document["format"], document["problems"]) == ("people.csv", "csv", None)
    assert stat.S_IMODE((project / "mailer.db").stat().st_mode) == 0o600


def test_problems_stand_in_a_private_file_with_their_lines(mailer, project):
    (project / "bad.csv").write_text("Correo\nana@example.org\nnobody\nANA@example.org\n")
    document = mailer("import", "bad.csv", "--json")
    assert (document["invalid"], document["duplicate"], document["problems"]) == (1, 1, "bad.problems.csv")
    rows = list(csv.DictReader(io.StringIO((project / "bad.problems.csv").read_text())))
    assert [(row["line"], row["email"]) for row in rows] == [("3", "nobody"), ("4", "ANA@example.org")]
    assert stat.S_IMODE((project / "bad.problems.csv").stat().st_mode) == 0o600


def test_import_reads_standard_input_and_maps_columns(mailer):
    document = mailer(
        "import", "-", "--map", "Kontakt=email", "--map", "Telefon=", "--list", "events", "--tag", "Fair",
        "--consent", "stall on 1 May", "--json", given="Kontakt;Telefon\nana@example.org;+49\n".encode("utf-16"),
    )  # fmt: skip
    assert (document["new"], document["list"]) == (1, "events")
    shown = mailer("subscribers", "show", "ana@example.org", "--json")
    assert (shown["lists"], shown["tags"], shown["attributes"]) == (["events"], ["fair"], {})
    assert shown["subscriptions"][0]["consent"] == "stall on 1 May"


@pytest.mark.parametrize(
    ("content", "arguments", "code", "said"),
    [
        (b"\x89PNG\r\n\x00\x00", (), 3, "bad.csv: this is a binary file, not CSV"),
        (b"PK\x03\x04\x00", (), 3, "bad.csv: this is an Excel workbook or a ZIP archive"),
        (b"", (), 3, "bad.csv: the file is empty"),
        (b"name,town\nAna,Leeds\n", (), 3, "bad.csv:1: no column is called email; the columns are: name, town"),
        (b"ana@example.org\nbea@example.org\n", (), 3, 'put "email" on a line above it'),
        (b'email,name\na@example.org,"A\nb@example.org,B\n', (), 3, "bad.csv:2: a quotation mark is opened"),
        (b"email\n", ("--list", "nwes"), 1, "The lists: events, news."),
        (b"email\n", ("--map", "Mail=email"), 1, 'bad.csv has no column "Mail"'),
        (b"email\n", ("--map", "email"), 2, "--map 'Correo=email'"),
        (b"email\n", ("--tag", "a,b"), 2, "cannot be a tag"),
        (b"email\n", ("--undo", "1"), 2, "--undo stands alone"),
        (b"email\n", ("--format", "xlsx"), 2, "'auto', 'csv', 'mailer'"),
    ],
)
def test_a_file_or_an_option_that_cannot_be_used(mailer, project, content, arguments, code, said):
    (project / "bad.csv").write_bytes(content)
    done = mailer("import", "bad.csv", *arguments, code=code)
    assert said in done.err
    assert not (project / "mailer.db").exists()


def test_a_file_that_is_not_there_and_a_folder(mailer):
    assert "none.csv cannot be read: No such file" in mailer("import", "none.csv", code=1).err
    assert "is a folder" in mailer("import", "subscribers", code=1).err
    assert "Which file?" in mailer("import", code=2).err
    error = json.loads(mailer("import", "none.csv", "--json", code=1).err)["error"]
    assert set(error) == {"code", "message", "hint"}


def test_undo(imported):
    done = imported("import", "--undo", "1", "--json")
    assert done["removed"]["people"] == 4
    assert "taken back" in imported("import", "--undo", "1", code=1).err
    assert "The last imports: 1 (people.csv)" in imported("import", "--undo", "7", code=1).err


def test_segments_count_who_would_be_mailed_now(imported):
    assert imported("segment", "count", "everyone", "--json")["count"] == 4
    assert imported("segment", "count", "donors", "--json") == {"segment": "donors", "list": "news", "count": 3}
    imported("subscribers", "unsubscribe", "ana@example.org", "--list", "news")
    imported("suppress", "add", "dan@example.org")
    assert imported("segment", "count", "donors", "--json")["count"] == 1
    explained = imported("segment", "explain", "donors", "--json")
    assert explained["steps"] == [
        {"clause": "list:news", "remaining": 3},
        {"clause": "(tag:donor OR attr.gifts:>=1)", "remaining": 2},
    ]
    assert (explained["suppressed"], explained["count"]) == (1, 1)
    listed = {row["name"]: row["count"] for row in imported("segment", "list", "--json")["segments"]}
    assert listed == {"everyone": 2, "donors": 1, "brazil": 1, "news": 2, "events": 0}


def test_a_query_works_wherever_a_segments_name_does(imported):
    query = ("--where", "country:(BR OR GB) -tag:donor")
    assert imported("segment", "count", *query, "--json")["count"] == 1
    assert imported("segment", "sample", *query, "--json")["subscribers"][0]["email"] == "bea@example.org"
    assert imported("segment", "show", *query).out == "(country:BR OR country:GB) -tag:donor\n"
    assert imported("segment", "test", *query, "bea@example.org", "--json")["would_receive"] is True
    assert [one["email"] for one in imported("subscribers", "list", *query, "--json")["subscribers"]] == [
        "bea@example.org"
    ]
    assert imported("export", *query).out.count("\n") == 2


def test_a_person_is_tested_clause_by_clause(imported):
    document = imported("segment", "test", "donors", "bea@example.org", "--json")
    assert document["would_receive"] is False
    assert [(reason["rule"], reason["ok"]) for reason in document["reasons"]] == [
        ("list:news", True), ("(tag:donor OR attr.gifts:>=1)", False), ("not suppressed", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("segment", "count", "nope"), 1, "There are: everyone, donors, brazil, events, news."),
        (("segment", "count"), 2, "Name a segment or a list"),
        (("segment", "count", "donors", "--where", "tag:x"), 2, "Name a segment or a list"),
        (("segment", "count", "--where", "tag:x ("), 2, "something is missing here"),
        (("segment", "count", "--where", "list:nope"), 1, 'there is no list "nope"'),
        (("segment", "count", "--where", "contry:BR"), 2, 'did you mean "country"?'),
        (("segment", "count", "donors", "--list", "nope"), 1, "The lists: events, news."),
        (("segment", "test", "donors", "x@example.org"), 1, "Nobody here has the address x@example.org"),
        (("segment", "test", "donors"), 2, "Name a segment and an address"),
        (("subscribers", "show", "x@example.org"), 1, "Nobody here has the address"),
        (("subscribers", "add", "nonsense"), 2, "it has no @"),
        (("subscribers", "list", "--limit", "9" * 25), 2, "is not in the range"),
        (("import", "--undo", "9" * 25), 2, "is not in the range"),
        (("subscribers", "add", "x@example.org", "--list", "nope"), 1, "The lists: events, news."),
        (("subscribers", "add", "x@example.org", "--set", "city"), 2, "--set city=Leeds"),
        (("subscribers", "add", "x@example.org", "--language", "Klingon"), 2, "is no language"),
        (("subscribers", "tag", "ana@example.org", "a,b"), 2, "cannot be a tag"),
        (("subscribers", "erase", "ana@example.org"), 4, "--yes"),
        (("suppress", "add", "nonsense"), 2, "it has no @"),
        (("suppress", "remove", "ana@example.org"), 1, "is not suppressed"),
        (("suppress", "import", "none.csv"), 1, "No such file"),
        (("export", "--segment", "nope"), 1, "There are: everyone"),
        (("export", "-o", "no/such/folder.csv"), 1, "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(imported, arguments, code, said):
    assert said in imported(*arguments, code=code).err


def test_a_name_that_nobody_has_is_pointed_out(imported):
    done = imported("segment", "count", "--where", "attr.gfts:>1 OR tag:doner OR received:appeal")
    assert done.out == "0\n"
    assert 'nobody has the attribute "gfts"; did you mean "gifts"?' in done.err
    assert 'nobody has the tag "doner"; did you mean "donor"?' in done.err
    assert 'no campaign "appeal" has been sent' in done.err


def test_every_problem_of_the_segment_file_is_reported_with_its_line(mailer, project):
    (project / "subscribers" / "segments.yaml").write_text(
        "news: {tag: x}\na:\n  tga: donor\n  country: NO\n  attr.age: {like: 3}\nb: {segment: b}\nc: {joined: {since: soon}}\n"
    )
    done = mailer("segment", "list", code=3)
    for line in (
        'subscribers/segments.yaml:1:1: "news" is a list already',
        'subscribers/segments.yaml:3:3: "tga" is nothing to test (did you mean "tag"?',
        'subscribers/segments.yaml:5:14: "like" is no operator',
        "subscribers/segments.yaml:6:5: segments refer to each other in a circle: b → b",
        "subscribers/segments.yaml:7:14: joined: 'soon' is no day",
    ):
        assert line in done.err
    assert ":4:" not in done.err  # NO is Norway


def test_subscribers_are_added_changed_and_shown(mailer):
    mailer("subscribers", "add", "Zoë R <zoe@example.org>", "--name", "Zoë", "--set", "city=Leeds", "--tag", "Donor")
    mailer("subscribers", "add", "ZOE@example.org", "--language", "PT_br", "--set", "city=")
    mailer("subscribers", "tag", "zoe@example.org", "big fish")
    mailer("subscribers", "untag", "zoe@example.org", "donor")
    shown = mailer("subscribers", "show", "zoe@example.org", "--json")
    assert {name: shown[name] for name in ("email", "name", "status", "language", "lists", "tags", "attributes")} == {
        "email": "zoe@example.org", "name": "Zoë", "status": "active", "language": "pt-BR", "lists": ["news"],
        "tags": ["big fish"], "attributes": {},
    }  # fmt: skip
    kinds = [event["kind"] for event in mailer("subscribers", "history", "zoe@example.org", "--json")["history"]]
    assert kinds == ["changed", "joined", "tagged", "changed", "tagged", "untagged"]


def test_nobody_who_left_is_added_again(imported):
    imported("subscribers", "unsubscribe", "ana@example.org")
    assert imported("subscribers", "show", "ana@example.org", "--json")["status"] == "suppressed"
    assert "may not be mailed (left" in imported("subscribers", "add", "ana@example.org", code=4).err
    assert imported("import", "people.csv", "--json")["suppressed"] == 1
    assert "--yes" in imported("suppress", "remove", "ana@example.org", code=4).err
    imported("suppress", "remove", "ana@example.org", "--yes")
    assert "left news on" in imported("subscribers", "add", "ana@example.org", code=4).err


def test_somebody_erased_leaves_no_trace_but_a_hash(imported, project):
    imported("subscribers", "erase", "cleo@example.org", "--yes")
    assert "Nobody here" in imported("subscribers", "show", "cleo@example.org", code=1).err
    assert imported("suppress", "list", "--json")["suppressions"][0] | {"at": ""} == {
        "email": None, "reason": "erased", "detail": "", "at": "",
    }  # fmt: skip
    assert imported("import", "people.csv", "--json")["suppressed"] == 1
    assert b"cleo@" not in b"".join(path.read_bytes() for path in project.glob("mailer.db*"))


def test_suppressions_are_imported_from_another_tools_file(imported, project):
    (project / "gone.csv").write_text("Email Address,UNSUB_TIME\nana@example.org,x\nbad,x\nANA@example.org,x\n")
    assert imported("suppress", "import", "gone.csv", "--json") == {
        "file": "gone.csv", "read": 3, "added": 1, "problems": "gone.problems.csv",
    }  # fmt: skip
    assert imported("segment", "count", "everyone", "--json")["count"] == 3


def test_an_export_is_private_and_another_project_takes_it_in(imported, project, tmp_path_factory):
    imported("subscribers", "unsubscribe", "bea@example.org", "--list", "news")
    imported("subscribers", "add", "eve@example.org", "--first-name", "=1+1")
    imported("export", "-o", "all.csv")
    assert stat.S_IMODE((project / "all.csv").stat().st_mode) == 0o600
    text = (project / "all.csv").read_bytes().decode("utf-8-sig")
    assert "'=1+1" in text
    other = tmp_path_factory.mktemp("other")
    (other / "mailer.toml").write_text(SETTINGS)
    document = imported("--project", str(other), "import", "all.csv", "--json")
    assert (document["format"], document["new"]) == ("mailer", 5)
    assert imported("--project", str(other), "export").out == text
    whole = imported("export", "--format", "json")
    people = json.loads(whole.out)["subscribers"]
    assert [person["status"] for person in people] == ["active", "unsubscribed", "active", "active", "active"]


def test_an_export_says_itself_what_is_what(imported):
    imported("export", "-o", "all.csv")
    assert "it says itself which column" in imported("import", "all.csv", "--list", "news", code=2).err


def test_db_upgrade_and_check(mailer, project):
    assert "There is no database yet" in mailer("db", "check", code=1).err
    assert not (project / "mailer.db").exists()
    assert mailer("db", "upgrade", "--json")["changed"] is True
    assert mailer("db", "upgrade", "--json")["changed"] is False
    assert mailer("db", "check", "--json")["ok"] is True
    (project / "mailer.db").chmod(0o644)
    done = mailer("db", "check", code=1)
    assert "chmod 600" in done.out


def test_a_database_from_a_newer_version_is_refused_and_left_alone(mailer, project):
    import sqlite3

    mailer("db", "upgrade")
    connection = sqlite3.connect(project / "mailer.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = (project / "mailer.db").read_bytes()
    for command in (("subscribers", "list"), ("import", "people.csv"), ("db", "upgrade")):
        assert "newer version of mailer" in mailer(*command, code=1).err
    assert (project / "mailer.db").read_bytes() == before


def test_a_file_that_is_no_database(mailer, project):
    (project / "mailer.db").write_bytes(b"this is no database, " * 100)
    assert "damaged or is no database" in mailer("subscribers", "list", code=1).err


@pytest.fixture
def choosing(imported, project):
    """The same people, where there are topics to choose from."""
    with (project / "mailer.toml").open("a") as file:
        file.write('\n[subscribers.topics]\nperu = "Peru"\nwork = "Work and pay"\n')
    return imported


def test_what_people_hear_of_is_said_by_hand_and_counted(choosing):
    assert choosing("subscribers", "topics", "ana@example.org", "Work and Pay", "peru").out == (
        "ana@example.org: peru, work\n"
    )
    assert choosing("subscribers", "topics", "ana@example.org", "--remove", "work", "--json")["topics"] == ["peru"]
    assert choosing("subscribers", "topics", "bea@example.org", "--add", "work", "--json")["topics"] == ["work"]
    assert choosing("segment", "count", "--where", "topic:peru", "--json")["count"] == 3
    assert choosing("segment", "count", "--where", "-topic:peru", "--json")["count"] == 1
    assert "nobody has chosen" not in choosing("segment", "count", "--where", "topic:peru").err
    shown = choosing("subscribers", "show", "ana@example.org", "--json")
    assert shown["topics"] == ["peru"]
    assert shown["history"][-1]["detail"] == "topics: peru (before: peru, work)"
    assert choosing("subscribers", "list", "--json")["subscribers"][2]["topics"] == []
    assert choosing("subscribers", "topics", "ana@example.org", "--everything").out == "ana@example.org: everything\n"
    added = choosing("subscribers", "add", "eva@example.org", "--topic", "peru", "--json")
    assert added["topics"] == choosing("subscribers", "topics", "eva@example.org", "--json")["topics"] == ["peru"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ana@example.org", "preu"), 1, 'did you mean "peru"?'),
        (("ana@example.org", "peru", "--everything"), 2, "two answers"),
        (("ana@example.org", "--remove", "peru"), 4, "Name the topics"),
        (("nobody@example.org",), 1, "Nobody here"),
    ],
)
def test_a_choice_that_means_nothing_is_refused(choosing, arguments, code, said):
    assert said in choosing("subscribers", "topics", *arguments, code=code).err


def test_the_last_topic_is_not_taken_by_accident(choosing):
    choosing("subscribers", "topics", "ana@example.org", "peru")
    assert "--everything" in choosing("subscribers", "topics", "ana@example.org", "--remove", "peru", code=4).err
    assert "nobody has chosen the topic" in choosing("segment", "count", "--where", "topic:work").err
    assert choosing("segment", "count", "--where", "topic:cheese", code=1).err.count("known: peru, work") == 1
