"""States that a design forgets: the last day, a target passed, other directions of writing, other colours, nothing known."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from example_mail import ROOT, Mail, compiled, example_mail, settings
from mailer.sources.campaign_files import read_campaign


def appeal(**changes) -> Mail:
    return example_mail("fighting-fund", of=compiled("fighting-fund", settings(), **changes))


def both(mail: Mail, words: str) -> bool:
    return words in mail.html and words in mail.text


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (datetime(2024, 11, 29, 9, tzinfo=UTC), "1 day left, until 30 November 2024"),
        (datetime(2024, 11, 30, 9, tzinfo=UTC), "Today, 30 November 2024, is the last day"),
        (datetime(2024, 12, 1, 9, tzinfo=UTC), "The appeal closed on 30 November 2024"),
    ],
)
def test_the_days_are_counted_to_the_last(now, words):
    assert both(appeal(now=now), words)


def test_nobody_is_asked_once_the_appeal_has_closed():
    mail = appeal(now=datetime(2024, 12, 1, 9, tzinfo=UTC))
    assert not both(mail, "Give to the fund")
    assert "amount=10" not in mail.html + mail.text
    assert both(mail, "What happens to the money")


def test_a_target_passed_is_said_and_the_bar_is_full_not_fuller():
    mail = appeal(fund={"raised": Decimal(19500)})
    assert both(mail, "The target is reached")
    assert both(mail, "8 days left")
    assert "[########################] 108%" in mail.text
    assert re.search(r'width="100%" style="width:100%;', mail.html)
    assert "108%;" not in mail.html


def test_a_target_passed_on_the_last_day_is_both():
    mail = appeal(fund={"raised": Decimal(18000)}, now=datetime(2024, 11, 30, 9, tzinfo=UTC))
    assert both(mail, "The target is reached")
    assert both(mail, "is the last day")


def test_the_first_pound_shows_in_the_bar():
    mail = appeal(fund={"raised": Decimal(1)})
    assert 'width="2%"' in mail.html
    assert "[........................] 0%" in mail.text


def test_a_fund_without_a_deadline_or_amounts_still_asks():
    mail = appeal(fund={"deadline": None, "asks": (), "if_over": None, "if_under": None}, subject="Give")
    assert both(mail, "£6,209 still needed")
    assert "days left" not in mail.html + mail.text
    assert mail.text.count("https://www.example.org/fighting-fund\n") >= 2
    assert "None" not in mail.text


def test_an_address_with_a_query_keeps_it():
    mail = appeal(fund={"donate_url": "https://www.example.org/give?fund=7"})
    assert "https://www.example.org/give?fund=7&amount=25\n" in mail.text
    assert 'href="https://www.example.org/give?fund=7&amp;amount=25"' in mail.html


def test_a_campaign_with_the_least_that_it_must_say():
    bare = dict.fromkeys(["kicker", "standfirst", "byline", "image", "author_note", "first_published", "share_offer"])
    mail = appeal(**bare)
    assert mail.text.startswith("Latin America Solidarity Network\nNews and action\n\nBritish spyware")
    assert "Own a share" not in mail.html + mail.text
    assert "<img" not in mail.html


def test_where_it_first_stood_is_linked():
    mail = appeal(canonical_url="https://magazine.example/2")
    assert 'href="https://magazine.example/2"' in mail.html
    assert "Read it where it first appeared:\nhttps://magazine.example/2" in mail.text


def test_languages_written_from_right_to_left_turn_the_page_round():
    mail = appeal(language="ar")
    assert re.search(r'<html[^>]* dir="rtl"', mail.html)
    assert "direction:ltr" not in mail.html
    assert mail.html.count("text-align:right") > 10
    assert "padding-right:24px" in mail.html.replace(" ", "")


def test_a_logo_stands_in_the_header_with_the_name_as_its_words():
    project = settings(brand={"logo": "campaigns/images/listening-eye.jpg"})
    mail = example_mail("fighting-fund", of=compiled("fighting-fund", project))
    assert mail.html.count('alt="Latin America Solidarity Network"') == 1
    assert mail.text.startswith("Latin America Solidarity Network\n")


def test_one_colour_changes_the_whole_mail():
    mail = example_mail("fighting-fund", of=compiled("fighting-fund", settings(brand={"accent": "#14532d"})))
    assert "#b3261e" not in mail.html
    assert mail.html.count("#14532d") > 10


def test_an_article_can_carry_an_appeal():
    fund = read_campaign(ROOT, "fighting-fund").campaign.fund
    mail = example_mail("labour-and-latin-america", of=compiled("labour-and-latin-america", settings(), fund=fund))
    assert both(mail, "£6,209 still needed")
    assert mail.text.index("Find a group near you") < mail.text.index("FIGHTING FUND")
