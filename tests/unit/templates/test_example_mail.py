"""What every kind of mail owes its readers, looked up in the example campaigns as finished mail."""

import itertools
import re
from urllib.parse import urlsplit

import pytest
from lxml import html as lxml_html

from example_mail import EXAMPLES, PUBLIC_URL, ROSA, WITHOUT_PICTURES, Mail, compiled, example_mail, settings
from reading import unsaid

#: Gmail cuts off what is longer (and 90 % of it is where we begin to worry).
LARGEST, WARN = 102_400, 90_000
PEOPLE = {
    "a donor": ROSA,
    "nobody in particular": {},
    "a member": {"first_name": "Siân", "tags": ("member",)},
    "a very long name": {
        "first_name": "Maximiliana-" * 30,
        "tags": ("donor", "member"),
        "attributes": {"city": "Llanfair" * 40},
    },
    "right to left": {"first_name": "ليلى", "tags": ("donor",), "attributes": {"last_gift": "20"}},
    "not what they seem": {
        "first_name": "<b>{{7*7}}</b>",
        "city": '"><img src=x>',
        "last_gift": "1&2",
        "tags": ("donor",),
    },
}


@pytest.fixture(params=EXAMPLES)
def slug(request) -> str:
    return request.param


@pytest.fixture(params=PEOPLE.values(), ids=PEOPLE.keys())
def mail(slug, request) -> Mail:
    return example_mail(slug, request.param)


@pytest.fixture
def page(mail):
    return lxml_html.document_fromstring(mail.html)


def test_the_page_names_its_language_and_has_one_headline(mail, page):
    assert mail.html.startswith("<!DOCTYPE html>")
    assert (page.get("lang"), page.get("dir")) == ("en", "ltr")
    assert page.findtext(".//title")
    assert len(page.findall(".//h1")) == 1
    ranks = [int(element.tag[1]) for element in page.iter("h1", "h2", "h3")]
    assert all(after <= before + 1 for before, after in itertools.pairwise(ranks))


def test_pictures_have_words_and_tables_a_role(mail, page):
    images = page.findall(".//img")
    assert bool(images) is (mail.slug not in WITHOUT_PICTURES)
    assert all(image.get("alt") and image.get("width") for image in images)
    for table in page.iter("table"):
        has_headings = table.find("tr/th") is not None or table.find("*/tr/th") is not None
        assert (table.get("role") == "presentation") is not has_headings


def test_nothing_in_it_runs_phones_home_or_hides(page):
    assert not list(page.iter("script", "form", "iframe", "video", "object", "embed", "link"))
    for element in page.iter():
        for name in ("src", "href", "background"):
            address = element.get(name)
            assert not address or urlsplit(address).scheme in ("https", "mailto"), address
        if element.tag == "img":
            assert element.get("src").startswith(f"{PUBLIC_URL}/media/")
    fetched = re.findall(r"@import|@font-face|url\(", lxml_html.tostring(page, encoding="unicode"))
    assert fetched == []


def test_gmail_shows_all_of_it(mail):
    assert len(mail.html.encode()) < WARN < LARGEST


def test_the_dark_scheme_survives_the_way(mail):
    scheme = mail.html.partition("@media (prefers-color-scheme: dark)")[2]
    assert scheme.count("!important") > 20
    assert "[data-ogsc]" in mail.html
    assert "[data-ogsb]" in mail.html
    assert 'name="color-scheme" content="light dark"' in mail.html


def test_both_parts_lead_to_the_same_places(mail, page):
    linked = {element.get("href") for element in page.iter("a")}
    assert linked
    shown = set(re.findall(r"https?://[^\s<>]+", mail.text))
    assert linked <= shown | {"https://www.example.org"}
    assert shown <= linked | {settings().organisation.website}


def test_both_parts_say_who_we_are_and_how_to_leave(mail, page):
    organisation = settings().organisation
    for part in (" ".join(page.text_content().split()), mail.text):
        assert organisation.name in part
        assert organisation.about in part
        assert organisation.postal_address in part
        assert "“News and action”" in part
        assert "Leave this list" in part
    assert f"{PUBLIC_URL}/u/" in mail.text


def test_both_parts_say_the_same_in_the_same_order(mail):
    """Every paragraph and heading of the text part stands in the HTML, and in that order."""
    assert unsaid(mail.html, mail.text) == []


def test_no_line_of_the_text_part_is_debris(mail):
    assert mail.text == mail.text.strip() + "\n" or mail.text == mail.text.strip()
    assert "\n\n\n" not in mail.text
    assert not re.search(r"[ \t]$", mail.text, re.MULTILINE)
    assert not re.search(r"None|Undefined|\{\{|\{%|zq[0-9a-f]{8}", (mail.text + mail.html).replace("{{7*7}}", ""))


@pytest.mark.parametrize("words", ["Dear friend,", "£10 is a good way to begin", "your town"])
def test_somebody_we_know_nothing_about_is_addressed_as_a_friend(words):
    assert words in example_mail("fighting-fund", {}).text


def test_a_donor_is_thanked_and_asked_for_what_they_gave_last():
    mail = example_mail("fighting-fund")
    assert "give £20 once more <https://www.example.org/fighting-fund?amount=20>" in mail.text
    assert "a good way to begin" not in mail.text


def test_the_fund_stands_in_figures_words_and_characters():
    mail = example_mail("fighting-fund")
    text = " ".join(lxml_html.document_fromstring(mail.html).text_content().split())
    for part in (text, mail.text):
        assert "£11,791 raised" in part
        assert "of £18,000" in part
        assert "£6,209 still needed" in part
        assert "8 days left, until 30 November 2024" in part
        assert "Counted on 22 November 2024" in part
    assert "[################........] 65%" in mail.text
    assert mail.subject == "Fighting fund: £6,209 to find by 30 November 2024"


def test_election_material_names_its_promoter_in_both_parts():
    project = settings(organisation={"promoter": "A. Promoter, 2 Example Street, London E1 0AA"})
    mail = example_mail("labour-and-latin-america", of=compiled("labour-and-latin-america", project))
    for part in (mail.html, mail.text):
        assert "Promoted by A. Promoter, 2 Example Street, London E1 0AA" in part
