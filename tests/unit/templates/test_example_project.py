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
#: What each campaign that carries a source has to say, a fact a line.
FACTS = {path.stem: path.read_text(encoding="utf-8").splitlines() for path in (ROOT / "tests" / "facts").glob("*.txt")}
PEOPLE = ROOT / "subscribers" / "people.csv"


@pytest.mark.parametrize("slug", sorted(FACTS))
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
