"""Rules about events and who speaks at them: what is said twice in a report must be said alike."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from mailer.domain.campaign_event_report import EventReport
from mailer.domain.campaign_parts import Session, Speaker
from mailer.domain.count import QUALIFIERS, Count, parse_count
from mailer.rendering.lints.rule import Found, Material, error, warning

_NUMBER = (
    rf"\b((?:(?:{'|'.join(QUALIFIERS)})\s+)?(?:\d{{1,3}}(?:,\d{{3}})+|\d+))"
    r"(?!\s*(?:million|thousand|per cent|years?|days?|hours?|minutes?))\s+"
)
#: What counts as saying how many there were, by the field of `event` that says it too.
_SAID = {
    "attendance": re.compile(
        _NUMBER + r"(?:(?!speakers?|seminars?)[\w’'-]+\s+){0,6}?"
        r"(?:came|attended|gathered|assembled|turned (?:out|up)|filled|packed|took part|were there)\b",
        re.IGNORECASE,
    ),
    "speakers": re.compile(_NUMBER + r"speakers?\b", re.IGNORECASE),
    "seminars": re.compile(_NUMBER + r"seminars?\b", re.IGNORECASE),
}
#: Counts with these, or counted ones, say that there were no more.
_NO_MORE_THAN = frozenset({"", "almost", "fewer than", "nearly", "under", "up to"})
_HONORIFIC = re.compile(r"(?:(?:her|his|their) excellency|dr|prof(?:essor)?|sir|dame|lord|lady|baroness|rev(?:erend)?|mr?s?|mx)\.? +", re.IGNORECASE)  # fmt: skip
_WORDS = re.compile(r"[^\W\d_][\w’'-]*")
_BY = re.compile(r"\bby=\"([^\"]*)\"")
#: How like a name a spelling is that was meant for it: one letter in about ten.
_ALIKE = 0.9


def _sessions(material: Material) -> tuple[Session, ...]:
    return getattr(material.file.campaign, "sessions", ())


def _people(material: Material) -> Iterator[tuple[Speaker, tuple[str | int, ...]]]:
    """Everybody in the programme, and where they stand in the front matter; chairs among them."""
    for number, session in enumerate(_sessions(material)):
        if session.chair:
            yield session.chair, ("sessions", number, "chair")
        for place, speaker in enumerate(session.speakers):
            yield speaker, ("sessions", number, "speakers", place)


@error("event-future", "the report of an event that has not been yet")
def event_future(material: Material) -> Iterator[Found]:
    campaign = material.file.campaign
    if not isinstance(campaign, EventReport):
        return
    today = material.now.astimezone(material.zone).date()
    if campaign.event.date.first_day > today:
        yield Found(
            line=material.file.line_of("event", "date"),
            message=f"the event is on {campaign.event.date}, and today is {today}",
            hint="correct the date, or send an invitation: kind: event_invite",
        )


@warning("event-counts", "a number of people, speakers or seminars that contradicts the one among the fields")
def event_counts(material: Material) -> Iterator[Found]:
    campaign = material.file.campaign
    if not isinstance(campaign, EventReport):
        return
    for name, said in _SAID.items():
        count: Count | None = getattr(campaign.event, name)
        if count is None or count.number is None:
            continue
        for line, words in material.paragraphs:
            for match in said.finditer(words):
                if parse_count(match[1]) not in (count, None) and not _is_year(match[1]):
                    yield Found(
                        line=line,
                        message=f"“{match[0]}”, and event.{name} says {count}",
                        hint=f"make them agree: write {{{{ campaign.event.{name} }}}}",
                    )
    named = {speaker.name for session in campaign.sessions for speaker in session.speakers}
    most = campaign.event.speakers
    if most and most.number is not None and most.qualifier in _NO_MORE_THAN and len(named) > most.number:
        yield Found(
            line=material.file.line_of("event", "speakers"),
            message=f"event.speakers says {most}, and the sessions name {len(named)}",
            hint="correct one of them",
        )


def _is_year(words: str) -> bool:
    return bool(re.fullmatch(r"(19|20)\d\d", words))


@warning("speaker-role", "a speaker with neither a role nor an organisation")
def speaker_role(material: Material) -> Iterator[Found]:
    for speaker, place in _people(material):
        if place[-1] != "chair" and not speaker.role and not speaker.organisation:
            yield Found(
                line=material.file.line_of(*place, "name"),
                message=f"{speaker.name} has neither a role nor an organisation",
                hint="say what they are, or for whom they speak",
            )


@warning("speaker-name", "a name in the text that is spelt a little differently in the list of speakers")
def speaker_name(material: Material) -> Iterator[Found]:
    names = {_HONORIFIC.sub("", speaker.name) for speaker, _ in _people(material)}
    lines = [*material.paragraphs, *_bylines(material)]
    for name in sorted(names):
        length = len(_WORDS.findall(name))
        if length < 2:
            continue
        for line, words in lines:
            for spelt in _runs(words, length):
                if spelt not in names and SequenceMatcher(None, spelt, name).ratio() >= _ALIKE:
                    yield Found(
                        line=line, message=f"“{spelt}” is called {name} in the programme", hint="correct one of them"
                    )


def _bylines(material: Material) -> Iterator[tuple[int, str]]:
    """Who is quoted in blocks: names that `paragraphs` leaves out with the tags they stand in."""
    for line, words in enumerate(material.file.body.split("\n"), material.file.body_line):
        for name in _BY.findall(words):
            yield line, name


def _runs(words: str, length: int) -> Iterator[str]:
    """Every run of `length` words that begin with capitals, possessives cut off."""
    found = [re.sub(r"[’']s?$", "", word) for word in _WORDS.findall(words)]
    for start in range(len(found) - length + 1):
        run = found[start : start + length]
        if run[0][0].isupper() and run[-1][0].isupper():
            yield " ".join(run)


RULES = (event_future, event_counts, speaker_role, speaker_name)
