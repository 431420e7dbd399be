"""Invents the example project's people: `python subscribers/invent.py` writes people.csv beside this file.

Nobody here exists: first names are common ones, surnames are two words stuck together, and every address is at a domain
that is reserved for examples (RFC 2606), where no mail can arrive. The same script gives the same people. A dozen are
awkward on purpose, as real lists are: no name, one name, very long ones, apostrophes, accents, writing from right to left.
"""

import csv
import random
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

ORDINARY = 188
#: The day before the example project's clock: nobody joined or gave later.
LAST_DAY = date(2024, 11, 21)
DOMAINS = {
    "example.org": 30,
    "example.net": 20,
    "example.com": 20,
    "post.example": 12,
    "letters.example": 8,
    "union.example": 6,
    "campus.example": 4,
}
COUNTRIES = {
    "Bogotá": "CO",
    "Ciudad de México": "MX",
    "Lima": "PE",
    "Madrid": "ES",
    "Recife": "BR",
    "Salvador": "BR",
    "Santiago": "CL",
    "São Paulo": "BR",
    "Sevilla": "ES",
    "Tegucigalpa": "HN",
}


class Person(NamedTuple):
    """One row; the fields are the columns."""

    email: str
    first_name: str = ""
    last_name: str = ""
    language: str = ""
    country: str = ""
    city: str = ""
    tags: str = ""
    joined_at: str = ""
    last_gift: str = ""
    last_gift_on: str = ""
    topics: str = ""


class Speakers(NamedTuple):
    """People of one language: how many in a hundred, what they are called, where they live ("": they did not say)."""

    language: str
    share: int
    cities: tuple[str, ...]
    first_names: str
    surname_beginnings: str
    surname_endings: str


SPEAKERS = (
    Speakers(
        "en",
        66,
        (*["London"] * 3, "Leeds", "Glasgow", "Derby", "Cardiff", "Manchester", "Bristol", "Belfast", "Hull", ""),
        "Alice Amina Arthur Beth Callum Chidi Dilys Ewan Fatima Frank Grace Hana Harriet Idris Isla Jo Joan Kemal Lena "
        "Maggie Malik Nia Olwen Pat Priya Ravi Rosa Rory Sam Siobhan Tariq Una Vera Wren Yusuf Zadie",
        "Apple Bramble Copper Ferny Harrow Juniper Kettle Lantern Marsh Otter Quill Thistle",
        "wick bridge combe dale gate mead stone wright",
    ),
    Speakers(
        "es",
        22,
        ("London", "Madrid", "Ciudad de México", "Santiago", "Lima", "Tegucigalpa", "Bogotá", "Sevilla"),
        "Alba Andrés Beatriz Camilo Emilia Gael Inés Itzel Joaquín Lucía Mateo Nahuel Paloma Rocío Tomás Ximena",
        "Agua Campo Luna Monte Piedra Río Sol Viento",
        "alto claro dorado fuerte hondo largo manso verde",
    ),
    Speakers(
        "pt-BR",
        12,
        ("São Paulo", "Recife", "Salvador", "London"),
        "Caetana Davi Flor Iara João Luísa Moacir Raimunda Thiago Zélia",
        "Mar Mata Pedra Rio Serra",
        "branca clara funda longa velha",
    ),
)
AWKWARD = (
    Person("nobody.in.particular@example.org", language="en", country="GB", joined_at="2023-06-14"),
    Person("only-an-address@example.net", tags="donor", joined_at="2022-02-01", last_gift="15"),
    Person("sian@letters.example", "Siân", "", "en", "GB", "Cardiff", "member", "2019-11-30"),
    Person(
        *("niamh.otteragh@example.com", "Niamh", "O’Otteragh-D'Arc", "en", "GB", "Belfast", "donor,member"),
        *("2018-05-01", "40", "2024-11-04"),
    ),
    Person(
        *("maximiliana@example.org", "Maximiliana-Konstantina-Aurelia-Ferdinanda"),
        *("Lanternwright-Thistlecombe-Marshbridge-Kettlemead", "en", "GB"),
        *("Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch", "member", "2021-08-23"),
    ),
    Person("layla@post.example", "ليلى", "حجرالقمر", "en", "GB", "London", "donor", "2022-09-10", "20", "2024-06-02"),
    Person("noa@post.example", "נועה", "אבןלבנה", "en", "GB", "Leeds", "", "2024-01-19"),
    Person("xiaoming@campus.example", "小明", "石桥", "en", "GB", "Manchester", "member", "2023-10-02"),
    Person(
        *("maria.jose@example.org", "María José", "de la Piedraluz y Ríolargo", "es", "ES", "Sevilla", "donor"),
        *("2020-03-08", "12.50", "2023-12-24"),
    ),
    Person("zoe+news@example.com", "Zoë", "Ferny\u00adwick", "en", "GB", "Hull", "member", "2024-04-30"),
    Person("j@example.net", "J.", "Q.", "en", "GB", "Derby", "donor", "2017-01-02", "100", "2022-05-01"),
    Person(
        *("the.campaigns.and.international.solidarity.officer@union.example", "The Branch Secretary", "", "en", "GB"),
        *("Glasgow", "member,branch,donor", "2016-10-10", "250", "2024-11-11"),
    ),
)


#: What people chose to hear of, who chose; the others hear of everything. Names are those of mailer.toml.
CHOICES = ("andes,democracy", "labour", "caribbean,central-america", "network")


def people() -> Iterator[Person]:
    """Everybody, ordinary people first; no address twice."""
    chance, chosen = random.Random("people"), random.Random("topics")
    taken = {person.email for person in AWKWARD}
    while len(taken) < ORDINARY + len(AWKWARD):
        person = _somebody(chance)
        if person.email not in taken:
            taken.add(person.email)
            yield person._replace(topics=chosen.choice(CHOICES) if chosen.random() < 0.2 else "")
    yield from AWKWARD


def _somebody(chance: random.Random) -> Person:
    speakers = chance.choices(SPEAKERS, [speakers.share for speakers in SPEAKERS])[0]
    first = chance.choice(speakers.first_names.split())
    last = chance.choice(speakers.surname_beginnings.split()) + chance.choice(speakers.surname_endings.split())
    domain = chance.choices(list(DOMAINS), list(DOMAINS.values()))[0]
    city = chance.choice(speakers.cities)
    tags = [tag for tag, share in (("donor", 0.34), ("member", 0.45), ("branch", 0.05)) if chance.random() < share]
    joined = LAST_DAY - timedelta(days=chance.randrange(3200))
    gift, given = "", ""
    if "donor" in tags:
        gift = str(chance.choice((5, 10, 10, 15, 20, 20, 25, 50)))
        given = max(LAST_DAY - timedelta(days=int(900 * chance.random() ** 2)), joined).isoformat()
    return Person(
        email=f"{_plain(first)}.{_plain(last)}@{domain}",
        first_name=first,
        last_name=last,
        language=speakers.language,
        country=COUNTRIES.get(city, "GB"),
        city=city,
        tags=",".join(tags),
        joined_at=joined.isoformat(),
        last_gift=gift,
        last_gift_on=given,
    )


def _plain(name: str) -> str:
    """The letters of `name` without their accents, in lower case."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", name) if letter.isalpha()).lower()


if __name__ == "__main__":
    with (Path(__file__).parent / "people.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Person._fields)
        writer.writerows(people())
