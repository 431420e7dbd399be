"""What `init` asks: each answer is read at once, and what is none is told what it should have been."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.cli.new_project import list_name, settings_text
from mailer.cli.questions import MOST_NAME, QUESTIONS, defaults
from mailer.domain.colour import NAMED, READABLE, contrast
from mailer.errors import UsageError
from mailer.settings import SLUG

READ = {question.name: question.read for question in QUESTIONS}
TEMPLATE = (Path(__file__).parents[3] / "src/mailer/cli/scaffold/mailer.toml").read_text(encoding="utf-8")
GOOD = {
    "name": "Solidarity Network",
    "from": "news@example.org",
    "address": "1 Example Street",
    "list": "News",
    "zone": "Europe/London",
    "colour": "#b3261e",
    "public_url": "",
}


def settings(**changed):
    return tomllib.loads(settings_text(TEMPLATE, GOOD | changed))


def test_there_are_seven():
    assert [question.option for question in QUESTIONS] == [
        "--name", "--from", "--address", "--list", "--zone", "--colour", "--public-url",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "typed", "read"),
    [
        ("name", "  Solidarity Network ", "Solidarity Network"),
        ("from", " news@example.org ", "news@example.org"),
        ("zone", "america/lima", "America/Lima"),
        ("zone", "America/New York", "America/New_York"),
        ("colour", "Blue", "#1d4f91"),
        ("colour", "B3261E", "#b3261e"),
        ("colour", "#abc", "#aabbcc"),
        ("public_url", "https://mail.example.org/", "https://mail.example.org"),
        ("public_url", "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("public_url", "  ", ""),
    ],
)
def test_answers_are_taken_as_people_type_them(name, typed, read):
    assert READ[name](typed) == read


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("name", "", "one line of text"),
        ("name", "two\nlines", "one line of text"),
        ("name", "a bell \x07", "one line of text"),
        ("name", "not UTF-8 \udcff", "one line of text"),
        ("name", "turned \u202e round", "one line of text"),
        ("name", "a" * 300, f"at most {MOST_NAME} characters; this has 300"),
        ("from", "nobody", "news@example.org"),
        ("from", "News <news@example.org>", "the address alone"),
        ("from", "a@b\r\nBcc: c@example.org", "no mail address"),
        ("address", "1 Street\n2 Town", "one line of text"),
        ("list", "x" * 61, "at most 60 characters"),
        ("zone", "london", "Did you mean Europe/London?"),
        ("zone", "Europe/Londn", "Did you mean Europe/London"),
        ("zone", "xxx", "Write region and city"),
        ("zone", "../../etc/passwd", "There is no time zone"),
        ("colour", "yellowish", "red, orange, brown"),
        ("colour", "#12345", "six digits"),
        ("colour", "", "six digits"),
        ("public_url", "http://mail.example.org", "Http is only for this machine"),
        ("public_url", "mail.example.org", "https://mail.example.org"),
        ("public_url", "https://mail.example.org/?x=1", "cannot be used"),
    ],
)
def test_what_is_no_answer_says_what_to_write(name, typed, said):
    with pytest.raises(UsageError) as caught:
        READ[name](typed)
    assert said in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("folder", ["our-group", "peoples_press", "", "bell\x07", "x" * 200])
def test_every_default_is_an_answer(folder):
    taken = defaults(Path("/somewhere") / folder)
    for question in QUESTIONS:
        question.read(taken[question.name])


def test_the_name_is_proposed_as_people_write_it():
    assert defaults(Path("/somewhere/our-group"))["name"] == "Our group"


@pytest.mark.parametrize("name", NAMED)
def test_colours_with_a_name_read_on_white_as_they_are(name):
    assert contrast(NAMED[name], "#f8f5f0") >= READABLE


lines = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and text.strip())


@given(name=lines, address=lines, title=lines)
def test_no_answer_can_become_another_setting(name, address, title):
    read = settings(name=name, address=address, list=title)
    assert read["organisation"]["name"] == name
    assert read["organisation"]["postal_address"] == address
    (found,) = read["subscribers"]["lists"].items()
    assert found[1]["title"] == title
    assert found[0] == read["subscribers"]["default_list"] == list_name(title)
    assert SLUG.fullmatch(found[0])
    assert read.keys() == {"project", "organisation", "brand", "subscribers", "web"}


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("News and action", "news-and-action"),
        ("Noticias y acción", "noticias-y-accion"),
        ("2024 letters", "letters"),
        ("أخبار", "news"),
        ("!!!", "news"),
        ("Donors", "donors-list"),  # a segment of the example is called that
        ("Everyone", "everyone-list"),
        ("A very long name of a list that nobody would ever type", "a-very-long-name-of-a-list-that-nobody-w"),
    ],
)
def test_a_list_gets_a_name_to_type_from_what_people_call_it(title, name):
    assert list_name(title) == name


def test_the_public_url_stands_there_as_a_comment_until_it_is_known():
    assert settings()["web"] == {}
    assert settings(public_url="https://mail.example.org")["web"] == {"public_url": "https://mail.example.org"}
