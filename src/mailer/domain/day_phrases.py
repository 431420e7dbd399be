"""The days on which something comes round, in people's words: "fri", "weekdays", "monthly last fri", "every 2 weeks mon".

What they mean is kept as the three last fields of a crontab line. In a crontab Sunday is 0, so weekdays go through their
names here and never by a number that somebody counted from Monday.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
#: 0 stands for the last.
_ORDINALS = {
    "first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "last": 0,
}  # fmt: skip
_QUARTERS = "1,4,7,10"
_WEEKS = {
    "fortnightly": 2,
    "fortnight": 2,
    "other": 2,
    "other week": 2,
    "second week": 2,
    "two weeks": 2,
    "three weeks": 3,
    "four weeks": 4,
}
_MOST_WEEKS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """fields: day of the month, month and weekday of a crontab line. weeks: only in every so manieth week."""

    fields: str
    weeks: int = 1


def read_days(phrase: str) -> Days | None:
    """The days that a phrase in small letters names; None if it names none. Raises ValueError for a day called "fry"."""
    said = re.sub(r"^(on|every|each)( the)? ", "", phrase)
    for pattern, days_of in _PHRASES:
        found = pattern.fullmatch(said)
        if found is not None:
            return days_of(found)
    return None


def _fixed(fields: str) -> Callable[[re.Match[str]], Days]:
    return lambda _match: Days(fields=fields)


def _weekly(match: re.Match[str]) -> Days:
    return Days(fields=f"* * {_weekdays(match['days'])}")


def _every_other(match: re.Match[str]) -> Days:
    weeks = match["weeks"]
    number = _WEEKS.get(weeks) or int(weeks)
    if not 1 <= number <= _MOST_WEEKS:
        raise ValueError(weeks)
    return Days(fields=f"* * {_weekdays(match['days'])}", weeks=number)


def _weekdays(names: str) -> str:
    """Their numbers with commas between, as in a crontab."""
    return ",".join(str(number) for number in dict.fromkeys(_numbers(names)))


def _numbers(names: str) -> Iterator[int]:
    """From "fri-mon" all four of them."""
    for part in re.split(_AND, names):
        first, _, last = part.replace(" to ", "-").partition("-")
        number, end = _weekday(first.strip()), _weekday((last or first).strip())
        yield number
        while number != end:
            number = (number + 1) % 7
            yield number


def _weekday(name: str) -> int:
    """Its number in a crontab. Raises ValueError."""
    forms = {name, name.removesuffix("s")}
    [number] = [number for number, each in enumerate(_WEEKDAYS) if forms & {each, each[:2], each[:3], each[:4]}]
    return number


def _monthly(match: re.Match[str]) -> Days:
    """The 15th, the 1st and the 15th, the last day, the first Monday; of each month or quarter."""
    months, days = _QUARTERS if "quarter" in match["period"] else "*", match["days"]
    nth = _NTH_WEEKDAY.fullmatch(days)
    if nth is not None:
        number, weekday = _ORDINALS[nth["nth"]], _weekday(nth["weekday"])
        return Days(fields=f"* {months} {weekday}L" if number == 0 else f"* {months} {weekday}#{number}")
    return Days(fields=f"{','.join(_day(day) for day in re.split(_AND, days))} {months} *")


def _day(text: str) -> str:
    """A day of the month as a crontab has it. Raises ValueError."""
    word = text.removeprefix("the ").removesuffix(" day")
    if word in _ORDINALS:
        return str(_ORDINALS[word] or "L")
    if not 1 <= (number := int(word.rstrip("stndrh"))) <= 31:
        raise ValueError(text)
    return str(number)


def _yearly(match: re.Match[str]) -> Days:
    said = match["month"]
    [month] = [number for number, name in enumerate(_MONTHS, 1) if said in (name, name[:3], name[:4])]
    return Days(fields=f"{int(match['day'].rstrip('stndrh'))} {month} *")


_AND = r" ?, ?(?:and )?| and | & "
_NAME = r"[a-z]{2,}(?: ?- ?[a-z]{2,}| to [a-z]{2,})?"
_NAMES = rf"(?P<days>{_NAME}(?:(?:{_AND}){_NAME})*)"
_NTH_WEEKDAY = re.compile(rf"(?P<nth>{'|'.join(_ORDINALS)}) (?!day$)(?P<weekday>[a-z]{{2,}})", re.ASCII)
_OF_MONTH = rf"(?:{'|'.join(_ORDINALS)}|\d{{1,2}}(?:st|nd|rd|th)?)(?: day)?"
_DATES = rf"(?P<days>(?:{'|'.join(_ORDINALS)}) [a-z]{{2,}}|{_OF_MONTH}(?:(?:{_AND})(?:the )?{_OF_MONTH})*)"
_DATE = r"(?P<day>\d{1,2}(?:st|nd|rd|th)?)"
_MONTH = r"(?P<month>[a-z]{3,})"
_ON = r"(?: on)?(?: the)?"
_PHRASES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Days]], ...] = tuple(
    (re.compile(pattern, re.ASCII), days_of)
    for pattern, days_of in (
        (r"daily|days?", _fixed("* * *")),
        (r"weekdays?|working days?", _fixed("* * 1-5")),
        (r"weekends?", _fixed("* * 0,6")),
        (rf"(?:the )?{_DATES} (?:of|in) (?:the|each|every) (?P<period>month|quarter)", _monthly),
        (rf"(?P<period>monthly|month|quarterly|quarter){_ON} {_DATES}", _monthly),
        (rf"(?:yearly|year|annually){_ON} {_DATE}(?: of)? {_MONTH}", _yearly),
        (rf"(?:yearly|year|annually){_ON} {_MONTH} {_DATE}", _yearly),
        (rf"(?P<weeks>\d{{1,2}})(?: weeks?)(?: on)? {_NAMES}", _every_other),
        (rf"(?P<weeks>{'|'.join(sorted(_WEEKS, reverse=True))})(?: on)? {_NAMES}", _every_other),
        (rf"(?:weekly |week )?(?:on )?{_NAMES}", _weekly),
    )
)
