"""Whose message is the hardest to get right: the one to look at before everybody gets theirs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mailer.domain.count import counted
from mailer.domain.subscriber import Recipient
from mailer.edition.filters import is_blank
from mailer.edition.program import Program
from mailer.errors import EditionError
from mailer.launch.personal import printed_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Hard:
    """One person, and in a sentence what is hard about their message."""

    person: Recipient
    reason: str


def values_printed(program: Program) -> frozenset[str]:
    """The fields that decide who is hardest, beside those that messages need anyway."""
    return frozenset(one.field for one in printed_values(program.edition))


def hardest(program: Program, people: Iterable[Recipient], *, at: datetime) -> list[Hard]:
    """The hard cases among `people`, worst first, each person once; empty only when there is nobody.

    Worst is somebody for whom no message can be built, then whoever lacks the most values that the mail prints (those
    without a default count first), then the longest message.
    """
    printed = printed_values(program.edition)
    fields = sorted({one.field for one in printed})
    bare = {one.field for one in printed if not one.defaulted}
    unbuildable: Hard | None = None
    emptiest: tuple[tuple[int, int], Recipient | None] = ((0, 0), None)
    longest: tuple[int, Recipient | None] = (0, None)
    for person in people:
        missing = [name for name in fields if is_blank(person.fields.get(name))]
        lacks = (sum(name in bare for name in missing), len(missing))
        if lacks > emptiest[0]:
            emptiest = (lacks, person)
        try:
            size = program.message(person, at=at).size
        except EditionError as error:
            unbuildable = unbuildable or Hard(
                person=person, reason=f"No message can be built for them: {error.message}"
            )
            continue
        if size > longest[0]:
            longest = (size, person)
    found = [unbuildable] if unbuildable else []
    if emptiest[1]:
        found.append(Hard(person=emptiest[1], reason=_lacking(emptiest[1], fields, bare)))
    if longest[1]:
        found.append(Hard(person=longest[1], reason=f"Their message is the longest: {longest[0]:,} bytes."))
    return [one for number, one in enumerate(found) if one.person not in [earlier.person for earlier in found[:number]]]


def _lacking(person: Recipient, fields: list[str], bare: set[str]) -> str:
    missing = [name for name in fields if is_blank(person.fields.get(name))]
    named = ", ".join(name if name not in bare else f"{name} (without a default)" for name in missing)
    return f"They lack the most: {len(missing)} of {counted(len(fields), 'value')} that the mail prints: {named}."
