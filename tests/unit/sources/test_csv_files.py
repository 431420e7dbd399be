import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain.imports import ImportRow
from mailer.errors import InputProblems, MailerError, UnknownName, UsageError
from mailer.sources.columns import plan_columns
from mailer.sources.csv_files import open_csv
from mailer.sources.subscriber_files import read_people

TEXT = "Correo;Nombre;Ciudad\r\nana@example.org;Ana;Bogotá\r\njosé@example.org;José;\r\n"


def made(tmp_path, content, name="people.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_csv(path, name)


def people(file, maps=()):
    return list(read_people(file, plan_columns(file, maps)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings(tmp_path, encoding):
    file = made(tmp_path, TEXT.encode(encoding))
    assert file.header == ("Correo", "Nombre", "Ciudad")
    assert file.rows == 2
    first, second = people(file)
    assert (first.first_name, first.attributes) == ("Ana", {"ciudad": "Bogotá"})
    assert second.email == "josé@example.org"  # for relays with SMTPUTF8


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path, delimiter, newline):
    rows = [
        ["email", "name", "note"],
        ["a@example.org", 'Ana "la" R', f"one{newline}two{delimiter} three"],
        ["b@example.org", "", ""],
    ]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows(rows)
    file = made(tmp_path, text.getvalue())
    assert file.delimiter == delimiter
    assert list(file.records()) == [(2, rows[1]), (4, rows[2])]


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8),
            min_size=2,
            max_size=2,
        ).filter(any),
        max_size=6,
    )
)
def test_any_text_in_quotes_comes_back(tmp_path_factory, cells):
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["email", "note"], *cells])
    file = made(tmp_path_factory.mktemp("csv"), text.getvalue())
    assert [row for _, row in file.records()] == cells
    assert file.rows == len(cells)


def test_excel_says_its_delimiter_in_a_line_of_its_own(tmp_path):
    file = made(tmp_path, "sep=;\r\nemail;name\r\na@example.org;Ana, Maria\r\n")
    assert file.delimiter == ";"
    assert list(file.records()) == [(3, ["a@example.org", "Ana, Maria"])]


def test_empty_rows_are_no_rows(tmp_path):
    file = made(tmp_path, "\n\nemail,name\n\na@example.org,Ana\n,,\n\n")
    assert list(file.records()) == [(5, ["a@example.org", "Ana"])]
    assert file.rows == 1


@pytest.mark.parametrize(
    ("content", "message", "line"),
    [
        (b"", "is empty", None),
        (b"\n\n", "is empty", None),
        (b"PK\x03\x04\x14\x00", "Excel workbook", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel workbook", None),
        (b"%PDF-1.7", "a PDF", None),
        (b"\x1f\x8b\x08", "compressed", None),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary file", None),
        (b"email\x81\x8d\n", "not known here", None),
        (b"\xff\xfee\x00m\x00\x00\xd8", "does not go on so", None),
        ('email,name\na@example.org,"Ana\nb@example.org,B\n', "never closed", 2),
        ('email,name\na@example.org,"' + "x" * 200_000, "never closed", 2),
        ('email\n"' + "a\n" * 600, "never closed", 2),
        ("email,name\nb@example.org,B\na@example.org," + "x" * 200_000, "more than 131,072 characters", 3),
        ('email,name\na@example.org,"' + "x" * 200_000 + '"\n', "more than 131,072 characters", 2),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path, content, message, line):
    with pytest.raises(InputProblems, match=message) as caught:
        made(tmp_path, content)
    assert caught.value.problems[0].line == line


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("a@example.org\nb@example.org\n", "the first line is already an address", 'put "email" on a line above it'),
        ("Code,Contact\n1,a@example.org\n", "no column is called email", "--map 'Contact=email'"),
        ("Code,Contact\n", "no column is called email", "--map 'Code=email'"),
    ],
)
def test_a_file_without_a_column_of_addresses(tmp_path, content, message, hint):
    file = made(tmp_path, content)
    with pytest.raises(InputProblems, match=message) as caught:
        plan_columns(file)
    assert hint in caught.value.problems[0].hint


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(MailerError, match="No such file"):
        open_csv(tmp_path / "none.csv", "none.csv")


def test_columns_get_their_meaning_from_headers_and_from_the_command(tmp_path):
    file = made(tmp_path, "E-Mail,Vorname,Surname,City,City,Phone,Tags,Stadt\n")
    columns = plan_columns(file, ["Phone=", "stadt=city_de"])
    assert columns.fields == {"email": 0, "first_name": 1, "last_name": 2, "tags": 6}
    assert columns.attributes == {"city": 3, "city_2": 4, "city_de": 7}
    assert columns.ignored == ("Phone",)


def test_what_the_command_says_wins_over_headers(tmp_path):
    file = made(tmp_path, "Email,Work mail\na@example.org,b@example.org\n")
    (row,) = people(file, ["Work mail=email"])
    assert (row.email, row.attributes) == ("b@example.org", {"email_text": "a@example.org"})


@pytest.mark.parametrize(
    ("entry", "error"), [("Nope=email", UnknownName), ("email", UsageError), ("email=É!", UsageError)]
)
def test_a_map_that_means_nothing(tmp_path, entry, error):
    with pytest.raises(error):
        plan_columns(made(tmp_path, "email\n"), [entry])


def test_each_row_is_judged_by_itself(tmp_path):
    text = (
        "email,language,country,tags,joined_at,note\n"
        'Ana <ana@example.org>,PT_br,br," Donor ,big  fish;donor",2024-01-31,\n'
        "b@example.org,Klingon,Brasil,,,x,\n"
        "c@example.org,,,,31/01/2024,\n"
        "d@example.org,,,,,x,y\n"
        "e@example.org\n"
        "no address,,,,,\n"
        ",,,,,x\n"
        "f@bücher.example,,,,,\n"
    )
    rows = {row.line: row for row in people(made(tmp_path, text))}
    assert rows[2] == ImportRow(
        2, "ana@example.org", language="pt-BR", country="BR", tags=("donor", "big fish"), joined_at=rows[2].joined_at
    )
    assert rows[2].joined_at.isoformat() == "2024-01-31T00:00:00+00:00"
    assert (rows[3].language, rows[3].country, rows[3].attributes) == (
        "",
        "Brasil",
        {"note": "x", "language_text": "Klingon"},
    )
    assert rows[4].reason == 'joined_at: "31/01/2024" is no date: write 2024-01-31'
    assert "7 cells under 6 headers: is a comma" in rows[5].reason
    assert rows[6] == ImportRow(6, "e@example.org")
    assert rows[7].reason == "not an address: it has no @"
    assert rows[8].reason == "no address"
    assert rows[9].email == "f@xn--bcher-kva.example"
