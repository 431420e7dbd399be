"""The blocks of petitions, called where an author calls them: both forms say the same, and no value breaks them."""

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from compiling import ANA, compiled, mail, problems
from hostile import HOSTILE
from mailer.errors import InputProblems
from reading import structure, unsaid

PETITION = {
    "title": "For the library",
    "target": "the Council",
    "statement": "We ask that it stays open.\n\nAnd we ask for books.",
    "demands": ["Keep it open.", "Buy books."],
    "sign_url": "https://www.example.org/sign",
    "signed": 1204,
    "goal": 2000,
    "as_of": "2024-11-21",
    "deadline": "2024-12-10",
    "consent_note": "Signing puts you on no list.",
}
VIDEO = {"title": "The meeting", "url": "https://www.example.org/watch", "length": "48 minutes"}


def yaml(value):
    """As YAML reads it: JSON, but for characters beyond U+FFFF, which JSON escapes in halves."""
    written = json.dumps(value, ensure_ascii=False)
    return "".join(f"\\u{ord(one):04x}" if "\ud800" <= one <= "\udfff" else one for one in written)


def letter(root, body="Words.\n", *, subject="Sign for the library", **changes):
    """The mail of a petition with these fields."""
    more = f"petition: {yaml(PETITION | changes)}\nvideo: {yaml(VIDEO)}\n"
    return mail(compiled(root, body, kind="petition", subject=subject, more=more).edition)


def test_both_parts_say_the_same(tmp_path):
    found = letter(tmp_path)
    assert unsaid(found.html, found.text) == []


@pytest.mark.parametrize("block", ["signatures", "statement", "demands"])
def test_each_block_can_be_called_in_the_text_as_well(tmp_path, block):
    plain, found = letter(tmp_path, "One.\n\nTwo.\n"), letter(tmp_path, f"One.\n\n{{{{ {block}() }}}}\n\nTwo.\n")
    assert unsaid(found.html, found.text) == []
    words = {"signatures": "1,204 signatures", "statement": "To: the Council", "demands": "1. Keep it open."}[block]
    assert found.text.count(words) == plain.text.count(words) + 1
    assert found.text.index("One.") < found.text.rindex(words) < found.text.index("Two.")


def test_demands_that_are_none_leave_nothing_behind(tmp_path):
    found = letter(tmp_path, "One.\n\n{{ demands() }}\n\nTwo.\n", demands=[])
    assert "One.\n\nTwo.\n" in found.text
    assert "<ol" not in found.html


def test_figures_can_be_written_into_sentences(tmp_path):
    body = (
        "{{ petition.signed }} of {{ petition.goal }}, {{ petition.to_go }} to go by {{ petition.deadline | date }}.\n"
    )
    found = letter(tmp_path, body, subject="{{ petition.to_go }} names to go")
    assert "1,204 of 2,000, 796 to go by 10 December 2024." in found.text
    assert found.subject == "796 names to go"


@pytest.mark.parametrize("block", ["signatures", "statement", "demands"])
def test_a_campaign_without_a_petition_has_no_such_block(tmp_path, block):
    (problem,) = problems(tmp_path, f"Words.\n\n{{{{ {block}() }}}}\n")
    assert problem.startswith("campaigns/c.md:8")
    assert "this campaign has no petition" in problem
    assert "write its figures under petition:" in problem


def everywhere(value):
    """The value in every text of a petition; line ends would rightly make paragraphs of a statement."""
    return {
        **dict.fromkeys(("title", "target", "consent_note"), value),
        "statement": " ".join(value.split()),
        "demands": [value, value],
    }


@pytest.fixture(scope="module")
def neutral(tmp_path_factory):
    return structure(letter(tmp_path_factory.mktemp("neutral"), **everywhere("words")).html)


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_value_changes_more_than_words(tmp_path, neutral, value):
    try:
        found = structure(letter(tmp_path, **everywhere(value)).html)
    except InputProblems as refusal:  # what a file cannot hold is refused where it stands
        found = neutral if all(problem.line for problem in refusal.problems) else None
    assert found == neutral


@hypothesis_settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="{}%#"), min_size=1, max_size=30))
def test_any_words_stand_in_both_parts_as_they_are(tmp_path, value):
    found = letter(tmp_path, statement=value, demands=[value], title=value)
    assert f"\n{value}\nTo: the Council\n\n{value}\n\nWhat we demand\n\n1. {value}\n" in found.text
    page = lxml_html.document_fromstring(found.html)
    assert [page.findtext(".//ol/li/span"), page.findtext(".//h2")] == [value, value]


@pytest.mark.parametrize("value", ['https://www.example.org/?a="b"', "javascript:alert(1)", "https://x y.example.org"])
def test_an_address_to_sign_at_is_a_web_address(tmp_path, value):
    more = f"petition: {yaml(PETITION | {'sign_url': value})}\n"
    (problem,) = problems_on_reading(tmp_path, more)
    assert problem.message.endswith("is not a web address")
    assert problem.line


def problems_on_reading(root, more):
    with pytest.raises(InputProblems) as caught:
        compiled(root, "Words.\n", kind="petition", more=more)
    return caught.value.problems


def test_an_address_with_a_query_keeps_it(tmp_path):
    found = letter(tmp_path, sign_url="https://www.example.org/sign?a=1&b=2")
    assert "\nhttps://www.example.org/sign?a=1&b=2\n" in found.text
    assert 'href="https://www.example.org/sign?a=1&amp;b=2"' in found.html


def test_a_reader_changes_nothing_of_the_petition(tmp_path):
    more = f"petition: {yaml(PETITION)}\n"
    edition = compiled(
        tmp_path, "{{ subscriber.first_name }}\n\n{{ signatures() }}\n", kind="petition", more=more
    ).edition
    neutral = structure(mail(edition, ANA).html)
    for value in HOSTILE.values():
        assert structure(mail(edition, ANA | {"first_name": value}).html) == neutral
