"""A petition in all its states, as finished mail: the figures, the statement as a document, its demands, the button."""

import re
from datetime import UTC, datetime

import pytest
from lxml import html as lxml_html

from example_mail import ROOT, Mail, compiled, example_mail, settings
from mailer.sources.campaign_files import read_campaign

SLUG = "peru-statement"
SIGN = "https://www.example.org/sign/peru"
LAST_DAY, DAY_AFTER = datetime(2024, 12, 10, 9, tzinfo=UTC), datetime(2024, 12, 11, 9, tzinfo=UTC)


def petition(*, now: datetime | None = None, language: str | None = None, **changes) -> Mail:
    """The example, with some of its petition's fields changed."""
    found = read_campaign(ROOT, SLUG).campaign.petition.model_copy(update=changes)
    return example_mail(SLUG, of=compiled(SLUG, settings(), now=now, petition=found, language=language))


def said(mail: Mail) -> str:
    return " ".join(lxml_html.document_fromstring(mail.html).text_content().split())


def both(mail: Mail, words: str) -> bool:
    html, text = words in said(mail), words in mail.text
    assert html == text, f"one part says {words!r}, the other does not"
    return html


def test_the_figures_stand_in_words_and_a_bar():
    mail = petition()
    assert both(mail, "1,204 signatures of 2,000 wanted")
    assert both(mail, "796 signatures to go")
    assert both(mail, "18 days left, until 10 December 2024")
    assert both(mail, "Counted on 21 November 2024")
    assert "[##############..........] 60%" in mail.text
    assert 'aria-label="60% of the goal reached"' in mail.html
    assert mail.preheader.startswith("1,204 people")


def test_people_are_asked_twice_and_told_each_time_what_signing_means():
    mail = petition()
    note = read_campaign(ROOT, SLUG).campaign.petition.consent_note
    assert mail.html.count(f'href="{SIGN}"') == mail.text.count(f"Add your name:\n{SIGN}\n") == 2
    assert said(mail).count(note) == mail.text.count(note) == 2
    # The first comes before the picture, so in the first screen; the second after the text.
    assert mail.html.index(SIGN) < mail.html.index("<img")
    assert mail.html.rindex(SIGN) > mail.html.index("Jeremy Corbyn")


def test_the_statement_is_a_document_of_its_own():
    mail = petition(statement="The first part\ngoes on.\n\nThe second part.", target="the Minister")
    assert "\n\nTo: the Minister" not in mail.text
    assert "\nTo: the Minister\n\nThe first part goes on.\n\nThe second part.\n" in mail.text
    page = lxml_html.document_fromstring(mail.html)
    (title,) = page.find_class("sheet-title")
    assert title.tag == "h2"
    assert [part.text for part in page.find_class("sheet-words")] == ["The first part goes on.", "The second part."]


def test_demands_are_a_numbered_list():
    page = lxml_html.document_fromstring(petition().html)
    (demands,) = page.iter("ol")
    assert [item.text_content() for item in demands.iter("li")] == [
        "Pedro Castillo’s immediate and unconditional release.",
        "Immediate elections to parliament.",
        "A referendum on a new constitution.",
        "An immediate end to the repression.",
    ]


def test_twelve_demands_have_room_for_their_numbers():
    few, many = petition(), petition(demands=tuple(f"Demand number {number}." for number in range(1, 13)))
    assert "12. Demand number 12.\n" in many.text
    indents = [int(re.search(r"<ol[^>]*padding-left:(\d+)px", mail.html)[1]) for mail in (few, many)]
    assert indents[0] < indents[1]


def test_a_statement_without_demands_stands_alone():
    mail = petition(demands=())
    assert not both(mail, "What we demand")
    assert "<ol" not in mail.html
    assert both(mail, "we call for with them.")


def test_before_anybody_has_signed_the_bar_is_empty_and_the_reader_can_be_first():
    mail = petition(signed=0)
    assert both(mail, "Be the first to sign")
    assert both(mail, "2,000 signatures to go")
    assert "[........................] 0%" in mail.text
    assert "bar-fill" not in lxml_html.tostring(lxml_html.document_fromstring(mail.html).body, encoding="unicode")
    assert not re.search(r"\b0 signatures", said(mail))


def test_the_first_signature_shows():
    mail = petition(signed=1)
    assert both(mail, "1 signature of 2,000 wanted")
    assert both(mail, "1,999 signatures to go")
    assert 'width="2%"' in mail.html


def test_one_is_to_go():
    assert both(petition(signed=1999), "1 signature to go")


@pytest.mark.parametrize("signed", [2000, 2400])
def test_a_goal_reached_is_said_and_people_can_still_sign(signed):
    mail = petition(signed=signed)
    assert both(mail, "The goal of 2,000 is reached")
    assert both(mail, "18 days left")
    assert not both(mail, "signatures to go")
    assert both(mail, "Add your name")
    assert re.search(r'width="100%" style="width:100%;', mail.html)
    assert f"[{'#' * 24}] {signed // 20}%" in mail.text


def test_the_last_day_is_said():
    mail = petition(now=LAST_DAY)
    assert both(mail, "Today, 10 December 2024, is the last day")
    assert both(mail, "796 signatures to go")


@pytest.mark.parametrize("signed", [0, 1204, 2400])
def test_nobody_is_asked_once_signing_has_closed(signed):
    mail = petition(now=DAY_AFTER, signed=signed)
    assert both(mail, "Signing closed on 10 December 2024")
    assert SIGN not in mail.html + mail.text
    assert not both(mail, "Will you sign?")
    assert not both(mail, "signatures to go")
    assert not both(mail, "Be the first")
    assert not both(mail, "no mailing list")
    assert both(mail, "No signatures") == (signed == 0)
    assert both(mail, "The goal of 2,000 is reached") == (signed == 2400)


def test_without_a_goal_there_is_no_bar():
    mail = petition(goal=None)
    assert both(mail, "1,204 signatures")
    assert not both(mail, "2,000")
    assert not both(mail, "signatures to go")
    assert 'role="img"' not in mail.html
    assert "%" not in mail.text
    assert both(petition(goal=None, signed=0), "Be the first to sign")


def test_without_a_deadline_no_days_are_counted():
    mail = petition(deadline=None)
    assert not both(mail, "days left")
    assert both(mail, "Add your name")


def test_without_a_goal_and_a_deadline_the_last_question_stands_alone():
    mail = petition(goal=None, deadline=None)
    assert "Will you sign?\n--------------\n\nAdd your name:\n" in mail.text
    assert "None" not in mail.text


def test_without_a_consent_note_the_button_stands_alone():
    mail = petition(consent_note=None)
    assert mail.html.count(f'href="{SIGN}"') == 2
    assert "None" not in mail.text


def test_languages_written_from_right_to_left_turn_it_round():
    mail = petition(language="ar", title="من أجل الديمقراطية", demands=("الإفراج الفوري",))
    assert 'dir="rtl"' in mail.html
    assert "direction:ltr" not in mail.html
    assert re.search(r"<ol[^>]*padding-right:26px", mail.html)
    assert both(mail, "من أجل الديمقراطية")


def test_a_recording_comes_before_the_last_question():
    mail = petition()
    watch = "Watch: Peru: Solidarity with the Struggle for Democracy"
    assert both(mail, watch)
    assert mail.text.index(watch) < mail.text.index("Will you sign?")
