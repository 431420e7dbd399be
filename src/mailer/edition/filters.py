"""The filters of an edition: what may stand behind `|` in an expression on recipient data.

They do what Jinja's filters of the same names do, with four differences, which hold at compile time too, because the
same functions serve there:

- `default` replaces what is undefined, none, empty or blank alike;
- nothing in, nothing out: a filter of text or numbers leaves none as it is, so that a later `default` still applies;
- `number` and `date`, which Jinja lacks, write as the language of the variant does;
- none of them can be made to produce more than `MOST_CHARACTERS`.

A filter given what it cannot work on raises TypeError, ValueError or OverflowError; the expression around it says where.
"""

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from mailer.domain.partial_date import PartialDate
from mailer.edition.escaping import shown
from mailer.edition.format import FILTERS
from mailer.edition.wording import Wording, wording

#: The longest text that an expression may make; far above what people are called, far below what hurts.
MOST_CHARACTERS = 100_000
#: Jinja's "truncate.leeway" policy: a text this little over the length is left whole.
_LEEWAY = 5
#: Where Jinja's `title` begins a word.
_WORDS = re.compile(r"([-\s({\[<]+)")
_NUMBERS = (int, float)

Filter = Callable[..., Any]


def is_blank(value: object) -> bool:
    """Whether a reader would see nothing: none, an empty list, or a text of white space and invisible characters."""
    if isinstance(value, str):
        if value[:1] > " " and value[:1].isprintable():  # nearly always the first character answers
            return False
        return not any(character.isprintable() and character != " " for character in value)
    return not value and not isinstance(value, _NUMBERS)


def default(value: Any, fallback: Any = "", _boolean: Any = None) -> Any:
    """`value`, or `fallback` if it is blank. Jinja's third argument, which asked for less than this, is allowed."""
    return fallback if is_blank(value) else value


def capitalize(value: Any) -> str | None:
    return None if value is None else shown(value).capitalize()


def lower(value: Any) -> str | None:
    return None if value is None else shown(value).lower()


def upper(value: Any) -> str | None:
    return None if value is None else shown(value).upper()


def title(value: Any) -> str | None:
    # As Jinja's, down to "O'brien".
    return (
        None if value is None else "".join([word[:1].upper() + word[1:].lower() for word in _WORDS.split(shown(value))])
    )


def trim(value: Any, characters: str | None = None) -> str | None:
    return None if value is None else shown(value).strip(characters)


def truncate(value: Any, length: int = 255, killwords: bool = False, end: str = "...", leeway: int = _LEEWAY) -> Any:  # noqa: FBT001, FBT002 (Jinja's signature)
    if value is None:
        return None
    text = shown(value)
    if length < len(end):
        raise ValueError("truncate to less than its own ending")
    if len(text) <= length + leeway:
        return text
    cut = text[: length - len(end)]
    return (cut if killwords else cut.rsplit(" ", 1)[0]) + end


def first(value: Any) -> Any:
    return next(iter(value), None) if value else None


def last(value: Any) -> Any:
    return value[-1] if value else None


def length(value: Any) -> int:
    return 0 if value is None else len(value)


def join(value: Any, separator: Any = "") -> str:
    between, items = shown(separator), [shown(item) for item in value or ()]
    if len(between) * len(items) > MOST_CHARACTERS:
        raise OverflowError("too long")
    return between.join(items)


def to_int(value: Any, fallback: Any = 0, base: int = 10) -> Any:
    """As Jinja: "3.7" becomes 3, and what is no number becomes `fallback`."""
    try:
        return int(value, base) if isinstance(value, str) else int(value)
    except (TypeError, ValueError, OverflowError):
        try:
            return int(float(value))
        except (TypeError, ValueError, OverflowError):
            return fallback


def to_rounded(value: Any, precision: int = 0, method: str = "common") -> Any:
    if value is None:
        return None
    number = _number(value)
    if not -15 <= precision <= 15:
        raise ValueError("round takes a precision from -15 to 15")
    if method == "common":
        return round(number, precision)
    if method not in ("ceil", "floor"):
        raise ValueError("round takes common, ceil or floor")
    factor: float = 10**precision
    return (math.ceil if method == "ceil" else math.floor)(number * factor) / factor


def _number_filter(words: Wording) -> Filter:
    def number(value: Any, decimals: int | None = None) -> str | None:
        """1234.5 as "1,234.50"; whole numbers without decimals unless they are asked for."""
        if value.__class__ is int and decimals is None:
            return words.number(value, 0)
        if is_blank(value):
            return None
        amount = _number(value)
        if decimals is None:
            decimals = 0 if amount == int(amount) else 2
        if not 0 <= decimals <= 15:
            raise ValueError("number takes from 0 to 15 decimals")
        return words.number(amount, decimals)

    return number


def _date_filter(words: Wording) -> Filter:
    @lru_cache(1024)
    def written(iso: str) -> str:
        return words.date(datetime.fromisoformat(iso.strip()))

    def to_date(value: Any) -> str | None:
        """A date, an instant (in its own zone) or the ISO form of one, as "30 November 2024"; a month or a year as such."""
        if is_blank(value):
            return None
        if isinstance(value, str):
            return written(str(value))
        if isinstance(value, PartialDate):
            return words.partial_date(value)
        if not isinstance(value, date):
            raise TypeError("not a date")
        return words.date(value)

    return to_date


def filters(language: str) -> dict[str, Filter]:
    """Every filter of the format, by name, as a variant in `language` applies it."""
    words = wording(language)
    found: dict[str, Filter] = {
        "capitalize": capitalize,
        "date": _date_filter(words),
        "default": default,
        "first": first,
        "int": to_int,
        "join": join,
        "last": last,
        "length": length,
        "lower": lower,
        "number": _number_filter(words),
        "round": to_rounded,
        "title": title,
        "trim": trim,
        "truncate": truncate,
        "upper": upper,
    }
    assert found.keys() == FILTERS
    return found


def _number(value: Any) -> float:
    """A number, or a text that is one ("1200", "12.5"), finite."""
    number = float(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise TypeError("not a number")
    return number
