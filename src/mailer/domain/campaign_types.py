"""The types of values in a campaign file: what each takes, and the sentence that says so when it gets something else.

YAML hands over only text, whole numbers, numbers, true, false and null; dates and amounts are read here, so that a
wrong one is reported in the author's words. A date or time without a zone stays without one: the campaign's
`timezone` gives it its meaning where it is used.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parseaddr
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from mailer.domain.campaign_forms import COUNTS, either, form
from mailer.domain.count import QUALIFIERS, Count, parse_count
from mailer.domain.partial_date import PartialDate, parse_partial_date
from mailer.errors import UsageError
from mailer.settings.zones import zone_meant


class Model(BaseModel):
    """Part of a campaign: unknown keys are errors, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False)


def wrong(message: str, hint: str = "", *, key: str = "") -> PydanticCustomError:
    """A finding in our own words; the hint travels beside the message. key: which of a model's keys it is about."""
    return PydanticCustomError("campaign", "{message}", {"message": message, "hint": hint, "key": key})


#: Outside these a year is a slip of the finger, and days next to the last of all cannot be worked out.
_YEARS = range(1000, 3000)


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise wrong(f'"{value}" is not a date', "write 2024-11-30") from None
    return _thinkable(found)


def _moment(value: Any) -> Any:
    """A day, or a day and a time, with or without a zone."""
    if not isinstance(value, str):
        return value
    is_day = re.fullmatch(r"\d{4}-\d\d-\d\d", value)
    try:
        found = date.fromisoformat(value) if is_day else datetime.fromisoformat(value)
    except ValueError:
        raise wrong(f'"{value}" is not a date or time', "write 2024-11-30 or 2024-11-30 18:00") from None
    return _thinkable(found)


def _thinkable(moment: date) -> date:
    if moment.year not in _YEARS:
        raise wrong(f"the year {moment.year} is none that a campaign can mean", "correct it")
    return moment


def _partial_day(value: Any) -> Any:
    if isinstance(value, PartialDate):
        return value
    is_written = isinstance(value, int | str) and not isinstance(value, bool)
    found = parse_partial_date(str(value)) if is_written else None
    if found is None:
        raise wrong(
            f'"{value}" is not a date' if is_written else "this is not a date",
            "write 2024-01-27; if no more is known, 2024-01 or 2024",
        )
    _thinkable(found.first_day)
    return found


def _amount(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise wrong("this is not an amount of money", "write 18000 or 212.25")
    try:
        amount = Decimal(str(value).replace(",", ""))
    except InvalidOperation:
        raise wrong(f'"{value}" is not an amount of money', "write the number alone: 18000 or 212.25") from None
    # In this order: a number with more digits than decimal's context holds cannot be rounded.
    if not amount.is_finite() or not 0 <= amount < 10**12 or amount != round(amount, 2):
        raise wrong(f'"{value}" is not an amount of money', "no minus, no more than two places behind the point")
    return amount


def _count(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return Count(number=value)
    count = parse_count(value) if isinstance(value, str) else None
    if count is None:
        raise wrong(
            f'"{value}" is not a count',
            f"write 22, or nearly 300, or hundreds; before a figure: {', '.join(QUALIFIERS)}",
        )
    return count


def _matching(pattern: str, what: str, hint: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(pattern, value.strip()):
            raise wrong(f'"{value}" is not {what}', hint)
        return value.strip() if isinstance(value, str) else value

    return check


def _url(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = value.strip()
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s<>\"]", value):
        raise wrong(f'"{value}" is not a web address', "write the whole of it: https://www.example.org/page")
    return value


def as_typed(read: Callable[[str], Any]) -> Callable[[Any], Any]:
    """A check by what reads the same words on the command line; they stay as they are."""

    def check(value: Any) -> Any:
        if isinstance(value, str):
            try:
                read(value)
            except UsageError as error:
                raise wrong_as_typed(error) from None
        return value

    return check


def wrong_as_typed(error: UsageError) -> PydanticCustomError:
    """The finding in the words of the command line."""
    message = error.message.rstrip(".")
    return wrong(message[0].lower() + message[1:], error.hint.rstrip("."))


def _time(value: Any) -> Any:
    """A day and a time, with or without a zone."""
    moment = _moment(value)
    if isinstance(moment, str | int) or (isinstance(moment, date) and not isinstance(moment, datetime)):
        raise wrong(f'"{value}" is not a time', "write 2024-11-22 09:00")
    return moment


def _zone(value: Any) -> Any:
    value = as_typed(zone_meant)(value)
    return zone_meant(value) if isinstance(value, str) else value


def _sender(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;.]+", parseaddr(value)[1]):
        raise wrong(f'"{value}" holds no e-mail address', "write news@example.org or News desk <news@example.org>")
    return value


def _off(value: Any) -> Any:
    if value is True:
        raise wrong("mailer does not watch what readers do", "leave it out, or write false")
    return value


def _items(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


#: Stands behind a tuple type: YAML hands over lists.
ITEMS = BeforeValidator(_items)
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slug = Annotated[
    str,
    BeforeValidator(_matching(r"[a-z][a-z0-9-]*", "a name", "small letters, digits and hyphens, a letter first")),
    WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9-]*$"}),
]
#: Kinds are named as in Python, and a template pair after its kind.
TemplateName = Annotated[
    str,
    BeforeValidator(_matching(r"[a-z][a-z0-9_-]*", "a name", "small letters, digits and hyphens, a letter first")),
    WithJsonSchema({"type": "string", "pattern": "^[a-z][a-z0-9_-]*$"}),
]
Day = Annotated[
    date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date", "examples": ["2024-11-30"]})
]
#: A day, or the month or the year if no more is known.
PartialDay = Annotated[
    PartialDate,
    BeforeValidator(_partial_day),
    WithJsonSchema(either(r"\d{4}(-\d{2}(-\d{2})?)?", "integer", "2024-01-27", "2024-01", 2024)),
]
Moment = Annotated[
    date | datetime,
    BeforeValidator(_moment),
    WithJsonSchema(
        form(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?", "2024-11-30", "2024-11-30 18:00")
    ),
]
Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema(either(r"\d[\d,]*(\.\d{1,2})?", "number", 18000, "18,000", 212.25)),
]
#: How many, as an author reports it.
Tally = Annotated[
    Count,
    BeforeValidator(_count),
    WithJsonSchema(either(COUNTS, "integer", 22, "nearly 300", "hundreds")),
]
#: Kept as it is written: "09:30".
TimeOfDay = Annotated[
    str,
    BeforeValidator(_matching(r"([01]\d|2[0-3]):[0-5]\d", "a time of day", "write 09:30 or 14:00")),
    WithJsonSchema(form(r"([01]\d|2[0-3]):[0-5]\d", "09:30")),
]
Url = Annotated[
    str,
    BeforeValidator(_url),
    WithJsonSchema(form(r'https?://[^\s<>"]+', "https://www.example.org/page") | {"format": "uri"}),
]
#: A day with its time, and nothing less.
Time = Annotated[
    datetime,
    BeforeValidator(_time),
    WithJsonSchema(form(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", "2024-11-22 09:00")),
]
Zone = Annotated[
    str, BeforeValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Europe/London", "America/Lima"]})
]
Sender = Annotated[
    str,
    BeforeValidator(_sender),
    WithJsonSchema(form(".*@.*", "news@example.org", "News desk <news@example.org>")),
]
Off = Annotated[bool, BeforeValidator(_off), WithJsonSchema({"const": False})]
Language = Annotated[
    str,
    BeforeValidator(_matching(r"[a-z]{2,3}(-[A-Z][A-Za-z]+)?", "a language", "write en, es or pt-BR")),
    WithJsonSchema(form("[a-z]{2,3}(-[A-Z][A-Za-z]+)?", "en", "pt-BR")),
]
Currency = Annotated[
    str,
    BeforeValidator(_matching(r"[A-Z]{3}", "a currency", "three capitals: GBP, EUR, PEN")),
    WithJsonSchema(form("[A-Z]{3}", "GBP", "PEN")),
]


def end_of(moment: date | datetime, zone: ZoneInfo) -> datetime:
    """The instant at which `moment` is over: the last second of a day, or the time itself; without a zone, in `zone`."""
    if not isinstance(moment, datetime):
        next_day = datetime.combine(moment + timedelta(days=1), time(), tzinfo=zone)
        return next_day - timedelta(seconds=1)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def day_of(moment: date | datetime, zone: ZoneInfo) -> date:
    """The calendar day of `moment` in `zone`."""
    if not isinstance(moment, datetime):
        return moment
    return moment.astimezone(zone).date() if moment.tzinfo else moment.date()
