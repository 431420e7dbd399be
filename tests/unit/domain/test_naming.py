import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


ALNUM = string.ascii_letters + string.digits
#: Parts of addresses, good and bad, many of them about as long as a part may be.
PARTS = st.one_of(
    st.text(st.sampled_from("aZ9"), min_size=1, max_size=3),
    st.text(st.sampled_from("aZ9-"), min_size=1, max_size=5),
    st.text(st.sampled_from("aZ9-!.@ _é\n"), max_size=5),
    st.builds(lambda letter, length: letter * length, st.sampled_from("a9-"), st.integers(58, 66)),
)


def is_ordinary_spelled_out(text):
    """RFC 5322 §3.2.3 and RFC 5321 §4.5.3.1, without a pattern."""
    local, _, domain = text.partition("@")
    *labels, last = domain.split(".")
    return (
        len(text) <= 254
        and len(local) <= 64
        and all(atom and set(atom) <= {*ALNUM, *"!#$%&'*+/=?^_`{|}~-"} for atom in local.split("."))
        and labels != []
        and all(1 <= len(label) <= 63 and set(label) <= {*ALNUM, "-"} for label in labels)
        and all(label[0] != "-" != label[-1] for label in labels)
        and 2 <= len(last) <= 63
        and set(last) <= {*string.ascii_letters}
    )


@given(
    st.lists(PARTS, min_size=1, max_size=2),
    st.lists(PARTS, min_size=1, max_size=5),
    st.sampled_from(["", ".org", ".a"]),
)
def test_what_is_ordinary_does_not_depend_on_which_pattern_settles_it(local, domain, end):
    text = f"{'.'.join(local)}@{'.'.join(domain)}{end}"
    assert is_ordinary(text) == is_ordinary_spelled_out(text)


def test_two_spellings_are_one_person_and_logs_show_neither():
    assert email_key("Ana.É@Example.ORG") == email_key("ana.é@example.org")
    assert masked("ana@example.org") == "a***@example.org"
