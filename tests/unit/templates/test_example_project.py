"""The example project keeps its promises: its facts are complete, its people invented, its pictures small."""

import csv
import importlib.util
import re

import pytest
from PIL import Image

from example_mail import EXAMPLES, ROOT, example_mail, settings
from mailer.domain.address import is_ordinary
from mailer.sources.segment_files import read_segments

#: RFC 2606, section 2 and 3: no mail can arrive there.
RESERVED = re.compile(r"(example\.(org|net|com)|[a-z]+\.example)")
FACTS = {
    "labour-and-latin-america": [
        "43 students", "Ayotzinapa Rural Teachers’ College", "Mexican Embassy", "four hours", "a minute",
        "All-Party Parliamentary Group on Mexico", "YoSoy132Londres and Justice Mexico Now", "more than thirty years",
        "June 1983", "five weeks", "Central America", "Augusto Pinochet", "asylum", "1998", "Spain",
        "Cristina Godoy-Navarrete", "1975", "Houses of Parliament", "Latin America Conference of 2014", "Evo Morales",
        "Bolivia", "Nicolás Maduro", "Venezuela", "Argentina", "vulture funds", "Latinxs con Corbyn", "2020",
        "Carlos Cruz", "Colombian", "United Migrant Workers Education Project", "Unite", "Winter 2015", "issue two",
    ],
    "fighting-fund": [
        "Foreign and Commonwealth Office", "Honduras", "hundreds of thousands of pounds", "Boris Johnson",
        "National Party", "coup of 2009", "dozens", "Dilma Rousseff", "Lula da Silva", "2018", "40 million people",
        "two in every three", "CIA", "Chile", "Cuba", "2002", "pink tide", "1990s and 2000s",
        "Labour Friends of Progressive Latin America", "@labourfplam", "Facebook", "Labour MP for Derby North",
        "People’s Press Printing Society", "become a supporter", "co-operative", "£11,791", "£6,209", "8 days left",
    ],
}  # fmt: skip
PEOPLE = ROOT / "subscribers" / "people.csv"


@pytest.mark.parametrize("slug", EXAMPLES)
def test_every_fact_of_the_source_is_carried_over(slug):
    mail = example_mail(slug)
    assert [fact for fact in FACTS[slug] if fact not in mail.text] == []


@pytest.mark.parametrize("slug", EXAMPLES)
def test_real_people_are_quoted_briefly(slug):
    for words in re.findall(r"“([^”]*)”", example_mail(slug).text):
        assert len(words.split()) <= 25


def test_people_are_those_that_the_script_invents():
    spec = importlib.util.spec_from_file_location("invent", ROOT / "subscribers" / "invent.py")
    invent = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(invent)
    with PEOPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(invent.Person._fields)
    assert [tuple(row) for row in rows[1:]] == list(invent.people())


def test_no_mail_can_reach_anybody_of_the_example():
    with PEOPLE.open(encoding="utf-8", newline="") as file:
        addresses = [row["email"] for row in csv.DictReader(file)]
    assert len(set(map(str.casefold, addresses))) == len(addresses) == 200
    for address in addresses:
        assert is_ordinary(address)
        assert RESERVED.fullmatch(address.rpartition("@")[2])


def test_links_lead_to_reserved_domains_only():
    for slug in EXAMPLES:
        text = (ROOT / "campaigns" / f"{slug}.md").read_text(encoding="utf-8")
        for host in re.findall(r"https?://([^/\s)\"]+)", text):
            assert RESERVED.fullmatch(host.removeprefix("www."))


def test_segments_can_be_read():
    names = set(read_segments(ROOT, settings()).named)
    assert {"donors", "not-donors", "london", "spanish-speakers", "given-this-month"} <= names


@pytest.mark.parametrize("path", sorted((ROOT / "campaigns" / "images").glob("*.jpg")), ids=lambda path: path.name)
def test_pictures_are_small_enough_to_mail(path):
    assert path.stat().st_size <= 300_000
    with Image.open(path) as picture:
        assert max(picture.size) <= 1200
        assert not picture.getexif()
