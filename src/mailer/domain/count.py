"""A number of people or things as people report it: 22, “nearly 300”, “more than 60”, “hundreds”."""

import re
from dataclasses import dataclass

#: What an author may put before a number, so that nobody takes an estimate for a count.
QUALIFIERS = ("about", "almost", "around", "at least", "fewer than", "just over", "more than", "nearly", "over", "under", "up to")  # fmt: skip
#: Counts without a figure.
VAGUE = ("dozens", "scores", "hundreds", "thousands", "tens of thousands", "hundreds of thousands", "millions")
_FORM = re.compile(rf"(?:({'|'.join(QUALIFIERS)})\s+)?(\d{{1,3}}(?:,\d{{3}})+|\d{{1,9}})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """`number` with the `qualifier` before it ("" if it was counted); None with a vague word ("hundreds") as qualifier."""

    number: int | None
    qualifier: str = ""

    def __str__(self) -> str:
        figure = "" if self.number is None else f"{self.number:,}"
        return " ".join(filter(None, (self.qualifier, figure)))


def parse_count(text: str) -> Count | None:
    """The count that `text` states; None when it states none."""
    words = " ".join(text.split())
    if words.lower() in VAGUE:
        return Count(number=None, qualifier=words.lower())
    found = _FORM.fullmatch(words)
    return Count(number=int(found[2].replace(",", "")), qualifier=(found[1] or "").lower()) if found else None


def counted(number: int, one: str, many: str = "") -> str:
    """`number` with its noun: 1 person, 1,200 people. many: default: `one` with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def people(number: int) -> str:
    return counted(number, "person", "people")
