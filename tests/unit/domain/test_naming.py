import pytest

from mailer.domain.address import email_key, is_ordinary, masked
from mailer.domain.naming import attribute_name, country_code, language_tag, tag_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("City", "city"),
        ("Año de afiliación", "ano_de_afiliacion"),
        ("Postal code ", "postal_code"),
        ("2024 gifts", "_2024_gifts"),
        ("Город", "column_7"),
        ("topics", "topics_text"),
        ("first_name", "first_name_text"),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_header_becomes_a_name_for_templates(header, name):
    assert attribute_name(header, (), 7) == name


def test_the_same_header_twice_gets_a_number():
    assert attribute_name("City", {"city", "city_2"}, 7) == "city_3"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" Big  Fish ", "big fish"),
        ("", ""),
        ("a,b", ""),
        ("a;b", ""),
        ("a\x07", ""),
        ("x" * 101, ""),
        ("ÁRBOL", "árbol"),
    ],
)
def test_a_tag_has_one_spelling(text, name):
    assert tag_name(text) == name


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("ES", "es"),
        ("pt_br", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("Español", "es"),
        ("klingon!", ""),
        ("", ""),
        ("es-419", "es-419"),
    ],
)
def test_a_language_has_one_spelling(text, tag):
    assert language_tag(text) == tag


def test_two_letters_are_a_country_and_more_stay_as_they_are():
    assert [country_code(text) for text in ("br", " NO ", "Brasil", "é1")] == ["BR", "NO", "Brasil", "é1"]


@pytest.mark.parametrize("text", ["a@example.org", "o'brien+x@sub.example.org", "A.B@example.co", "1@a1.test"])
def test_ordinary_addresses(text):
    assert is_ordinary(text)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "@example.org",
        "a@",
        "a@localhost",
        "a..b@example.org",
        ".a@example.org",
        "a b@example.org",
        "a@exämple.org",
        "a@example.org\n",
        "a@-x.org",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 250}.org",
        "a@example.org>",
        "a@[127.0.0.1]",
        "a@1.2",
    ],
)
def test_all_else_is_left_to_the_judge(text):
    assert not is_ordinary(text)


def test_two_spellings_are_one_person_and_logs_show_neither():
    assert email_key("Ana.É@Example.ORG") == email_key("ana.é@example.org")
    assert masked("ana@example.org") == "a***@example.org"
