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
