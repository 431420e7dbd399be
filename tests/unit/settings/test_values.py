"""What a setting refuses, and how: the culprit named, what to write instead, and never a password."""

import pytest

from mailer.errors import InputProblems, SettingsError
from mailer.settings import load


def refusal(**variables):
    with pytest.raises(SettingsError) as caught:
        load(None, variables)
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    "url",
    ["nonsense", "mysql://u:hunter2@h/x", "postgresql://u:hunter2@h/x", "http://x", "sqlite://", "sqlite:///",
     "sqlite:///:memory:"],
)  # fmt: skip
def test_a_database_that_would_not_last_or_cannot_be_reached_is_refused_without_its_password(url):
    said = refusal(MAILER_DATABASE_URL=url)
    assert "MAILER_DATABASE_URL" in said
    assert "sqlite:///path" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "url", ["sqlite:///x.db", "sqlite:////srv/x.db", "postgresql+psycopg://u:p#/?@h/x", "postgresql+psycopg:///x"]
)
def test_both_engines_are_taken(url):
    assert load(None, {"MAILER_DATABASE_URL": url}).database.url == url


@pytest.mark.parametrize("clock", ["yesterday", "2024-01-01", "2024-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
                                   "9999-12-31T23:59:59Z"])  # fmt: skip
def test_a_clock_that_is_none_names_the_variable(clock):
    said = refusal(MAILER_PROJECT__CLOCK=clock)
    assert "MAILER_PROJECT__CLOCK" in said
    assert clock in said


def test_a_clock_that_is_none_names_the_line(tmp_path):
    (tmp_path / "mailer.toml").write_text("[project]\nclock = 0001-01-01T00:00:00Z\n", encoding="utf-8")
    with pytest.raises(InputProblems) as caught:
        load(tmp_path, {})
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [("mailer.toml", 2)]


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("ORGANISATION__NAME", "a\nBcc: x@example.org", "one line of text"),
        ("ORGANISATION__FROM_ADDRESS", "nonsense", "news@example.org"),
        ("ORGANISATION__FROM_ADDRESS", "News <news@example.org>", "news@example.org"),
        ("ORGANISATION__WEBSITE", "javascript:alert(1)", "https://www.example.org"),
        ("ORGANISATION__WEBSITE", 'https://www.example.org/" onclick="', "https://www.example.org"),
        ("BRAND__NAME", "a\x07", "one line of text"),
        ("BRAND__HEADINGS", "Georgia; } body { display: none", "names of fonts"),
        ("BRAND__HEADINGS", "</style>", "names of fonts"),
    ],
)
def test_a_text_that_could_end_the_place_it_stands_in_is_refused(setting, value, said):
    assert said in refusal(**{f"MAILER_{setting}": value})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("ORGANISATION__NAME", 'O\'Brien & "Söhne" <شبكة> \\ {{ 7 }}'),
        ("ORGANISATION__FROM_ADDRESS", "hola@solidaridad.pe"),
        ("ORGANISATION__WEBSITE", "https://www.example.org/a?b=c&d"),
        ("ORGANISATION__WEBSITE", ""),
        ("BRAND__HEADINGS", "'Palatino Linotype', Palatino, serif"),
    ],
)
def test_ordinary_texts_are_taken(setting, value):
    section, _, key = setting.lower().partition("__")
    assert getattr(getattr(load(None, {f"MAILER_{setting}": value}), section), key) == value
